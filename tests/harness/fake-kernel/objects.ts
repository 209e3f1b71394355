// What the fake kernel keeps: memory objects, notifications, endpoints, other tasks; and the slots that name them.

import { End, pageBytes, Refusal, Resource, Right, slotCount, startupPage } from "../abi.ts";
import { defined } from "../defined.ts";
import type { FakeWriter } from "../fake-writer.ts";
import { type FoundEntry, readStartupPage } from "./startup-page.ts";
import { RUBBISH } from "./task-guest.ts";

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

/** A memory object of whole pages, all zeros. */
export class FakeVmo {
  readonly kind = "vmo";
  readonly size: number;
  /** Capabilities and mappings of other tasks. */
  heldByOthers = 0;
  private readonly unmapped: Uint8Array;
  /** The part that lies in the task's memory, and where. */
  private mapped: { readonly offset: number; readonly place: () => Uint8Array } | undefined;

  constructor(bytes: number) {
    this.size = Math.ceil(bytes / pageBytes) * pageBytes;
    this.unmapped = new Uint8Array(this.size);
  }

  /** An object that begins with these bytes. */
  static of(content: Uint8Array): FakeVmo {
    const vmo = new FakeVmo(content.length);
    vmo.content.set(content);
    return vmo;
  }

  /** The content, wherever it is now: to read, and to write as another task or a device would. */
  get content(): Uint8Array {
    const mapped = this.mapped?.place();
    if (mapped && mapped.length !== this.size) {
      throw new Error("the content is in two places, since a part of it is mapped");
    }
    return mapped ?? this.unmapped;
  }

  /** A copy of some of the content. */
  read(at: number, byteCount: number): Uint8Array {
    this.collect();
    return this.unmapped.slice(at, at + byteCount);
  }

  /** The content from `offset` on moves into the task's memory, as much as there is room at that place. */
  mapAt(offset: number, place: () => Uint8Array): void {
    if (this.mapped) {
      throw new Error("a memory object that is mapped twice is not faked");
    }
    const to = place();
    to.set(this.unmapped.subarray(offset, offset + to.length));
    this.mapped = { offset, place };
  }

  /** The content moves out again. It leaves rubbish behind, so that a use after the unmap is seen. */
  unmap(): void {
    this.collect();
    this.mapped?.place().fill(RUBBISH);
    this.mapped = undefined;
  }

  private collect(): void {
    if (this.mapped) {
      this.unmapped.set(this.mapped.place(), this.mapped.offset);
    }
  }
}

export class FakeNotification {
  readonly kind = "notification";
  bits = 0n;
  /** What the task under test has signalled, one after another. */
  readonly signals: bigint[] = [];
}

/** A message as its receiver gets it. */
export interface Message {
  readonly badge: number;
  readonly w0: bigint;
  readonly bytes: Uint8Array;
  /** The capability that comes along. */
  readonly slot?: Slot | undefined;
}

/** The memory object that comes along with a message, if one does. */
export function vmoIn({ slot }: Message): FakeVmo | undefined {
  return slot?.object instanceof FakeVmo ? slot.object : undefined;
}

/** An answer that takes a capability along. */
export interface AnswerWithSlot {
  readonly bytes: Uint8Array;
  readonly slot: Slot;
}

/** What takes an answer of the task under test, and the capability that comes along. */
type OnReply = (answer: Uint8Array, slot: Slot | undefined) => void;

export class FakeEndpoint {
  readonly kind = "endpoint";
  /** What a call of the task under test comes to: an answer, or the Refusal that the kernel would return. */
  answer: (message: Message) => Uint8Array | AnswerWithSlot | number = () => Refusal.TimedOut;
  /** Calls of others that the task under test will receive here, and where each answer goes. */
  readonly calls: { readonly message: Message; readonly onReply: OnReply }[] = [];
  /** The capability that came along with the last answer to `send`. */
  received: Slot | undefined;

