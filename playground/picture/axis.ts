// The axis of time. A stretch in which every hart waits says nothing, and most of an idle machine's time is such: it is folded
// to a short piece. So a place on the axis is the clock, less what was folded before it.
//
//     clock    0 ────────── 100 │ 9,000,100 ─────── 9,000,300
//     folded   0 ────────── 100 ≀ 1,700 ──────────── 1,900

import { FOLD_END, FOLD_MIN, type Model } from "./model.ts";

/** What is left of a stretch that is folded: 5 µs. */
export const FOLDED_CLOCKS = 1_600;

export class Axis {
  private readonly model: Model;
  /** Where each fold begins on the folded axis. */
  private places = new Float64Array(64);
  private known = 0;
  private version = 0;
  isFolding = true;
  /** The run's end, at which an open fold ends for now. */
  end = 0;

  constructor(model: Model) {
    this.model = model;
  }

  /** The place of a clock. */
  place(clock: number): number {
    if (!this.isFolding) {
      return clock;
    }
    this.follow();
    const { folds, restsSince } = this.model;
    if (restsSince !== undefined && clock > restsSince && this.end - restsSince > FOLD_MIN) {
      return this.behind(folds.length - 1, restsSince) + folded(clock - restsSince, this.end - restsSince);
    }
    const fold = folds.at(clock);
    if (fold < 0) {
      return clock;
    }
    const begin = folds.clock(fold);
    const end = folds.field(fold, FOLD_END);
    return clock < end ? this.placeOf(fold) + folded(clock - begin, end - begin) : this.behind(fold, clock);
  }

  /** The clock at a place. */
  clock(place: number): number {
    if (!this.isFolding) {
      return place;
    }
    this.follow();
    const { folds, restsSince } = this.model;
    if (restsSince !== undefined && this.end - restsSince > FOLD_MIN) {
      const begin = this.behind(folds.length - 1, restsSince);
      if (place > begin) {
        return restsSince + unfolded(place - begin, this.end - restsSince);
      }
    }
    let low = 0;
    let high = folds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.placeOf(middle) <= place) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const fold = low - 1;
    if (fold < 0) {
      return place;
    }
    const begin = folds.clock(fold);
    const end = folds.field(fold, FOLD_END);
    const inside = place - this.placeOf(fold);
    return inside < FOLDED_CLOCKS ? begin + unfolded(inside, end - begin) : end + inside - FOLDED_CLOCKS;
  }

  private placeOf(fold: number): number {
    return this.places[fold] ?? 0;
  }

  /** The place of a clock that lies behind a fold, and before the next one. */
  private behind(fold: number, clock: number): number {
    const { folds } = this.model;
    return fold < 0 ? clock : this.placeOf(fold) + FOLDED_CLOCKS + clock - folds.field(fold, FOLD_END);
  }

  /** Takes in what folds there are now. */
  private follow(): void {
    const { folds } = this.model;
    if (this.version !== this.model.version) {
      this.version = this.model.version;
      this.known = 0;
    }
    if (folds.length > this.places.length) {
      const larger = new Float64Array(Math.max(folds.length, this.places.length * 2));
      larger.set(this.places);
      this.places = larger;
    }
    for (; this.known < folds.length; this.known += 1) {
      this.places[this.known] = this.behind(this.known - 1, folds.clock(this.known));
    }
  }
}

function folded(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, part / whole) * FOLDED_CLOCKS;
}

function unfolded(part: number, whole: number): number {
  return (Math.min(part, FOLDED_CLOCKS) / FOLDED_CLOCKS) * whole;
}
