// What the fake kernel (fake-kernel.ts) keeps: memory objects, notifications, endpoints, tasks, and the numbers of
// source/abi by which guests name them.

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
} as const;
export const Refusal = {
  BadSlot: -2,
  WrongKind: -3,
  MissingRight: -4,
  BadArgument: -5,
  BadAddress: -6,
  NoMemory: -8,
  Overlap: -9,
  TimedOut: -10,
  PeerGone: -11,
  NotWaiting: -12,
  HartOffline: -14,
  BadState: -15,
  TryAgain: -16,
} as const;
export const Syscall = {
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
  CreateTask: 20,
  NameTask: 21,
  StartTask: 22,
  TaskStatus: 23,
  KillTask: 24,
  ConsoleWrite: 30,
  Information: 31,
  PowerOff: 32,
} as const;
export const End = { None: 0, Exit: 1, Killed: 2, LoadFault: 6 } as const;

/** Thrown through the guest's frames when the machine is turned off, the task exits, or it would wait for ever. */
export class Stopped extends Error {
  readonly why: "power off" | "exit" | "hang";
  readonly code: number;
  constructor(why: Stopped["why"], code = 0) {
    super(`the guest stopped: ${why} ${code}`);
    this.why = why;
    this.code = code;
  }
}

export class FakeVmo {
  readonly kind = "vmo";
  readonly bytes: Uint8Array;
  constructor(size: number) {
    this.bytes = new Uint8Array(Math.ceil(size / pageBytes) * pageBytes);
  }
}
export class FakeNotification {
  readonly kind = "notification";
  bits = 0n;
}
/** A message as its receiver gets it. */
export interface Message {
  readonly badge: number;
  readonly w0: bigint;
  readonly bytes: Uint8Array;
  readonly vmo: FakeVmo | undefined;
}
export class FakeEndpoint {
  readonly kind = "endpoint";
  /** What a call of the task under test comes to. */
  answer: (message: Message) => Uint8Array | number = () => Refusal.TimedOut;
  /** Calls of others that the task under test will receive here, and where each answer goes. */
  readonly calls: { readonly message: Message; readonly onReply: (answer: Uint8Array) => void }[] = [];
}
export interface Mapping {
  readonly address: number;
  readonly bytes: number;
  readonly rights: number;
  readonly vmo: FakeVmo;
}
export class FakeTask {
  readonly kind = "task";
  readonly slots = new Map<number, Slot>();
  readonly mappings: Mapping[] = [];
  name = "";
  state: "unborn" | "alive" | "ended" = "unborn";
  entry = 0;
  stackPointer = 0;
  end: number = End.None;
  detail = 0n;
  readonly taskClass: number;
  readonly notification: FakeNotification;
  readonly endBits: bigint;

  constructor(taskClass: number, notification: FakeNotification, endBits: bigint) {
    this.taskClass = taskClass;
    this.notification = notification;
    this.endBits = endBits;
  }

  /** Ends, and tells whoever asked to be told. */
  finish(end: number, detail: bigint): void {
    this.state = "ended";
    this.end = end;
    this.detail = detail;
    this.notification.bits |= this.endBits;
  }

  /** What the task finds at an address of its own. */
  at(address: number, length: number): Uint8Array {
    const found = this.mappings.find((one) => address >= one.address && address < one.address + one.bytes);
    if (!found) throw new Error(`${this.name} has nothing mapped at 0x${address.toString(16)}`);
    return found.vmo.bytes.slice(address - found.address, address - found.address + length);
  }

  /** Its startup page: the argument, and the entries with the capabilities that they name. */
  startup(): {
    timebase: bigint;
    argument: string;
    entries: {
      role: number;
      slot: Slot | undefined;
      base: bigint;
      size: bigint;
      irq: number;
      instance: number;
    }[];
  } {
    const page = this.at(startupPage, pageBytes);
    const view = new DataView(page.buffer);
    if (view.getUint32(0, true) !== startupMagic) throw new Error("a startup page with another magic");
    const entries = Array.from({ length: view.getUint32(4, true) }, (_, index) => {
      const at = 144 + index * 32;
      return {
        role: view.getUint32(at, true),
        slot: this.slots.get(view.getUint32(at + 4, true)),
        base: view.getBigUint64(at + 8, true),
        size: view.getBigUint64(at + 16, true),
        irq: view.getUint32(at + 24, true),
        instance: view.getUint32(at + 28, true),
      };
    });
    const argument = new TextDecoder().decode(page.subarray(16, 144)).replace(/\0+$/, "");
    return { timebase: view.getBigUint64(8, true), argument, entries };
  }

  /** The capability under that role. */
  given(role: number): Slot | undefined {
    return this.startup().entries.find((entry) => entry.role === role)?.slot;
  }
}

export type KernelObject =
  | FakeVmo
  | FakeNotification
  | FakeEndpoint
  | FakeTask
  | { readonly kind: "console" | "power" | "info" | "device" | "interrupt" | "audit" };
export interface Slot {
  readonly object: KernelObject;
  readonly rights: number;
  readonly badge: number;
}
