// The kernel as a task sees it that makes other tasks: slots with rights, memory objects, unborn tasks that are mapped
// into, granted to and started, notifications, endpoints whose other side is a function of the test.
//
// Everything is judged as the kernel would judge it (source/abi): a right that is missing, an overlap, a mapping that is
// writable and executable are refused. A memory object's bytes move into the guest's memory while it is mapped there and
// leave rubbish behind when it goes, so that a use after the unmap is seen. What a started task then does is up to the
// test (`onStart`).

import type { Guest, GuestOptions, guest } from "../harness/guest.ts";
import { End, forever, noSlot, notified, Refusal, Right, Syscall, self, slotCount } from "./abi.ts";
import { mapRefusal } from "./fake-mapping.ts";
import {
  FakeEndpoint,
  FakeNotification,
  FakeTask,
  FakeVmo,
  type KernelObject,
  type Mapping,
  type Slot,
  Stopped,
} from "./fake-objects.ts";
import { receivedInfo, type StartupEntry, TaskGuest } from "./task-guest.ts";

export * from "./abi.ts";
export * from "./fake-objects.ts";

/** One system call: its number, and its arguments. */
export interface Made {
  readonly number: number;
  readonly a: readonly bigint[];
}

export class FakeKernel {
  readonly console: string[] = [];
  readonly made: Made[] = [];
  readonly slots = new Map<number, Slot>();
  readonly tasks: FakeTask[] = [];
  readonly mappings = new Map<number, Mapping>();
  time = 1_000n;
  onStart: (task: FakeTask) => void = () => {};
  /** Asked before every system call; a number is what the kernel returns instead of doing it. */
  refuse: (made: Made) => number | undefined = () => undefined;
  /** What this kernel does not fake, by number: for one test. It may set results. */
  readonly extra = new Map<number, (a: readonly bigint[]) => number>();
  private started: TaskGuest | undefined;
  private bound = BigInt(noSlot);
  private nextToken = 0n;
  private readonly replies = new Map<bigint, (answer: Uint8Array) => void>();

  /** Compiles the guest, with its memory large enough for a task's whole address space. */
  static async start(entry: Parameters<typeof guest>[0], options: GuestOptions = {}): Promise<FakeKernel> {
    const kernel = new FakeKernel();
    kernel.started = await TaskGuest.start(entry, (number, a) => kernel.systemCall({ number, a }), options);
    return kernel;
  }

  /** The task under test. */
  get task(): TaskGuest {
    if (!this.started) {
      throw new Error("the guest was not started");
    }
    return this.started;
  }

  get guest(): Guest {
    return this.task.guest;
  }

  /** Calls an exported function: what it returned, or how the guest stopped in it. */
  run(name: string): number | Stopped {
    try {
      return this.guest.call(name);
    } catch (error) {
      if (error instanceof Stopped) {
        return error;
      }
      throw error;
    }
  }

  /** Puts an object into the lowest free slot. */
  insert(object: KernelObject, rights: number = Right.All, badge = 0): number {
    for (let slot = 0; slot < slotCount; slot++) {
      if (this.slots.has(slot)) {
        continue;
      }
      this.slots.set(slot, { object, rights, badge });
      return slot;
    }
    throw new Error("the table of slots is full");
  }

  /** Writes the startup page of the task under test. */
  writeStartup(argument: string, entries: readonly StartupEntry[]): void {
    this.task.writeStartup(argument, entries);
  }

  setResults(...words: readonly (bigint | number)[]): void {
    this.task.setResults(...words);
  }

  private systemCall(made: Made): number {
    this.made.push(made);
    return this.refuse(made) ?? this.dispatch(made);
  }

