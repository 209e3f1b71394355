// A call whose answer crosses from hart to hart: the work of both harts together.

import { atMost, makeRow, type Row } from "../../row.ts";
import { measurePaths, median } from "../paths.ts";
import type { Subject } from "../run.ts";

const HARTS = 2;
const INSTRUCTIONS_MAX = 900;

/** @throws Problem if the guest's program does not come to its end */
export function measureCross(subject: Subject): Row[] {
  return measurePaths(subject, HARTS, "cross").map(({ name, rounds, otherRounds }) =>
    makeRow({
      part: "kernel",
      name,
      measured: median(rounds.map((count, round) => count + (otherRounds[round] ?? Number.NaN))),
      unit: "instructions",
      target: atMost(INSTRUCTIONS_MAX),
    }),
  );
}
