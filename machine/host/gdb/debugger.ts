// A machine under a debugger: harts as threads, breakpoints, steps forward and backward.
//
// To go back, the debugger restores an earlier moment and goes forward from there (timeline.ts). To find the last breakpoint
// before now, it runs each stretch between two moments again, the latest first. To find the instruction before this one, it
// halves the distance until one instruction is left.
//
// A run is live or a recording. The only difference is where its events come from. A live run takes typed bytes only in the
// present, that is as far as it ever went, so its past does not change. Reads by the debugger change nothing. A write makes
// another run from that point on. Nothing here is Node's.

import { type AdvanceState, PC_REGISTER, type Run } from "../run.ts";
import { Timeline } from "../timeline.ts";
import { busyHart, type DebugStop, Stops } from "./stops.ts";
import { readVirtual, wholeParts } from "./virtual.ts";

/** How far a debugger goes, in instructions. */
export interface Reach {
  /** A step is given up after this many of all harts: the hart that is to step did not get a turn. */
  readonly step: bigint;
  /** Between two moments of the timeline, to begin with. Default: what is good for a run of a system. */
  readonly moments?: bigint;
}

const USUAL_REACH: Reach = { step: 2_000_000n };

/** The distances in which a step backward searches, from far to near. */
const LOOKS = [200_000n, 4_000n, 64n, 1n];

export class Debugger {
  readonly run: Run;
  /** Where the run went, for those who go to a clock by it. It knows no breakpoints. */
  readonly timeline: Timeline;
  private readonly typed: number[];
  /** Where it stops. */
  readonly stops: Stops;
  /** The clock at which the recording ends. Undefined for a live run, and for one that a write has changed. */
  private recordedEnd: bigint | undefined;
  private readonly stepMax: bigint;

  /**
   * @param typed bytes for the console. The caller appends to it; the run takes bytes from it when it can
   * @param recordedEnd the clock at the end of the recording, if the run is one. The run goes no further
   */
  constructor(run: Run, typed: number[] = [], recordedEnd?: bigint, reach = USUAL_REACH) {
    this.run = run;
    this.stops = new Stops(run.machine);
    this.typed = typed;
    this.recordedEnd = recordedEnd;
    this.timeline = new Timeline(run, reach.moments);
    this.stepMax = reach.step;
  }

  get hartCount(): number {
    return this.run.machine.settings.harts;
  }

  /** Whether the run stands as far as it ever went. */
  get isInPresent(): boolean {
    return this.timeline.isAtEnd;
  }

  /** Goes as far as the run ever went, past all breakpoints. */
  goToPresent(): void {
    this.goTo(this.timeline.end);
  }

  /** Goes on for `instructions` at most. Undefined if nothing has stopped the run. */
  continue(instructions: bigint): DebugStop | undefined {
    this.takeTyped();
    this.stops.settle();
    this.stops.arm();
    const target = this.run.clock + instructions;
    const end = this.recordedEnd ?? target;
    let state = this.advanceTo(target < end ? target : end);
    // The access came before an instruction that is not executed yet.
    while (state === "running" && this.run.machine.core.isPutOff() !== 0) {
      state = this.advanceTo(this.run.clock + 1n);
    }
    const stop = this.stops.found();
    this.stops.disarm();
    return stop ?? this.endOf(state, busyHart(this.run.machine));
  }

  /** Goes on until a hart has executed one instruction. The other harts run as usual. */
  step(hart: number): DebugStop {
    const before = this.retired(hart);
    const pc = this.run.machine.core.hartPc(hart);
    const limit = this.run.clock + this.stepMax;
    this.takeTyped();
    this.stops.watch();
    const stop = this.stepOn(hart, limit, before, pc);
    this.stops.disarm();
    return stop;
  }

  private stepOn(hart: number, limit: bigint, before: bigint, pc: bigint): DebugStop {
    while (this.run.clock < limit) {
      if (this.isAtRecordedEnd) {
        return { reason: "recorded", hart };
      }
      const state = this.timeline.advanceTo(this.run.clock + 1n);
      const stop = this.stops.found();
      if (stop !== undefined) {
        return stop;
      }
      if (this.retired(hart) !== before || this.run.machine.core.hartPc(hart) !== pc) {
        break;
      }
      const end = this.endOf(state, hart);
      if (end !== undefined) {
        return end;
      }
    }
    return { reason: "step", hart };
  }

  /** Goes back to before the instruction that a hart executed last. */
  stepBack(hart: number): DebugStop {
    const count = this.retired(hart);
    if (count === 0n) {
      return { reason: "start", hart };
    }
    // At `after` the hart has executed `count` instructions. At `before` it will have executed fewer.
    let after = this.run.clock;
    let before = after;
    while (this.retired(hart) >= count && before > this.timeline.start) {
      const distance = LOOKS[0] ?? 1n;
      before = before - distance > this.timeline.start ? before - distance : this.timeline.start;
      this.goTo(before);
    }
    if (this.retired(hart) >= count) {
      return { reason: "start", hart };
    }
    for (const distance of LOOKS.slice(1)) {
      while (before + distance < after) {
        this.goTo(before + distance);
        if (this.retired(hart) >= count) {
          after = this.run.clock;
          break;
        }
        before = this.run.clock;
      }
      this.goTo(before);
    }
    const undone = this.stops.isWatching ? this.lastStop(before, before + 1n)?.stop : undefined;
    this.goTo(before);
    return undone?.reason === "watchpoint" ? undone : { reason: "step", hart };
  }

