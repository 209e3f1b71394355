// Measures the cost of hashing a byte, and of reading from the disk with hashing: on a processor without Zbb and with Zbb.

import { Problem } from "../../host/problem.ts";
import { atMost, makeRow, type Row } from "../row.ts";
import { measurePaths, median } from "./paths.ts";
import { type HashExpectation, hashExpectations } from "./rows.ts";
import type { Subject } from "./run.ts";

const BLOCK_BYTES = 4096;

/** The rows of hashExpectations, in their order. */
export function measureHash(subject: Subject): Row[] {
  return hashExpectations.map((expected) => {
    const instructions = medianOf({ ...subject, zbb: expected.zbb }, expected);
    const perByte = expected.unit === "instructions a byte";
    return makeRow({
      part: "kernel",
      name: expected.name,
      measured: perByte ? instructions / BLOCK_BYTES : instructions,
      unit: expected.unit,
      target: expected.target === undefined ? undefined : atMost(expected.target),
      budget: expected.budget,
    });
  });
}

/** The median of an operation's rounds. */
function medianOf(subject: Subject, { part, operation }: HashExpectation): number {
  const samples = measurePaths(subject, 1, part).find(({ name }) => name === operation);
  if (samples === undefined || samples.rounds.length === 0) {
    throw new Problem(`the guest's program bench did not ${operation}`);
  }
  return median(samples.rounds);
}
