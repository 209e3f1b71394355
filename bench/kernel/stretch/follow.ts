// Follows the harts of a run, and finds the longest stretch that one stays in the kernel with interrupts off, for each path on
// which it came in.
//
//     task ── trap ──▶ kernel ─────────────────── sret ──▶ task     one stretch
//     reset or start ▶ kernel ── sees to interrupts ─┐              one stretch up to there,
//                                └── sret ──▶ task ──┘              and another from there
//
// The kernel never turns interrupts on: what is pending waits until a task runs again, or until the kernel sees to interrupts
// itself. It does so in three places only, each of which has a function of its own: right behind the WFI of an idle hart
// (waitForInterrupt in trap.ts), before each look of one that is about to idle (lookOnce in sched/schedule.ts), and before each
// look of one that stands still for another, or waits until all do (isInterrupted in sched/standstill.ts).
//
// A stretch is counted in the instructions that the hart itself executed, those included with which it waited for others.

import { Extension } from "../../../build/gen/host/machine/core/firmware/firmware.ts";
import { Interrupt, Mode } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { Cause } from "../../../build/gen/host/machine/core/hart/trap.ts";
import { Event } from "../../../build/gen/host/machine/core/trace.ts";
import { Syscall } from "../../../build/gen/host/source/abi/syscall.ts";
import { readElf } from "../../../host/elf.ts";
import { Problem } from "../../../host/problem.ts";
import { namesOf } from "../../../machine/host/members.ts";
import type { AdvanceState, Run } from "../../../machine/host/run.ts";
import type { TraceEvent } from "../../../machine/host/trace.ts";
import { nameOf, type Offsets, runningTask } from "./offsets.ts";

const INTERRUPT = 1n << 63n;
/** The function of the HSM extension that stops the hart (SBI 9.2). */
const HSM_STOP = 1n;
const A7 = 17;

/** The functions in which the kernel sees to interrupts itself. */
const SEES_TO_INTERRUPTS = [
  "neuron/trap/waitForInterrupt",
  "neuron/sched/schedule/lookOnce",
  "neuron/sched/standstill/isInterrupted",
];

const callNames = namesOf(Syscall);

const interruptPaths = new Map<number, string>([
  [Interrupt.SupervisorSoftware, "interrupt of another hart"],
  [Interrupt.SupervisorTimer, "timer interrupt"],
  [Interrupt.SupervisorExternal, "interrupt of a device"],
]);

/** How a hart came into the kernel, and what its count of instructions was then. */
interface Begun {
  path: string;
  retired: bigint;
  clock: bigint;
  task: string;
}

/** The longest stretch of a path, and where it was. */
export interface Longest {
  path: string;
  instructions: number;
  hart: number;
  /** The clock at which it began: the same run comes there again. */
  clock: bigint;
  /** The task that ran before, or "-". */
  task: string;
}

/** The kernel's file, and where it keeps what is shown of a stretch. */
export interface FollowedKernel {
  elf: Uint8Array;
  offsets: Offsets;
}

export class Follower {
  readonly longest = new Map<string, Longest>();
  private readonly run: Run;
  private readonly offsets: Offsets;
  private readonly begun: (Begun | undefined)[];

  /** Follows from now on; no instruction may have been executed. It must be the only listener of the run. */
  constructor(run: Run, { elf, offsets }: FollowedKernel) {
    this.run = run;
    this.offsets = offsets;
    this.begun = Array.from({ length: run.machine.settings.harts }, (_, hart) => ({
      path: hart === run.machine.bootHart ? "boot" : "start of a hart",
      retired: 0n,
      clock: 0n,
      task: "-",
    }));
    const { symbols } = readElf(elf, "the kernel");
    for (const name of SEES_TO_INTERRUPTS) {
      const address = symbols.find((symbol) => symbol.name === name)?.address;
      if (address === undefined) {
        throw new Problem(`the kernel has no function ${name}`);
      }
      run.machine.core.addBreakpoint(address);
    }
    run.listen((event) => this.take(event));
  }

  /** As Run.advanceTo, but it does not stop where the kernel sees to interrupts. */
  advanceTo(target: bigint): AdvanceState {
    for (;;) {
      const state = this.run.advanceTo(target);
      if (state !== "breakpoint") {
        return state;
      }
      const hart = this.run.machine.core.stoppedHart() >>> 0;
      this.end(hart, 0n);
      this.begin(hart, "interrupts of a hart that idles", this.run.clock);
    }
  }

  private take({ kind, hart, clock, first, second }: TraceEvent): void {
    const { core } = this.run.machine;
    if (kind === Event.Trap && core.hartMode(hart) === Mode.User) {
      this.begin(
        hart,
        this.pathOf(hart, first),
        clock,
        nameOf(this.run, runningTask(this.run, hart, this.offsets), this.offsets),
      );
    } else if (kind === Event.Return) {
      this.end(hart, 1n); // sret itself
    } else if (kind === Event.Firmware && first === BigInt(Extension.Hsm) && second === HSM_STOP) {
      this.end(hart, 0n);
      this.begin(hart, "start of a hart", clock);
    }
  }

  private begin(hart: number, path: string, clock: bigint, task = "-"): void {
    this.begun[hart] = { path, clock, task, retired: this.run.machine.core.hartRetired(hart) };
  }

  private end(hart: number, more: bigint): void {
    const begun = this.begun[hart];
    this.begun[hart] = undefined;
    if (begun === undefined) {
      return;
    }
    const { path, clock, task, retired } = begun;
    const instructions = Number(this.run.machine.core.hartRetired(hart) - retired + more);
    if (instructions > (this.longest.get(path)?.instructions ?? 0)) {
      this.longest.set(path, { path, instructions, hart, clock, task });
    }
  }

  private pathOf(hart: number, cause: bigint): string {
    if ((cause & INTERRUPT) !== 0n) {
      return interruptPaths.get(Number(cause & ~INTERRUPT)) ?? "another interrupt";
    }
    if (Number(cause) !== Cause.UserCall) {
      return "fault";
    }
    return callNames.get(Number(this.run.machine.core.readRegister(hart, A7))) ?? "unknown call";
  }
}
