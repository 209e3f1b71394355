// Watches a console climb the markers: feed it every line, then ask what went wrong.
//
// The one idea: a marker counts once, where it is seen, and only if every marker that has to come before it was seen
// already. The ladder judges nothing else: proofs are recomputed in proof.ts, panics are found in panic.ts.

import type { Marker } from "./markers.ts";

/** A marker that was seen, and where. */
export interface Climbed {
  marker: Marker;
  /** The whole console line. */
  line: string;
  /** Its number on the console, from 1. */
  lineNumber: number;
}

/** What is wrong, each problem in one sentence; `missing` are the markers that were never seen, in order. */
export interface LadderVerdict {
  climbed: Climbed[];
  missing: Marker[];
  problems: string[];
}

/** The kernel stops a hart (diag/markers.ts). It may be started again, so each of its markers may come once more. */
const HART_STOPS = /^neuron: hart([0-9]) stops$/;

/** Lines that only a self-test writes. Such a line without a marker is a test that did not say "ok". */
const SELFTEST_PREFIX = "SELFTEST:";

export class Ladder {
  private readonly markers: Marker[];
  private readonly climbed = new Map<Marker, Climbed>();
  private readonly problems: string[] = [];
  /** Markers about one hart that has stopped since they were seen. */
  private readonly forgotten = new Set<Marker>();
  private lineNumber = 0;

  constructor(markers: Marker[]) {
    this.markers = markers;
  }

  /** Takes the next console line, without its line end. True if it was a marker. */
  feed(line: string): boolean {
    this.lineNumber += 1;
    this.forgetHart(HART_STOPS.exec(line)?.[1]);
    let known = false;
    for (const marker of this.markers) {
      const match = marker.pattern.exec(line);
      if (match === null) {
        continue;
      }
      known = true;
      this.climb(marker, line, match.slice(1).map(Number));
    }
    if (!known && line.startsWith(SELFTEST_PREFIX)) {
      this.problems.push(`console line ${this.lineNumber} is a self-test that is not owed: "${line}"`);
    }
    return known;
  }

  /** The result so far, which is final once the machine has ended. */
  verdict(): LadderVerdict {
    return {
      climbed: [...this.climbed.values()],
      missing: this.markers.filter((marker) => !this.climbed.has(marker)),
      problems: [...this.problems],
    };
  }

  private climb(marker: Marker, line: string, openHarts: number[]): void {
    if (this.climbed.has(marker)) {
      if (!marker.repeats && !this.forgotten.delete(marker)) {
        this.problems.push(`"${line}" came twice, again in console line ${this.lineNumber}`);
      }
      return;
    }
    const early = this.firstUnseenBefore(marker, [...marker.harts, ...openHarts]);
    if (early !== undefined) {
      this.problems.push(`"${line}" came before "${early.text}" (console line ${this.lineNumber})`);
    }
    this.climbed.set(marker, { marker, line, lineNumber: this.lineNumber });
  }

  private forgetHart(hart: string | undefined): void {
    if (hart === undefined) {
      return;
    }
    for (const marker of this.climbed.keys()) {
      if (marker.harts.length === 1 && marker.harts[0] === Number(hart)) {
        this.forgotten.add(marker);
      }
    }
  }

  /** A marker that has to precede `marker` but was not seen: any marker of a rung, or those about the same harts. */
  private firstUnseenBefore(marker: Marker, harts: number[]): Marker | undefined {
    return this.markers.find(
      (other) =>
        marker.after.includes(other.rung) &&
        !this.climbed.has(other) &&
        (harts.length === 0 || other.harts.every((hart) => harts.includes(hart))),
    );
  }
}