  private dispatch({ number, a }: Made): number {
    const extra = this.extra.get(number);
    if (extra) {
      return extra(a);
    }
    const [a0 = 0n, a1 = 0n, a2 = 0n] = a;
    switch (number) {
      case Syscall.Now:
        this.setResults(this.time, 0);
        return 0;
      case Syscall.Sleep:
        if (a0 > this.time) {
          this.time = a0;
        }
        return 0;
      case Syscall.Exit:
        throw new Stopped("exit", Number(BigInt.asIntN(32, a0)));
      case Syscall.Call:
        return this.call(a);
      case Syscall.Wait:
        return this.wait(a0, a1);
      case Syscall.Bind:
        this.bound = a0;
        return 0;
      case Syscall.Receive:
        return this.receive(a0, a1);
      case Syscall.Reply:
        this.replies.get(a0)?.(this.task.messageOf(a1));
        return this.replies.delete(a0) ? 0 : Refusal.NotWaiting;
      case Syscall.Create:
        this.setResults(this.insert(a0 === 2n ? new FakeEndpoint() : new FakeNotification()));
        return 0;
      case Syscall.Copy: {
        const from = this.slots.get(Number(a0));
        if (!from) {
          return Refusal.BadSlot;
        }
        if (a2 !== 0n && (from.rights & Right.Receive) === 0) {
          return Refusal.MissingRight;
        }
        this.setResults(this.insert(from.object, from.rights & Number(a1), Number(a2) || from.badge));
        return 0;
      }
      case Syscall.Drop:
        return this.slots.delete(Number(a0)) ? 0 : Refusal.BadSlot;
      case Syscall.CreateVmo:
        if (a0 === 0n) {
          return Refusal.BadArgument;
        }
        this.setResults(this.insert(new FakeVmo(Number(a0))));
        return 0;
      case Syscall.Map:
        return this.map(a);
      case Syscall.Unmap:
        return this.unmap(Number(a1));
      case Syscall.ConsoleWrite: {
        const text = new TextDecoder().decode(this.guest.get(Number(a1), Number(a2)));
        if (this.slots.get(Number(a0))?.object.kind !== "console") {
          return Refusal.BadSlot;
        }
        this.console.push(text);
        return 0;
      }
      case Syscall.PowerOff:
        if (this.slots.get(Number(a0))?.object.kind !== "power") {
          return Refusal.BadSlot;
        }
        throw new Stopped("power off");
      default:
        return this.dispatchTask(number, a);
    }
  }

  private dispatchTask(number: number, a: readonly bigint[]): number {
    const [a0 = 0n, a1 = 0n, a2 = 0n, a3 = 0n, a4 = 0n] = a;
    if (number === Syscall.CreateTask) {
      const notification = this.slots.get(Number(a1))?.object;
      if (!(notification instanceof FakeNotification)) {
        return Refusal.BadSlot;
      }
      const task = new FakeTask(Number(a0), notification, a2);
      this.tasks.push(task);
      this.setResults(this.insert(task));
      return 0;
    }
    const task = this.slots.get(Number(a0))?.object;
    if (!(task instanceof FakeTask)) {
      return Refusal.BadSlot;
    }
    if (number === Syscall.TaskStatus) {
      this.setResults(["unborn", "alive", "ended"].indexOf(task.state), task.end, task.detail);
      return 0;
    }
    if (number === Syscall.KillTask) {
      if (task.state === "ended") {
        return Refusal.BadState;
      }
      task.finish(End.Killed, 0n);
      return 0;
    }
    if (task.state !== "unborn") {
      return Refusal.BadState;
    }
    switch (number) {
      case Syscall.NameTask:
        task.name = nameOf(a1, a2);
        return 0;
      case Syscall.Grant: {
        const from = this.slots.get(Number(a1));
        if (!from || task.slots.has(Number(a4))) {
          return Refusal.BadSlot;
        }
        if ((from.rights & Right.Transfer) === 0) {
          return Refusal.MissingRight;
        }
        if (a3 !== 0n && (from.rights & Right.Receive) === 0) {
          return Refusal.MissingRight;
        }
        const rights = from.rights & Number(a2);
        task.slots.set(Number(a4), { object: from.object, rights, badge: Number(a3) || from.badge });
        return 0;
      }
      case Syscall.StartTask:
        task.state = "alive";
        task.entry = Number(a1);
        task.stackPointer = Number(a2);
        this.onStart(task);
        return 0;
      default:
        throw new Error(`system call ${number} is not faked`);
    }
  }

