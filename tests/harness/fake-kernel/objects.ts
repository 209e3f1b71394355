// What the fake kernel (fake-kernel.ts) keeps: memory objects, notifications, endpoints, tasks.

import { End, pageBytes, Refusal, startupMagic, startupPage } from "./abi.ts";

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

  /** Ends, and tells the task that asked to be told. */
  finish(end: number, detail: bigint): void {
    this.state = "ended";
    this.end = end;
    this.detail = detail;
    this.notification.bits |= this.endBits;
  }

  /** What the task finds at an address of its own. */
  at(address: number, length: number): Uint8Array {
    const found = this.mappings.find((one) => address >= one.address && address < one.address + one.bytes);
    if (!found) {
      throw new Error(`${this.name} has nothing mapped at 0x${address.toString(16)}`);
    }
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
    if (view.getUint32(0, true) !== startupMagic) {
      throw new Error("a startup page with another magic");
    }
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
