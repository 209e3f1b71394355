// The kernel as a task under test sees it, in this process: slots with rights, memory objects, messages, notifications,
// tasks that it makes, a console that collects its lines, and the devices that the test gives it. The task is Wasm
// (task-guest.ts), and everything that it speaks to is a function of the test.
//
//     test ──send──▶ Receive │      │ Call ──▶ FakeEndpoint.answer
//     test ◀─answer─── Reply │ task │ Signal ──▶ FakeNotification
//                            │      │ StartTask ──▶ onStart
//
// Everything is judged as the kernel would judge it: a slot of the wrong kind, a right that is missing, a mapping that
// overlaps are refused; tests/kernel/fake asks both the same. A system call that no part fakes throws. A task that
// waits for what does not come stops, by an exception through its frames. It keeps its state in static memory, so a test
// can call it again: a service's loop goes on with the next request.

import { auditFirstOfServices, auditKindCount, Refusal, Right, Syscall } from "../abi.ts";
import type { Guest, GuestOptions, guest } from "../guest.ts";
import { capabilityCalls } from "./capabilities.ts";
import { FakeConsole } from "./console.ts";
import type { Core, SystemCalls } from "./core.ts";
import { FakeDevices } from "./devices.ts";
import { everything, FakeJobs } from "./jobs.ts";
import { FakeMemory } from "./memory.ts";
import { FakeMessages, type Waiting } from "./messages.ts";
import {
  type FakeJob,
  type FakeTask,
  type Hardware,
  type KernelObject,
  type Mapping,
  Slots,
  Stopped,
} from "./objects.ts";
import type { StartupEntry } from "./startup-page.ts";
import { TaskGuest, type Words } from "./task-guest.ts";
import { FakeTasks } from "./tasks.ts";

export * from "../abi.ts";
export * from "./objects.ts";

/** One system call: its number, its arguments, and when it was made. */
export interface Made {
  readonly number: number;
  readonly a: Words;
  readonly time: bigint;
}

export interface KernelOptions extends GuestOptions {
  /** The devices of the task under test. */
  readonly hardware?: readonly Hardware[];
}

/** A record of the audit trail: its kind, and its two words. */
export type AuditRecord = readonly [kind: number, word0: bigint, word1: bigint];

export class FakeKernel implements Core {
  readonly audit: AuditRecord[] = [];
  /** Every system call. */
  readonly made: Made[] = [];
  readonly slots = new Slots();
  readonly job = everything();
  time = 1_000n;
  /** Asked before every system call; a number is what the kernel returns instead of doing it. */
  refuse: (made: Made) => number | undefined = () => undefined;
  /** What this kernel does not fake, by number: for one test. It may set results; undefined: what is faked. */
  readonly extra = new Map<number, (a: Words) => number | undefined>();
  private started: TaskGuest | undefined;
  private readonly memory = new FakeMemory(this);
  private readonly messages = new FakeMessages(this);
  private readonly others = new FakeTasks(this);
  private readonly divided = new FakeJobs(this);
  private readonly printer = new FakeConsole(this);
  readonly devices: FakeDevices;
  private readonly calls: SystemCalls;

  /** Compiles the guest, with its memory large enough for a task's whole address space. */
  static async start(entry: Parameters<typeof guest>[0], options: KernelOptions = {}): Promise<FakeKernel> {
    const { hardware = [], imports, flags = [] } = options;
    const kernel = new FakeKernel(hardware);
    const systemCall = (number: number, a: Words): number => kernel.systemCall(number, a);
    kernel.started = await TaskGuest.start(entry, systemCall, {
      imports: { intrinsics: kernel.devices.intrinsics(), ...imports },
      flags,
    });
    for (const device of hardware) {
      device.plug?.(kernel.guest.memory);
    }
    return kernel;
  }

