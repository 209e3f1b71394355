// A run: a machine, its console so far, and its events: what came to it from outside, each with the instruction count at
// which it came. The same settings and the same events give the same run. So a run can be recorded (recording.ts),
// replayed, and taken back to an earlier moment.
//
//     clock ──▶ 0 ─────── event ──────────── event ──────── now
//               └ snapshot      └ snapshot
//
// Nothing here is Node's.

import { EmbeddedMachine, type MachineSettings, type RunState } from "./machine.ts";
import type { Chassis } from "./module.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import type { TraceEvent } from "./trace.ts";

/** Something that came from outside when the clock stood at `at`. */
export type RunEvent =
  /** A byte for the console. */
  | { at: bigint; input: number }
  /** From then on the harts' turns are drawn from another seed. */
  | { at: bigint; seed: bigint }
  /** A debugger wrote a register of a hart: x0 to x31, or pc as number 32. */
  | { at: bigint; hart: number; register: number; value: bigint }
  /** A debugger wrote physical memory. */
  | { at: bigint; address: number; bytes: Uint8Array };

/** The number of the program counter among the registers. */
export const PC_REGISTER = 32;

/** A moment to which a run can go back. */
export interface Moment {
  state: Snapshot;
  consoleLength: number;
  eventsApplied: number;
}

/** Why `advanceTo` returned: as the machine says, or because `onByte` or `onAllWait` asked for a stop. */
export type AdvanceState = RunState | "stopped";

const CONSOLE_START_BYTES = 16_384;

export class Run {
  readonly machine: EmbeddedMachine;
  readonly events: RunEvent[];
  /** Called for each byte on the console. Returns true to stop the run. */
  onByte: ((byte: number) => boolean) | undefined;
  /** Called when every hart waits and time is about to be skipped. It may look, and may ask for a stop. */
  onAllWait: (() => void) | undefined;
  private onEvent: ((event: TraceEvent) => void) | undefined;
  private console = new Uint8Array(CONSOLE_START_BYTES);
  private consoleLength = 0;
  private consoleGiven = 0;
  private eventsApplied = 0;
  private stopAsked = false;

  /** @param events what comes from outside, in the order of the clock. `input`, `reseed` and writes add more */
  constructor(
    module: WebAssembly.Module | Chassis,
    settings: MachineSettings,
    events: readonly RunEvent[] = [],
  ) {
    this.events = [...events];
    this.machine = new EmbeddedMachine(module, settings, (byte) => this.take(byte), {
      allWait: () => this.onAllWait?.(),
      traceEvent: (kind, hart, clock, first, second) =>
        this.onEvent?.({
          kind,
          hart,
          clock,
          first: BigInt.asUintN(64, first),
          second: BigInt.asUintN(64, second),
        }),
    });
  }

  /** Instructions so far, plus the time that was skipped while every hart waited. */
  get clock(): bigint {
    return this.machine.core.clock();
  }

  /** Every byte that was on the console. */
  get consoleBytes(): Uint8Array {
    return this.console.subarray(0, this.consoleLength);
  }

  /** The bytes that came to the console since the last call. A stretch that runs again gives no new bytes. */
  newBytes(): Uint8Array {
    const bytes = this.console.slice(this.consoleGiven, this.consoleLength);
    this.consoleGiven = Math.max(this.consoleGiven, this.consoleLength);
    return bytes;
  }

  /** Goes on until the clock has reached `target`, or something stops it before. */
  advanceTo(target: bigint): AdvanceState {
    this.stopAsked = false;
    for (;;) {
      this.applyEvents();
      if (this.clock >= target) {
        return "running";
      }
      const next = this.events[this.eventsApplied]?.at ?? target;
      const state = this.machine.run((next < target ? next : target) - this.clock);
      if (this.stopAsked) {
        return "stopped";
      }
      // If every hart waits for ever, an event that is due now may wake one.
      const isDue = (this.events[this.eventsApplied]?.at ?? target) <= this.clock;
      if (state === "running" || (state === "stuck" && isDue)) {
        continue;
      }
      // At this moment the run has all events up to now, whether it came here forwards or backwards.
      this.applyEvents();
      return state;
    }
  }

