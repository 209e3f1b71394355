// The numbers of the ABI that tests name, as they stand in source/abi.

/** The system calls, held against source/abi by tests/runtime/fake-abi.test.ts. */
export { Syscall as sys } from "../runtime/fake-abi.ts";

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
