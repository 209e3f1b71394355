// A run that can be gone to at any instruction count, forwards and backwards.
//
// The one idea: moments are kept on the way, at even distances; going back is going to the nearest one before, and
// running from there. When there are too many, every second one is dropped and the distance doubles, so a long run costs
// no more memory than a short one. Nothing here is Node's.

import type { AdvanceState, Moment, Run } from "./run.ts";

/** Instructions between two moments, to begin with. */
const DISTANCE_START = 4_000_000n;

/** Moments that are kept. */
const MOMENTS_MAX = 48;

export class Timeline {
  readonly run: Run;
  private moments: Moment[];
  private distance: bigint;
  private reached: bigint;

  /** Begins where the run stands: that is as far back as it goes. */
  constructor(run: Run, distance = DISTANCE_START) {
    this.run = run;
    this.distance = distance;
    this.moments = [run.moment()];
    this.reached = run.clock;
  }

  /** The clock at the earliest moment that can be gone to. */
  get start(): bigint {
    return this.moments[0]?.state.clock ?? 0n;
  }

  /** The present: as far as this run ever went. */
  get end(): bigint {
    return this.reached;
  }

  /** Whether the run stands in the present, and not somewhere that it was before. */
  get isAtEnd(): boolean {
    return this.run.clock >= this.reached && !this.run.hasEventsAhead;
  }

  /** The clocks of the kept moments before `clock`, latest first. */
  clocksBefore(clock: bigint): bigint[] {
    const clocks = this.moments.map(({ state }) => state.clock).filter((each) => each < clock);
    return clocks.reverse();
  }

  /** Goes on until the clock reaches `target` or something stops the run before; keeps moments on the way. */
  advanceTo(target: bigint): AdvanceState {
    for (;;) {
      const last = this.moments.at(-1);
      const next = (last?.state.clock ?? 0n) + this.distance;
      // Behind the newest moment the way was gone before: nothing is kept twice.
      const stop = target < next ? target : next;
      const state = this.run.advanceTo(stop);
      if (this.run.clock > this.reached) {
        this.reached = this.run.clock;
      }
      if (state !== "running") {
        return state;
      }
      if (this.run.clock >= next) {
        this.keep();
      }
      if (this.run.clock >= target) {
        return "running";
      }
    }
  }

  /** Goes to the moment at which the clock stood at `target`, from the nearest one that is kept before it. */
  goTo(target: bigint): AdvanceState {
    const before = this.moments.findLast(({ state }) => state.clock <= target) ?? this.moments[0];
    if (before === undefined) {
      return "running";
    }
    if (target < this.run.clock || before.state.clock > this.run.clock) {
      this.run.goTo(before);
    }
    return this.advanceTo(target);
  }

  /**
   * What lay ahead is not this run any more: something was written to a register or to memory. What was written is one of
   * the run's events, so the moments before it still lead here.
   */
  forgetFuture(): void {
    this.moments = this.moments.filter(({ state }, index) => index === 0 || state.clock < this.run.clock);
    this.reached = this.run.clock;
  }

  private keep(): void {
    this.moments.push(this.run.moment(this.moments.at(-1)));
    if (this.moments.length <= MOMENTS_MAX) {
      return;
    }
    this.moments = this.moments.filter((_, index) => index % 2 === 0);
    this.distance *= 2n;
  }
}