  private constructor(hardware: readonly Hardware[]) {
    this.devices = new FakeDevices(this, this.memory, hardware);
    this.calls = {
      ...capabilityCalls(this),
      ...this.memory.calls,
      ...this.messages.calls,
      ...this.others.calls,
      ...this.divided.calls,
      ...this.printer.calls,
      ...this.devices.calls,
      ...this.ownCalls(),
    };
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

  /** The tasks that the task under test has made. */
  get tasks(): FakeTask[] {
    return this.others.made;
  }

  /** The jobs that it has made. */
  get jobs(): FakeJob[] {
    return this.divided.made;
  }

  /** What is mapped into the task under test, by address. */
  get mappings(): Map<number, Mapping> {
    return this.memory.mappings;
  }

  /** What the task has written to the console, call by call. */
  get console(): string[] {
    return this.printer.written;
  }

  /** The same, each without the line feed at its end. */
  get lines(): string[] {
    return this.console.map((text) => text.replace(/\n$/, ""));
  }

  /** What a task does that was started. */
  set onStart(act: (task: FakeTask) => void) {
    this.others.onStart = act;
  }

  /** The tasks that wait for an answer end: no token is good any more. */
  endCallers(): void {
    this.messages.endCallers();
  }

  /** What happens elsewhere while the task waits (messages.ts). */
  set onIdle(act: (waiting: Waiting) => void) {
    this.messages.onIdle = act;
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

  /** Calls an exported function of a service: what it returned, or undefined if it waits for what the test sends next. */
  untilIdle(name: string): number | undefined {
    const end = this.run(name);
    if (end instanceof Stopped && end.why !== "hang") {
      throw end;
    }
    return end instanceof Stopped ? undefined : end;
  }

  /** Puts an object into the lowest free slot. */
  insert(object: KernelObject, rights: number = Right.All, badge = 0): number {
    const slot = this.slots.free;
    if (slot === undefined) {
      throw new Error("the table of slots is full");
    }
    this.slots.set(slot, { object, rights, badge });
    return slot;
  }

  /** The kernel and other tasks print, and the task under test owns the console. */
  print(text: string): void {
    this.printer.print(new TextEncoder().encode(text));
  }

  /** How much of that the task has not taken yet. */
  get keptBytes(): number {
    return this.printer.keptBytes;
  }

  /** Whether a signal waits for the task to receive it. */
  get isSignalled(): boolean {
    return this.messages.isSignalled;
  }

  /** Writes the startup page of the task under test. */
  writeStartup(argument: string, entries: readonly StartupEntry[]): void {
    this.task.writeStartup(argument, entries);
  }

  setResults(...words: readonly (bigint | number)[]): void {
    this.task.setResults(...words);
  }

  private systemCall(number: number, a: Words): number {
    const made = { number, a, time: this.time };
    this.made.push(made);
    // Where a call gives nothing, the task finds its own arguments, and no result of an earlier call.
    this.task.setResults(...a.slice(1));
    return this.refuse(made) ?? this.dispatch(made);
  }

  private dispatch({ number, a }: Made): number {
    const extra = this.extra.get(number)?.(a);
    if (extra !== undefined) {
      return extra;
    }
    const call = this.calls[number];
    if (!call) {
      throw new Error(`system call ${number} is not faked`);
    }
    return call(...a);
  }

  private ownCalls(): SystemCalls {
    return {
      [Syscall.Now]: () => this.task.setResults(this.time, 0),
      [Syscall.Sleep]: (deadline) => {
        if (deadline > this.time) {
          this.time = deadline;
        }
        return 0;
      },
      [Syscall.Exit]: (code) => {
        throw new Stopped("exit", Number(BigInt.asIntN(32, code)));
      },
      [Syscall.PowerOff]: (slot) => {
        const power = this.slots.find(slot, "power", Right.Manage);
        if (typeof power === "number") {
          return power;
        }
        throw new Stopped("power off");
      },
      [Syscall.AuditWrite]: (slot, kind, word0, word1) => {
        const found = this.slots.find(slot, "audit", Right.Write);
        if (typeof found === "number") {
          return found;
        }
        // The kernel's kinds are the kernel's.
        if (kind < auditFirstOfServices || kind >= auditKindCount) {
          return Refusal.BadArgument;
        }
        this.audit.push([Number(kind), word0, word1]);
        return 0;
      },
    };
  }
}
