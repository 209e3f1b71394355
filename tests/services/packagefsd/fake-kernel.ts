// The kernel as packagefsd sees it, for a service that runs as Wasm in this process: one address space, a table of
// slots, memory objects, a console that collects lines, endpoints whose other side is a function of the test.
//
//     test ──request──▶ Receive │ packagefsd │ Call ──▶ FakeEndpoint.answer      (a fake block service)
//     test ◀─answer── ReplyReceive           │
//
// A Receive with nothing to deliver throws `Idle` through the guest's frames: the service keeps its state in static
// memory, so the test calls its loop again with the next request. Everything is judged as the kernel would judge it:
// a slot of the wrong kind, a mapping that overlaps, a missing right are refused.

import type { Guest } from "../../harness/guest.ts";
import { pageBytes, Refusal, Right, Syscall } from "../../runtime/abi.ts";
import { mapRefusal, type Place } from "../../runtime/fake-mapping.ts";
import { receivedInfo, type StartupEntry, TaskGuest, type Words } from "../../runtime/task-guest.ts";

export { Refusal, Right, Role, TIMEBASE } from "../../runtime/abi.ts";

/** Thrown through the guest when it waits for a message and there is none. */
export class Idle extends Error {}

/** Thrown through the guest when it exits. */
export class Exited extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the service ended with ${code}`);
    this.code = code;
  }
}

/** What travels: the first word, the bytes of the message page, a capability. */
export interface Message {
  readonly w0: bigint;
  readonly bytes: Uint8Array;
  readonly slot?: Slot;
}

export class FakeVmo {
  readonly kind = "vmo";
  readonly size: number;
  private readonly backing: Uint8Array;
  private mappedAt = 0;
  private readonly kernel: FakeKernel;

  constructor(kernel: FakeKernel, size: number) {
    this.kernel = kernel;
    this.size = Math.ceil(size / pageBytes) * pageBytes;
    this.backing = new Uint8Array(this.size);
  }

  /** The content, wherever it is now: to read, and to write as another task or a device would. */
  get content(): Uint8Array {
    if (this.mappedAt === 0) {
      return this.backing;
    }
    return this.kernel.memory.subarray(this.mappedAt, this.mappedAt + this.size);
  }

  mapAt(address: number): void {
    this.kernel.memory.set(this.backing, address);
    this.mappedAt = address;
  }

  /** Leaves rubbish behind, so that a use after the unmap is seen. */
  unmap(): void {
    const content = this.content;
    this.backing.set(content);
    content.fill(0xee);
    this.mappedAt = 0;
  }
}

export interface FakeEndpoint {
  readonly kind: "endpoint";
  /** What a call comes to: an answer, or the Refusal that the kernel would return. */
  answer(message: Message): Message | number;
}

export type KernelObject =
  | FakeVmo
  | FakeEndpoint
  | { readonly kind: "serve" | "notification" | "console" | "audit" };
export interface Slot {
  readonly object: KernelObject;
  readonly rights: number;
}

/** An entry of the startup page, and the capability that it speaks of. */
type Given = Omit<StartupEntry, "slot"> & { readonly slot: Slot };

interface Mapping extends Place {
  readonly vmo: FakeVmo;
}

/** An answer of the service: its two words and what it wrote to the message page. */
export interface Answer {
  readonly w0: bigint;
  readonly w1: bigint;
  readonly bytes: Uint8Array;
}

export class FakeKernel {
  readonly console: string[] = [];
  readonly signals: bigint[] = [];
  /** What was added to the audit trail: kind and the two words. */
  readonly audit: (readonly [kind: number, word0: number, word1: number])[] = [];
  /** The deadlines of all calls that were made, relative to the time of the call, in ticks. */
  readonly callDeadlines: bigint[] = [];
  time = 1_000n;
  readonly slots = new Map<number, Slot>();
  private readonly mappings = new Map<number, Mapping>();
  private started: TaskGuest | undefined;
  private pending: { readonly message: Message; readonly badge: number } | undefined;
  private answered: Answer | undefined;
  private nextSlot = 20;

  /** Compiles the service and gives it its startup page. `roles` are put into slots of their own. */
  static async start(text: string, roles: (kernel: FakeKernel) => readonly Given[]): Promise<FakeKernel> {
    const kernel = new FakeKernel();
    kernel.started = await TaskGuest.start({ text }, (number, a) => kernel.dispatch(number, a));
    const entries = roles(kernel).map((given) => ({ ...given, slot: kernel.insert(given.slot) }));
    kernel.task.writeStartup("", entries);
    return kernel;
  }

  get memory(): Uint8Array {
    return this.running.bytes();
  }

  private get task(): TaskGuest {
    if (!this.started) {
      throw new Error("the guest was not started");
    }
    return this.started;
  }

  get running(): Guest {
    return this.task.guest;
  }

  /** Puts an object into a free slot. */
  insert(slot: Slot): number {
    const number = this.nextSlot++;
    this.slots.set(number, slot);
    return number;
  }

  /** Runs `main`: what it returned, or undefined if it waits for its first request. */
  boot(): number | undefined {
    return this.untilIdle("main");
  }

  /** Sends one request to the service and gives its answer. */
  request(badge: number, message: Message): Answer {
    this.pending = { message, badge };
    this.answered = undefined;
    this.untilIdle("serveAgain");
    if (!this.answered) {
      throw new Error("the service waits again and has not answered");
    }
    return this.answered;
  }

  private untilIdle(name: string): number | undefined {
    try {
      return this.running.call(name);
    } catch (error) {
      if (error instanceof Idle) {
        return undefined;
      }
      throw error;
    }
  }

  private dispatch(number: number, a: Words): number {
    switch (number) {
      case Syscall.Sleep:
        if (a[0] > this.time) {
          this.time = a[0];
        }
        return 0;
      case Syscall.Now:
        this.task.setResults(this.time, 0n);
        return 0;
      case Syscall.Exit:
        throw new Exited(Number(BigInt.asIntN(32, a[0])));
      case Syscall.Call:
        return this.call(Number(a[0]), a[1], a[2], a[6]);
      case Syscall.Receive:
        return this.deliver();
      case Syscall.ReplyReceive:
        this.answered = { w0: a[2], w1: a[3], bytes: this.task.messageOf(a[1]) };
        return this.deliver();
      case Syscall.Signal:
        this.signals.push(a[1]);
        return 0;
      case Syscall.Drop:
        return this.slots.delete(Number(a[0])) ? 0 : Refusal.BadSlot;
      case Syscall.CreateVmo:
        this.task.setResults(
          BigInt(this.insert({ object: new FakeVmo(this, Number(a[0])), rights: Right.All })),
        );
        return 0;
      case Syscall.Map:
        return this.map(Number(a[1]), Number(a[2]), Number(a[3]), Number(a[4]), Number(a[5]));
      case Syscall.Unmap:
        return this.unmap(Number(a[1]));
      case Syscall.VmoSize: {
        const slot = this.slots.get(Number(a[0]));
        if (!slot) {
          return Refusal.BadSlot;
        }
        if (slot.object.kind !== "vmo") {
          return Refusal.WrongKind;
        }
        this.task.setResults(BigInt(slot.object.size));
        return 0;
      }
      case Syscall.ConsoleWrite:
        this.console.push(
          new TextDecoder().decode(this.running.get(Number(a[1]), Number(a[2]))).replace(/\n$/, ""),
        );
        return 0;
      case Syscall.AuditWrite: {
        const slot = this.slots.get(Number(a[0]));
        if (slot?.object.kind !== "audit" || (slot.rights & Right.Write) === 0) {
          return Refusal.MissingRight;
        }
        this.audit.push([Number(a[1]), Number(a[2]), Number(a[3])]);
        return 0;
      }
      default:
        throw new Error(`the service made system call ${number}, which this kernel does not fake`);
    }
  }

  private map(vmoSlot: number, address: number, offset: number, bytes: number, rights: number): number {
    const slot = this.slots.get(vmoSlot);
    if (!slot) {
      return Refusal.BadSlot;
    }
    if (slot.object.kind !== "vmo") {
      return Refusal.WrongKind;
    }
    const allowed = { rights: slot.rights, bytes: slot.object.size };
    const refusal = mapRefusal({ address, bytes, offset, rights }, allowed, this.mappings.values());
    if (refusal !== 0) {
      return refusal;
    }
    this.mappings.set(address, { vmo: slot.object, address, bytes });
    slot.object.mapAt(address);
    return 0;
  }

  private unmap(address: number): number {
    const mapping = this.mappings.get(address);
    if (!mapping) {
      return Refusal.BadAddress;
    }
    mapping.vmo.unmap();
    this.mappings.delete(address);
    return 0;
  }

  private call(endpoint: number, info: bigint, w0: bigint, deadline: bigint): number {
    const slot = this.slots.get(endpoint);
    if (!slot) {
      return Refusal.BadSlot;
    }
    if (slot.object.kind !== "endpoint") {
      return Refusal.WrongKind;
    }
    this.callDeadlines.push(deadline - this.time);
    const travels = Number((info >> 16n) & 0xffn);
    const sent = travels === 0 ? undefined : this.slots.get(travels - 1);
    if (travels !== 0 && !sent) {
      return Refusal.BadSlot;
    }
    const rights = Number((info >> 24n) & 0xffn);
    const message = { w0, bytes: this.task.messageOf(info) };
    const answer = slot.object.answer(
      sent ? { ...message, slot: { object: sent.object, rights: sent.rights & rights } } : message,
    );
    this.task.spoilMessage();
    if (typeof answer === "number") {
      return answer;
    }
    this.task.setMessage(answer.bytes);
    this.task.setResults(BigInt(answer.bytes.length), answer.w0);
    return 0;
  }

  private deliver(): number {
    const pending = this.pending;
    if (!pending) {
      throw new Idle();
    }
    this.pending = undefined;
    const { message, badge } = pending;
    const slot = message.slot && this.insert(message.slot);
    this.task.setMessage(message.bytes);
    this.task.setResults(receivedInfo(message.bytes.length, badge, slot), message.w0, 0n, 0n, 0n, 77n);
    return 0;
  }
}
