// What more harts bring: four tasks do the same work, which has nothing to do with that of the others, on one hart and on four.

import { makeRow, type Row, ratioAtLeast } from "../row.ts";
import { ParallelTime, SLICE } from "./parallel.ts";
import { measurePaths, median } from "./paths.ts";
import type { Subject } from "./run.ts";

const HARTS_MAX = 4;
/** How many times as much four harts should do. */
const GAIN_MIN = 3.6;
/** A server is one task: while it serves one client, the others wait. Its own work is nearly half of what is done here. */
const SERVED = "ask one server for shared pages";
const SERVED_GAIN_MIN = 2;

/** A row for each kind of work. @throws Problem if the guest's program does not come to its end */
export function measureWorkers(subject: Subject): Row[] {
  const [one = [], four = []] = [1, HARTS_MAX].map((harts) =>
    measurePaths(subject, harts, "workers", {
      counter: (run) => new ParallelTime(run),
      slice: SLICE,
    }),
  );
  return four.map(({ name, rounds }, index) =>
    makeRow({
      part: "kernel",
      name: `${name}, in four tasks: four harts' speed`,
      measured: median(one[index]?.rounds ?? []) / median(rounds),
      unit: "times one hart's",
      reference: { name: "1 hart", measured: 1, kind: "yardstick" },
      target: ratioAtLeast(name === SERVED ? SERVED_GAIN_MIN : GAIN_MIN),
    }),
  );
}
