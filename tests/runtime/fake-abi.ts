// The numbers of source/abi by which tests and their fake kernels name things. fake-abi.test.ts holds them against the
// sources.

export const pageBytes = 4096;
export const startupPage = 0x7e00_0000;
export const messagePage = 0x7f00_0000;
export const startupMagic = 0x4e52_5553;
export const timebase = 10_000_000n;
export const noSlot = 0xfffe;
export const self = 0xffffn;
export const notified = 1;
export const forever = 0xffff_ffff_ffff_ffffn;
export const slotCount = 64;
export const messageBytesMax = 4096;

export const Kind = {
  Task: 1,
  Endpoint: 2,
  Notification: 3,
  Vmo: 4,
  Console: 7,
  Info: 9,
  Harts: 11,
} as const;
export const Right = {
  Read: 1,
  Write: 2,
  Execute: 4,
  Send: 8,
  Receive: 16,
  Manage: 32,
  Transfer: 64,
  All: 127,
} as const;
export const Role = {
  Console: 1,
  Power: 2,
  Info: 3,
  Bundle: 4,
  VirtioDevice: 5,
  VirtioInterrupt: 6,
  Serve: 7,
  Starter: 8,
  BlockService: 9,
  PackageService: 10,
  Fixtures: 11,
  UartDevice: 12,
  UartInterrupt: 13,
  ConsoleOwner: 14,
  Audit: 15,
  Harts: 16,
  ConsoleService: 17,
  DeviceTree: 18,
  InitService: 19,
  ReadOnlyFile: 20,
  Foreground: 21,
} as const;
export const Refusal = {
  BadCall: -1,
  BadSlot: -2,
  WrongKind: -3,
  MissingRight: -4,
  BadArgument: -5,
  BadAddress: -6,
  TableFull: -7,
  NoMemory: -8,
  Overlap: -9,
  TimedOut: -10,
  PeerGone: -11,
  NotWaiting: -12,
  AlreadyBound: -13,
  HartOffline: -14,
  BadState: -15,
  TryAgain: -16,
} as const;
export const Syscall = {
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
  MapDevice: 25,
  BindInterrupt: 26,
  CompleteInterrupt: 27,
  Pin: 28,
  UnpinAll: 29,
  ConsoleWrite: 30,
  Information: 31,
  PowerOff: 32,
  ConsoleOwn: 33,
  ConsoleRead: 34,
  AuditRead: 35,
  AuditWrite: 36,
  StopHart: 37,
  RestartHart: 38,
  Unpin: 39,
} as const;
export const Class = { Driver: 0, Service: 1, App: 2, Background: 3 } as const;
export const Wait = {
  None: 0,
  Sending: 1,
  Receiving: 2,
  Replying: 3,
  Notified: 4,
  Sleeping: 5,
  Claimed: 6,
  Unborn: 7,
  Ended: 8,
} as const;
export const End = {
  None: 0,
  Exit: 1,
  Killed: 2,
  IllegalInstruction: 3,
  FloatingPoint: 4,
  InstructionFault: 5,
  LoadFault: 6,
  StoreFault: 7,
  Misaligned: 8,
  Breakpoint: 9,
  Unknown: 10,
} as const;
export const ExitCode = {
  Done: 0,
  Failed: 1,
  Unknown: 2,
  FirstBlockUnread: 64,
  DiskRefused: 65,
  NotMounted: 66,
  UartRefused: 67,
  CannotServe: 68,
  AskedToEnd: 69,
  AssertionFailed: 134,
} as const;
export const Audit = { ServiceRestarted: 6, ImageRefused: 7, DeviceFault: 8, ReadFailed: 9 } as const;