  /** Another task calls. What is returned gives the answer: undefined as long as there is none. */
  send(message: Message): () => Uint8Array | undefined {
    let answer: Uint8Array | undefined;
    const onReply: OnReply = (bytes, slot) => {
      answer = bytes;
      this.received = slot;
    };
    this.calls.push({ message, onReply });
    return () => answer;
  }
}

/** Something that is mapped into a task. */
export interface Mapping {
  readonly address: number;
  readonly bytes: number;
  readonly rights: number;
  /** Undefined for the registers of a device. */
  readonly vmo: FakeVmo | undefined;
  /** Where in the memory object it begins. */
  readonly offset: number;
}

/** A task that the task under test has made. */
export class FakeTask {
  readonly kind = "task";
  readonly slots = new Slots();
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
  readonly job: FakeJob;

  constructor(taskClass: number, notification: FakeNotification, endBits: bigint, job: FakeJob) {
    this.job = job;
    job.tasks.push(this);
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
    if (!found?.vmo) {
      throw new Error(`${this.name} has nothing mapped at 0x${address.toString(16)}`);
    }
    return found.vmo.read(found.offset + address - found.address, length);
  }

  /** Its startup page: the argument, and the entries with the capabilities that they name. */
  startup(): {
    timebase: bigint;
    extensions: bigint;
    argument: string;
    entries: (Omit<FoundEntry, "slot"> & { slot: Slot | undefined })[];
  } {
    const { entries, ...page } = readStartupPage(this.at(startupPage, pageBytes));
    return {
      ...page,
      entries: entries.map((entry) => ({ ...entry, slot: this.slots.get(entry.slot) })),
    };
  }

  /** The capability under that role. */
  given(role: number): Slot | undefined {
    return this.startup().entries.find((entry) => entry.role === role)?.slot;
  }
}

/** A job: its limits by `Resource`, and the jobs and tasks in it. */
export class FakeJob {
  readonly kind = "job";
  readonly name: string;
  readonly limits: readonly number[];
  /** What jobs that were made from it hold. */
  private readonly charged: number[];
  private readonly jobs: FakeJob[] = [];
  readonly tasks: FakeTask[] = [];
  isEnded = false;
  /** What its tasks may use in each period, in microseconds. */
  time: { readonly budget: bigint; readonly period: bigint } | undefined;
  private readonly parent: FakeJob | undefined;
  /** How many there are from the first job to this one. */
  readonly depth: number;

  constructor(name: string, limits: readonly number[], parent?: FakeJob) {
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.limits = limits;
    this.charged = limits.map(() => 0);
  }

  /** A job with `limits` out of those of this one; undefined if there is not that much left. */
  divide(name: string, limits: readonly number[]): FakeJob | undefined {
    const job = new FakeJob(name, limits, this);
    if (this.isEnded || job.whole.some((amount, resource) => amount > this.left(resource))) {
      return undefined;
    }
    this.charge(job.whole, 1);
    this.jobs.push(job);
    return job;
  }

  /** What its parent is charged: its limits, and itself. */
  private get whole(): number[] {
    return this.limits.map((limit, resource) => limit + Number(resource === Resource.Jobs));
  }

  private charge(amounts: readonly number[], times: 1 | -1): void {
    for (const [resource, amount] of amounts.entries()) {
      this.charged[resource] = defined(this.charged[resource]) + times * amount;
    }
  }

  /** A task takes its message page, a root of its tables and two more of them. */
  get hasRoomForTask(): boolean {
    return this.left(Resource.Tasks) > 0 && this.hasRoomForVmo(4);
  }

  hasRoomForVmo(pages: number): boolean {
    return !this.isEnded && this.left(Resource.Vmos) > 0 && pages <= this.left(Resource.Pages);
  }

  left(resource: number): number {
    return defined(this.limits[resource]) - defined(this.charged[resource]);
  }

