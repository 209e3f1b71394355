// What the number of tasks costs: the same paths among few tasks and among nearly as many as the kernel has room for. A table
// that is looked through, or a list that is walked, shows here.

import { makeRow, type Row, ratioAtMost } from "../row.ts";
import { measurePaths, median } from "./paths.ts";
import type { Subject } from "./run.ts";

/** The same, within a fiftieth. */
const RATIO_MAX = 1.02;

export function measureCrowd(subject: Subject): Row[] {
  const few = measurePaths(subject, 1, "few");
  return measurePaths(subject, 1, "crowd").map((crowd, index) =>
    makeRow({
      part: "kernel",
      name: `${crowd.name}, among 245 tasks`,
      measured: median(crowd.rounds),
      unit: "instructions",
      reference: { name: "5 tasks", measured: median(few[index]?.rounds ?? []), kind: "yardstick" },
      target: ratioAtMost(RATIO_MAX),
    }),
  );
}