  /** Sends a byte to the console now, and notes it as an event. False if too many bytes wait for the guest already. */
  input(byte: number): boolean {
    if (!this.machine.input(byte)) {
      return false;
    }
    this.note({ at: this.clock, input: byte });
    return true;
  }

  /** Draws the turns from another seed from now on, and notes that as an event. */
  reseed(seed: bigint): void {
    this.machine.core.seedInterleave(seed);
    this.note({ at: this.clock, seed });
  }

  /** Writes a register of a hart now (x0 to x31, or 32 for pc), and notes that as an event. */
  writeRegister(hart: number, register: number, value: bigint): void {
    const event = { at: this.clock, hart, register, value };
    this.perform(event);
    this.note(event);
  }

  /** Writes physical memory now, and notes that as an event. @throws RangeError outside RAM */
  writeMemory(address: number, bytes: Uint8Array): void {
    const event = { at: this.clock, address, bytes: bytes.slice() };
    this.perform(event);
    this.note(event);
  }

  /** Whether the run has gone back to before one of its events. */
  get hasEventsAhead(): boolean {
    return this.eventsApplied < this.events.length;
  }

  /** Called from `onByte` or `onAllWait`: makes `advanceTo` return soon. */
  askForStop(): void {
    this.stopAsked = true;
    this.machine.core.requestStop();
  }

  /** Sets the listener of trace events. Undefined turns the trace off. */
  listen(onEvent: ((event: TraceEvent) => void) | undefined): void {
    this.onEvent = onEvent;
    this.machine.core.setTrace(onEvent === undefined ? 0 : 1);
  }

  /** This moment, for `goTo`. */
  moment(earlier?: Moment): Moment {
    const state = takeSnapshot(this.machine.core, earlier?.state);
    return { state, consoleLength: this.consoleLength, eventsApplied: this.eventsApplied };
  }

  /** Goes to a moment of this run, earlier or later. Events after it will come again. */
  goTo(moment: Moment): void {
    const { core } = this.machine;
    restoreSnapshot(core, moment.state);
    // The snapshot has the debugger's breakpoints and watchpoints of that moment too.
    if (core.hasBreakpoints() !== 0) {
      core.clearBreakpoints();
    }
    if (core.isObserving() !== 0) {
      core.clearWatchpoints();
    }
    this.consoleLength = moment.consoleLength;
    this.eventsApplied = moment.eventsApplied;
  }

  private note(event: RunEvent): void {
    // A new event replaces all later ones, and the console's output after it.
    this.events.length = this.eventsApplied;
    this.consoleGiven = Math.min(this.consoleGiven, this.consoleLength);
    this.events.push(event);
    this.eventsApplied += 1;
  }

  private applyEvents(): void {
    for (;;) {
      const event = this.events[this.eventsApplied];
      if (event === undefined || event.at > this.clock) {
        return;
      }
      this.eventsApplied += 1;
      this.perform(event);
    }
  }

  private perform(event: RunEvent): void {
    const { core } = this.machine;
    if ("input" in event) {
      this.machine.input(event.input);
    } else if ("seed" in event) {
      core.seedInterleave(event.seed);
    } else if ("bytes" in event) {
      this.machine.writeMemory(event.address, event.bytes);
    } else if (event.register === PC_REGISTER) {
      core.setHartPc(event.hart, event.value);
    } else {
      core.writeRegister(event.hart, event.register, event.value);
    }
  }

  private take(byte: number): void {
    if (this.consoleLength === this.console.length) {
      const larger = new Uint8Array(this.console.length * 2);
      larger.set(this.console);
      this.console = larger;
    }
    this.console[this.consoleLength] = byte;
    this.consoleLength += 1;
    if (this.onByte?.(byte) === true) {
      this.askForStop();
    }
  }
}