  /** Ends its tasks, and the jobs in it, and gives its limits back. */
  finish(): void {
    if (this.isEnded) {
      return;
    }
    this.isEnded = true;
    this.parent?.charge(this.whole, -1);
    for (const task of this.tasks) {
      if (task.state !== "ended") {
        task.finish(End.Killed, 0n);
      }
    }
    for (const job of this.jobs) {
      job.finish();
    }
  }
}

/** What a device of the test is to the kernel: its registers, its interrupt line, the memory that it reaches. */
export interface Hardware {
  /** What the guest's accesses go through, by the names in `intrinsics.ts`. */
  readonly intrinsics: Readonly<Record<string, (address: number, value: number) => unknown>>;
  /** Whether the guest's accesses to plain memory are to be seen by this device: its driver has it running. */
  readonly isRunning?: boolean;
  /** Whether the interrupt line is up. */
  readonly interrupts: boolean;
  /** Whether one of its registers is at this address of the guest's. */
  owns(address: number): boolean;
  /** Gives it the guest's memory. */
  plug?(memory: WebAssembly.Memory): void;
  /** What the kernel writes for its driver, if it uses memory. */
  readonly writer?: FakeWriter;
  /** The kernel acknowledges why it interrupts. */
  acknowledge?(bits: number): void;
  /** How many requests that it has not finished name memory in the window at this bus address. */
  usesOf?(start: bigint): number;
}

/** A device's registers, and its right to reach memory. */
export class FakeDevice {
  readonly kind = "device";
  /** Undefined where the test never uses it. */
  readonly hardware: Hardware | undefined;

  constructor(hardware?: Hardware) {
    this.hardware = hardware;
  }
}

/** A device's interrupt. */
export class FakeInterrupt {
  readonly kind = "interrupt";
  readonly hardware: Hardware | undefined;
  /** What it signals. */
  bound: { readonly notification: FakeNotification; readonly bits: bigint } | undefined;
  /** It was signalled, and its driver has not completed it. */
  isClaimed = false;
  completedCount = 0;

  constructor(hardware?: Hardware) {
    this.hardware = hardware;
  }
}

export type KernelObject =
  | FakeVmo
  | FakeNotification
  | FakeEndpoint
  | FakeTask
  | FakeJob
  | FakeDevice
  | FakeInterrupt
  | { readonly kind: "console" | "power" | "info" | "audit" };
type ObjectKind = KernelObject["kind"];
/** The object of a capability whose kind was checked. */
type Of<K extends ObjectKind> = Extract<KernelObject, { readonly kind: K }>;

/** A capability. */
export interface Slot {
  readonly object: KernelObject;
  readonly rights: number;
  readonly badge: number;
}

/** The capabilities of a task, judged as source/kernel/neuron/src/task/handles.ts does. */
export class Slots extends Map<number, Slot> {
  /** The lowest free slot; undefined if there is none. */
  get free(): number | undefined {
    for (let slot = 0; slot < slotCount; slot++) {
      if (!this.has(slot)) {
        return slot;
      }
    }
    return undefined;
  }

  /** The object in a slot that must have this kind and all of `rights`; otherwise the Refusal. */
  find<K extends ObjectKind>(slot: bigint, kind: K, rights: number): Of<K> | number {
    const found = this.get(Number(slot));
    if (!found) {
      return Refusal.BadSlot;
    }
    const { object } = found;
    if (!isKind(object, kind)) {
      return Refusal.WrongKind;
    }
    return (found.rights & rights) === rights ? object : Refusal.MissingRight;
  }

  /** The notification in a slot that these bits may be signalled to: a badge names all that it is good for. */
  findSignalled(slot: bigint, bits: bigint): FakeNotification | number {
    const found = this.find(slot, "notification", Right.Send);
    if (typeof found === "number") {
      return found;
    }
    const badge = BigInt(defined(this.get(Number(slot))).badge);
    const isMore = badge !== 0n && (bits & ~badge) !== 0n;
    return isMore ? Refusal.MissingRight : found;
  }
}

function isKind<K extends ObjectKind>(object: KernelObject, kind: K): object is Of<K> {
  return object.kind === kind;
}