  /** Goes back to the last time that a hart came to a breakpoint, to before the last access to a watched place, or to the start. */
  continueBack(): DebugStop {
    this.stops.settle();
    let end = this.run.clock;
    const starts = this.stops.isEmpty ? [] : this.timeline.clocksBefore(end);
    for (const start of starts) {
      const found = this.lastStop(start, end);
      if (found !== undefined) {
        if (found.stop.hit === undefined) {
          this.goTo(found.clock);
        } else {
          this.goBefore(found.clock);
        }
        return found.stop;
      }
      end = start;
    }
    this.goTo(this.timeline.start);
    return { reason: "start", hart: 0 };
  }

  /** Memory as a hart sees it now. Ends where there is no memory. */
  readMemory(hart: number, address: bigint, byteCount: number): Uint8Array {
    return readVirtual(this.run.machine, hart, address, byteCount);
  }

  /** Writes memory as a hart sees it. False if some of it does not exist. From here on it is another run. */
  writeMemory(hart: number, address: bigint, bytes: Uint8Array): boolean {
    const parts = wholeParts(this.run.machine, hart, address, bytes.length);
    if (parts === undefined) {
      return false;
    }
    // If nothing changes, it stays the same run.
    const before = this.readMemory(hart, address, bytes.length);
    if (before.every((byte, index) => byte === bytes[index])) {
      return true;
    }
    let done = 0;
    for (const part of parts) {
      this.run.writeMemory(Number(part.address), bytes.subarray(done, done + part.bytes));
      done += part.bytes;
    }
    this.forgetFuture();
    return true;
  }

  /** Register x`number` of a hart; 32 is the program counter. */
  readRegister(hart: number, number: number): bigint {
    const { core } = this.run.machine;
    return BigInt.asUintN(64, number === PC_REGISTER ? core.hartPc(hart) : core.readRegister(hart, number));
  }

  /** A CSR of a hart by its number. The hart's mode does not matter. 0 if there is no such CSR. */
  readCsr(hart: number, number: number): bigint {
    return BigInt.asUintN(64, this.run.machine.core.hartCsr(hart, number));
  }

  /** Sets a register, numbered as in `readRegister`. From here on it is another run. */
  writeRegister(hart: number, number: number, value: bigint): void {
    if (value === this.readRegister(hart, number)) {
      return;
    }
    this.run.writeRegister(hart, number, value);
    this.forgetFuture();
  }

  private get isAtRecordedEnd(): boolean {
    return this.recordedEnd !== undefined && this.run.clock >= this.recordedEnd;
  }

  /** From here on it is another run, and not the recorded one. */
  private forgetFuture(): void {
    this.timeline.forgetFuture();
    this.recordedEnd = undefined;
  }

  /** The stop that a state of the machine means, if the run cannot go on from it. */
  private endOf(state: AdvanceState, hart: number): DebugStop | undefined {
    switch (state) {
      case "off":
      case "reset":
        return { reason: "end", hart };
      case "stuck":
        return { reason: "stuck", hart };
      case "running":
      case "stopped":
      case "breakpoint":
        return this.isAtRecordedEnd ? { reason: "recorded", hart } : undefined;
    }
  }

  /** In the present, gives the guest the typed bytes, as far as it has room for them. In the past it gives none. */
  private takeTyped(): void {
    while (this.isInPresent && this.typed[0] !== undefined && this.run.input(this.typed[0])) {
      this.typed.shift();
    }
  }

  private retired(hart: number): bigint {
    return this.run.machine.core.hartRetired(hart);
  }

  /** Goes to a clock, past all breakpoints. */
  private goTo(clock: bigint): AdvanceState {
    return this.timeline.goTo(clock);
  }

  /** Goes on until the clock reaches `target`, or something stops the run that is wanted. */
  private advanceTo(target: bigint): AdvanceState {
    let state = this.timeline.advanceTo(target);
    while (this.stops.isElsewhere()) {
      state = this.timeline.advanceTo(target);
    }
    return state;
  }

  /** The last stop from `start` on: a breakpoint before `end`, or an access up to it. */
  private lastStop(start: bigint, end: bigint): { clock: bigint; stop: DebugStop } | undefined {
    let found: { clock: bigint; stop: DebugStop } | undefined;
    this.goTo(start);
    this.stops.arm();
    while (this.run.clock < end) {
      this.advanceTo(end);
      const stop = this.stops.found();
      if (stop === undefined || (stop.reason === "breakpoint" && this.run.clock >= end)) {
        break;
      }
      found = { clock: this.run.clock, stop };
    }
    this.stops.disarm();
    return found;
  }

  /**
   * Goes to the last point at which the clock is below `clock`. That is one instruction earlier, or where all harts began to
   * wait: the time in which they do is skipped, and no point lies in it.
   */
  private goBefore(clock: bigint): void {
    const isBefore = (target: bigint): boolean => {
      this.goTo(target);
      return this.run.clock < clock;
    };
    let distance = 1n;
    while (clock - distance > this.timeline.start && !isBefore(clock - distance)) {
      distance *= 2n;
    }
    let before = clock - distance > this.timeline.start ? clock - distance : this.timeline.start;
    let after = clock - distance / 2n;
    while (after - before > 1n) {
      const middle = (before + after) / 2n;
      if (isBefore(middle)) {
        before = middle;
      } else {
        after = middle;
      }
    }
    this.goTo(before);
  }
}
