// A run that can go to any instruction count, forwards and backwards.
//
// On its way it keeps moments, at even distances. To go back, it restores the nearest earlier moment and runs on from there.
// When there are too many moments, it drops every second one and doubles the distance. So a long run needs no more memory
// than a short one. Nothing here is Node's.

import type { AdvanceState, Moment, Run } from "./run.ts";

/** Instructions between two moments, to begin with. */
const DISTANCE_START = 4_000_000n;

/** How many moments are kept at most. */
const MOMENTS_MAX = 48;

export class Timeline {
  readonly run: Run;
  private moments: Moment[];
  private distance: bigint;
  private reached: bigint;

  /** Begins where the run stands now. It cannot go back further than that. */
  constructor(run: Run, distance = DISTANCE_START) {
    this.run = run;
    this.distance = distance;
    this.moments = [run.moment()];
    this.reached = run.clock;
  }

  /** The clock at the earliest moment. */
  get start(): bigint {
    return this.moments[0]?.state.clock ?? 0n;
  }

  /** The present: as far as this run ever went. */
  get end(): bigint {
    return this.reached;
  }

  /** Whether the run stands in the present, and not at an earlier point. */
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
      // New moments are kept only after the newest one, so none is kept twice.
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

  /** Goes to the point at which the clock stands at `target`, from the nearest moment before it. */
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
   * Drops everything after this point, because a register or memory was written here. The write is one of the run's events,
   * so the moments before it stay valid.
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
