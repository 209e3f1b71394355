// A machine under a debugger: harts as threads, breakpoints, steps forward and backward.
//
// To go back, the debugger restores an earlier moment and goes forward from there (timeline.ts). To find the last breakpoint
// before now, it runs each stretch between two moments again, the latest first. To find the instruction before this one, it
// halves the distance until one instruction is left.
//
// A run is live or a recording. The only difference is where its events come from. A live run takes typed bytes only in the
// present, that is as far as it ever went, so its past does not change. Reads by the debugger change nothing. A write makes
// another run from that point on. Nothing here is Node's.

import { BREAKPOINTS_MAX } from "../../../build/gen/host/machine/core/hart/breakpoints.ts";
import { HartState } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { type EmbeddedMachine, RAM_START } from "../machine.ts";
import { type AdvanceState, PC_REGISTER, type Run } from "../run.ts";
import { Timeline } from "../timeline.ts";

/**
 * Why the machine stands still for the debugger. `end`: it is off. `recorded`: the recording ends here. `stuck`: every hart
 * waits, and nothing will wake one.
 */
export type StopReason = "breakpoint" | "step" | "interrupt" | "start" | "end" | "recorded" | "stuck";

/** A stop, and the hart at which gdb looks then. */
export interface DebugStop {
  reason: StopReason;
  hart: number;
}

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

const NOWHERE = 2n ** 64n - 1n;
const ADDRESS_END = 2n ** 64n;
const PAGE = 4096n;

export class Debugger {
  readonly run: Run;
  /** Where the run went, for those who go to a clock by it. It knows no breakpoints. */
  readonly timeline: Timeline;
  private readonly typed: number[];
  private readonly breakpoints = new Set<bigint>();
  /** The clock at which the recording ends. Undefined for a live run, and for one that a write has changed. */
  private recordedEnd: bigint | undefined;
  private readonly stepMax: bigint;

  /**
   * @param typed bytes for the console. The caller appends to it; the run takes bytes from it when it can
   * @param recordedEnd the clock at the end of the recording, if the run is one. The run goes no further
   */
  constructor(run: Run, typed: number[] = [], recordedEnd?: bigint, reach = USUAL_REACH) {
    this.run = run;
    this.typed = typed;
    this.recordedEnd = recordedEnd;
    this.timeline = new Timeline(run, reach.moments);
    this.stepMax = reach.step;
  }

  get hartCount(): number {
    return this.run.machine.settings.harts;
  }

  /**
   * Stops every hart before the instruction at a virtual address. False if no instruction can begin there, or if there are
   * too many breakpoints.
   */
  setBreakpoint(address: bigint): boolean {
    if ((address & 1n) !== 0n) {
      return false;
    }
    if (this.breakpoints.size >= BREAKPOINTS_MAX && !this.breakpoints.has(address)) {
      return false;
    }
    this.breakpoints.add(address);
    return true;
  }

  clearBreakpoint(address: bigint): void {
    this.breakpoints.delete(address);
  }

  clearBreakpoints(): void {
    this.breakpoints.clear();
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
    this.arm();
    const target = this.run.clock + instructions;
    const end = this.recordedEnd ?? target;
    const state = this.timeline.advanceTo(target < end ? target : end);
    const hart = this.hartAtBreakpoint();
    this.disarm();
    if (hart !== undefined) {
      return { reason: "breakpoint", hart };
    }
    return this.endOf(state, this.busyHart());
  }

  /** Goes on until a hart has executed one instruction. The other harts run as usual. */
  step(hart: number): DebugStop {
    const before = this.retired(hart);
    const pc = this.run.machine.core.hartPc(hart);
    const limit = this.run.clock + this.stepMax;
    this.takeTyped();
    while (this.run.clock < limit) {
      if (this.isAtRecordedEnd) {
        return { reason: "recorded", hart };
      }
      const state = this.timeline.advanceTo(this.run.clock + 1n);
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
    return { reason: "step", hart };
  }

  /** Goes back to the last time that a hart came to a breakpoint, or to the start. */
  continueBack(): DebugStop {
    const now = this.run.clock;
    let end = now;
    for (const start of this.timeline.clocksBefore(now)) {
      const found = this.lastBreakpoint(start, end);
      if (found !== undefined) {
        this.goTo(found.clock);
        return { reason: "breakpoint", hart: found.hart };
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
    const before = this.readMemory(hart, address, bytes.length);
    if (before.length < bytes.length) {
      return false;
    }
    // If nothing changes, it stays the same run.
    if (before.every((byte, index) => byte === bytes[index])) {
      return true;
    }
    for (let done = 0; done < bytes.length; ) {
      const at = address + BigInt(done);
      const part = Math.min(bytes.length - done, Number(PAGE - (at % PAGE)));
      const physical = physicalOf(this.run.machine, hart, at);
      if (physical === undefined) {
        return false;
      }
      this.run.writeMemory(physical, bytes.subarray(done, done + part));
      done += part;
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

  /** The last time before `end` that a hart came to a breakpoint, from `start` on. */
  private lastBreakpoint(start: bigint, end: bigint): { clock: bigint; hart: number } | undefined {
    if (this.breakpoints.size === 0) {
      return undefined;
    }
    let found: { clock: bigint; hart: number } | undefined;
    this.goTo(start);
    while (this.run.clock < end) {
      this.arm();
      this.timeline.advanceTo(end);
      const hart = this.hartAtBreakpoint();
      this.disarm();
      if (hart === undefined || this.run.clock >= end) {
        break;
      }
      found = { clock: this.run.clock, hart };
      this.timeline.advanceTo(this.run.clock + 1n);
    }
    return found;
  }

  /** A hart that runs, such as the one that turned the machine off. */
  private busyHart(): number {
    const harts = Array.from({ length: this.hartCount }, (_, index) => index);
    return harts.find((hart) => this.run.machine.core.hartActivity(hart) === HartState.Running) ?? 0;
  }

  /** The hart that stopped the run at a breakpoint, if one did. */
  private hartAtBreakpoint(): number | undefined {
    const { core } = this.run.machine;
    if (core.stopRequested() === 0) {
      return undefined;
    }
    const hart = core.stoppedHart() >>> 0;
    return hart < this.hartCount ? hart : undefined;
  }

  private arm(): void {
    for (const address of this.breakpoints) {
      this.run.machine.core.addBreakpoint(address);
    }
  }

  private disarm(): void {
    if (this.breakpoints.size > 0) {
      this.run.machine.core.clearBreakpoints();
    }
  }
}

/** Memory as a hart sees it now, from a virtual address on. Ends where there is no memory. */
export function readVirtual(
  machine: EmbeddedMachine,
  hart: number,
  address: bigint,
  byteCount: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteCount);
  let done = 0;
  while (done < byteCount) {
    const at = address + BigInt(done);
    const part = Math.min(byteCount - done, Number(PAGE - (at % PAGE)));
    const physical = at < ADDRESS_END ? physicalOf(machine, hart, at) : undefined;
    if (physical === undefined) {
      break;
    }
    try {
      bytes.set(machine.readMemory(physical, part), done);
    } catch {
      break;
    }
    done += part;
  }
  return bytes.subarray(0, done);
}

/** The physical address for a hart's virtual one. Undefined if there is no RAM. */
function physicalOf(machine: EmbeddedMachine, hart: number, address: bigint): number | undefined {
  const found = BigInt.asUintN(64, machine.core.physicalAddress(hart, address));
  return found === NOWHERE || found < BigInt(RAM_START) ? undefined : Number(found);
}
