// Where a debugger stops a run: breakpoints by virtual address, watchpoints, and the program that it looks at.
//
// The machine has them only while it runs for the debugger: between `arm` and `disarm`. Nothing here is Node's.

import { BREAKPOINTS_MAX } from "../../../build/gen/host/machine/core/hart/breakpoints.ts";
import { HartState, Mode } from "../../../build/gen/host/machine/core/hart/hart.ts";
import type { EmbeddedMachine } from "../machine.ts";
import type { Focus } from "./focus.ts";
import { wholeParts } from "./virtual.ts";
import { type Watched, type WatchHit, Watchpoints } from "./watchpoints.ts";

/**
 * Why the machine stands still for the debugger. `end`: it is off. `recorded`: the recording ends here. `stuck`: every hart
 * waits, and nothing will wake one.
 */
export type StopReason =
  | "breakpoint"
  | "watchpoint"
  | "step"
  | "interrupt"
  | "start"
  | "end"
  | "recorded"
  | "stuck";

/** A stop, and the hart at which gdb looks then. */
export interface DebugStop {
  reason: StopReason;
  hart: number;
  /** The access, if the reason is a watchpoint. Going forward the machine stands behind it, going back before it. */
  hit?: WatchHit;
}

export class Stops {
  private readonly machine: EmbeddedMachine;
  private readonly breakpoints = new Set<bigint>();
  private readonly watchpoints = new Watchpoints();
  /** The program in which breakpoints stop; those of the kernel always do. Undefined: in every program. */
  focus: Focus | undefined;

  constructor(machine: EmbeddedMachine) {
    this.machine = machine;
  }

  get isWatching(): boolean {
    return !this.watchpoints.isEmpty;
  }

  get isEmpty(): boolean {
    return this.breakpoints.size === 0 && !this.isWatching;
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

  /**
   * Stops every hart and device behind an access to the memory that is at this address of `hart` now. False if that is not
   * RAM, or too much.
   */
  setWatchpoint(watched: Watched, hart: number, address: bigint, bytes: number): boolean {
    return this.watchpoints.set(watched, address, bytes, () =>
      wholeParts(this.machine, hart, address, bytes),
    );
  }

  clearWatchpoint(watched: Watched, address: bigint, bytes: number): void {
    this.watchpoints.clear(watched, address, bytes);
  }

  /** Removes all breakpoints and watchpoints, and looks at every program. */
  clear(): void {
    this.focus = undefined;
    this.breakpoints.clear();
    this.watchpoints.clearAll();
  }

  /** The run goes on: watchpoints that are not set any more are forgotten. */
  settle(): void {
    this.watchpoints.settle();
  }

  arm(): void {
    for (const address of this.breakpoints) {
      this.machine.core.addBreakpoint(address);
    }
    this.watch();
  }

  /** Gives the machine the watchpoints, and no breakpoints. */
  watch(): void {
    this.watchpoints.arm(this.machine.core);
  }

  disarm(): void {
    if (this.machine.core.hasBreakpoints() !== 0) {
      this.machine.core.clearBreakpoints();
    }
    this.watchpoints.disarm(this.machine.core);
  }

  /** Why the run has just stopped, if a breakpoint or a watchpoint did it. */
  found(): DebugStop | undefined {
    const { core, settings } = this.machine;
    const hit = this.watchpoints.hit(core);
    if (hit !== undefined) {
      return { reason: "watchpoint", hart: hit.hart ?? busyHart(this.machine), hit };
    }
    if (core.hasBreakpoints() === 0 || core.stopRequested() === 0) {
      return undefined;
    }
    const hart = core.stoppedHart() >>> 0;
    return hart < settings.harts ? { reason: "breakpoint", hart } : undefined;
  }

  /** Whether a hart has stopped at a breakpoint of a program, and is in another one than the debugger looks at. */
  isElsewhere(): boolean {
    const stop = this.focus === undefined ? undefined : this.found();
    if (stop?.reason !== "breakpoint" || this.focus === undefined) {
      return false;
    }
    const { core } = this.machine;
    const pc = BigInt.asUintN(64, core.hartPc(stop.hart));
    return core.hartMode(stop.hart) === Mode.User && !this.focus.covers(this.machine, stop.hart, pc);
  }
}

/** A hart that runs, such as the one that turned the machine off. */
export function busyHart({ core, settings }: EmbeddedMachine): number {
  const harts = Array.from({ length: settings.harts }, (_, index) => index);
  return harts.find((hart) => core.hartActivity(hart) === HartState.Running) ?? 0;
}
