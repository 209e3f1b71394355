// The numbers of the ABI that tests name, as they stand in source/abi.

/** Numbers of system calls and the like that tests name (source/abi). */
export const sys = {
  Yield: 0,
  YieldTo: 1,
  Sleep: 2,
  Now: 3,
  Exit: 4,
  Call: 5,
  Receive: 6,
  Reply: 7,
  ReplyReceive: 8,
  Signal: 9,
  Wait: 10,
  Bind: 11,
  Create: 12,
  Copy: 13,
  Drop: 14,
  Grant: 15,
  CreateVmo: 16,
  Map: 17,
  Unmap: 18,
  VmoSize: 19,
  CreateTask: 20,
  NameTask: 21,
  StartTask: 22,
  TaskStatus: 23,
  KillTask: 24,
  ConsoleWrite: 30,
  StopHart: 37,
  RestartHart: 38,
} as const;

export const refusal = {
  badCall: -1,
  badSlot: -2,
  wrongKind: -3,
  missingRight: -4,
  badArgument: -5,
  badAddress: -6,
  tableFull: -7,
  noMemory: -8,
  overlap: -9,
  timedOut: -10,
  peerGone: -11,
  notWaiting: -12,
  alreadyBound: -13,
  hartOffline: -14,
  badState: -15,
} as const;

export const kind = { task: 1, endpoint: 2, notification: 3, vmo: 4, console: 7, harts: 11 } as const;
export const right = {
  read: 1,
  write: 2,
  execute: 4,
  send: 8,
  receive: 16,
  manage: 32,
  transfer: 64,
  all: 127,
} as const;
export const wait = {
  none: 0,
  sending: 1,
  receiving: 2,
  replying: 3,
  notified: 4,
  sleeping: 5,
  claimed: 6,
  unborn: 7,
  ended: 8,
} as const;
export const self = 0xffffn;
export const forever = 0xffff_ffff_ffff_ffffn;