  private wait(slot: bigint, deadline: bigint): number {
    const notification = this.slots.get(Number(slot))?.object;
    if (!(notification instanceof FakeNotification)) {
      return Refusal.BadSlot;
    }
    if (notification.bits !== 0n) {
      this.setResults(notification.bits);
      notification.bits = 0n;
      return 0;
    }
    if (deadline === forever) {
      throw new Stopped("hang");
    }
    this.time = deadline;
    return Refusal.TimedOut;
  }

  /** What was called comes before what was signalled: either may be first on a real machine. */
  private receive(slot: bigint, deadline: bigint): number {
    const endpoint = this.slots.get(Number(slot))?.object;
    if (!(endpoint instanceof FakeEndpoint)) {
      return Refusal.BadSlot;
    }
    const next = endpoint.calls.shift();
    if (!next) {
      const status = this.wait(this.bound, deadline);
      if (status !== 0) {
        return status;
      }
      this.setResults(0, this.task.firstResult);
      return notified;
    }
    this.nextToken += 1n;
    this.replies.set(this.nextToken, next.onReply);
    const { badge, bytes, w0 } = next.message;
    this.task.setMessage(bytes);
    this.setResults(receivedInfo(bytes.length, badge), w0, 0, 0, 0, this.nextToken);
    return 0;
  }

  private call(a: readonly bigint[]): number {
    const [endpoint = 0n, info = 0n, w0 = 0n] = a;
    const slot = this.slots.get(Number(endpoint));
    if (!slot) {
      return Refusal.BadSlot;
    }
    if (!(slot.object instanceof FakeEndpoint)) {
      return Refusal.WrongKind;
    }
    if ((slot.rights & Right.Send) === 0) {
      return Refusal.MissingRight;
    }
    const travels = Number((info >> 16n) & 0xffn);
    const sent = travels === 0 ? undefined : this.slots.get(travels - 1)?.object;
    const bytes = this.task.messageOf(info);
    const vmo = sent instanceof FakeVmo ? sent : undefined;
    const answer = slot.object.answer({ badge: slot.badge, w0, bytes, vmo });
    if (typeof answer === "number") {
      return answer;
    }
    this.task.setMessage(answer);
    this.setResults(answer.length);
    return 0;
  }

  private map(a: readonly bigint[]): number {
    const [where = 0n, vmoSlot = 0n] = a;
    const [address = 0, offset = 0, bytes = 0, rights = 0] = a.slice(2).map(Number);
    const slot = this.slots.get(Number(vmoSlot));
    if (!slot) {
      return Refusal.BadSlot;
    }
    if (!(slot.object instanceof FakeVmo)) {
      return Refusal.WrongKind;
    }
    const mapping = { address, bytes, rights, vmo: slot.object };
    const task = where === self ? undefined : this.slots.get(Number(where))?.object;
    if (where !== self && !(task instanceof FakeTask)) {
      return Refusal.BadSlot;
    }
    const others = task instanceof FakeTask ? task.mappings : [...this.mappings.values()];
    const allowed = { rights: slot.rights, bytes: slot.object.bytes.length };
    const refusal = mapRefusal({ address, bytes, offset, rights }, allowed, others);
    if (refusal !== 0) {
      return refusal;
    }
    if (task instanceof FakeTask) {
      task.mappings.push(mapping);
    } else {
      this.mappings.set(address, mapping);
      this.guest.bytes().set(mapping.vmo.bytes.subarray(0, bytes), address);
    }
    return 0;
  }

  private unmap(address: number): number {
    const mapping = this.mappings.get(address);
    if (!mapping) {
      return Refusal.BadAddress;
    }
    if ((mapping.rights & Right.Write) !== 0) {
      mapping.vmo.bytes.set(this.guest.get(address, mapping.bytes));
    }
    this.guest.bytes().fill(0xee, address, address + mapping.bytes);
    this.mappings.delete(address);
    return 0;
  }
}

function nameOf(low: bigint, high: bigint): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, low, true);
  view.setBigUint64(8, high, true);
  return new TextDecoder().decode(bytes).replace(/\0+$/, "");
}
