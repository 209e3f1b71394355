// What more harts bring: four tasks do the same work, which has nothing to do with that of the others, on one hart and on four.
// And what keeps them from bringing more: the locks that they wait for.

import { readProgram } from "../../../machine/host/program.ts";
import { makeRow, type Row, ratioAtLeast } from "../../row.ts";
import { measurePaths, type Samples } from "../paths.ts";
import type { Subject } from "../run.ts";
import { Contention } from "./contention.ts";
import { ParallelTime, SLICE } from "./parallel.ts";

const HARTS_MAX = 4;
/** How many times as much four harts should do. */
const GAIN_MIN = 3.6;
/** A server is one task: while it serves one client, the others wait. Its own work is nearly half of what is done here. */
const SERVED = "ask one server for shared pages";
const SERVED_GAIN_MIN = 2;

/** A row for each kind of work, and one for the waiting. @throws Problem if the guest's program does not come to its end */
export function measureWorkers(subject: Subject): Row[] {
  const one = measure(subject, 1);
  const four = measure(subject, HARTS_MAX);
  const gains = four.samples.map((samples, index) =>
    makeRow({
      part: "kernel",
      name: `${samples.name}, in four tasks: four harts' speed`,
      measured: timeOf(one.samples[index]) / timeOf(samples),
      unit: "times one hart's",
      reference: { name: "1 hart", measured: 1, kind: "yardstick" },
      target: ratioAtLeast(samples.name === SERVED ? SERVED_GAIN_MIN : GAIN_MIN),
    }),
  );
  const { share, most } = four.contention.summary();
  return [
    ...gains,
    makeRow({
      part: "kernel",
      name: "all of these, four harts: waiting for locks",
      measured: 100 * share,
      unit: most === undefined ? "% of all time" : `% of all time, most for ${most}`,
    }),
  ];
}

function measure(subject: Subject, harts: number): { samples: Samples[]; contention: Contention } {
  const { segments } = readProgram(subject.kernel, "the kernel");
  let contention: Contention | undefined;
  const samples = measurePaths(subject, harts, "workers", {
    slice: SLICE,
    counter: (run) => {
      const time = new ParallelTime(run);
      const locks = new Contention(run, segments);
      contention = locks;
      return {
        count: () => time.count(),
        counts: () => time.counts(),
        look: () => {
          time.look();
          locks.look(time.executed);
        },
      };
    },
  });
  if (contention === undefined) {
    throw new Error("measurePaths made no counter");
  }
  return { samples, contention };
}

/** A worker may end on another hart than the one on which the gate opened. */
function timeOf(samples: Samples | undefined): number {
  const [time = Number.NaN] = [...(samples?.rounds ?? []), ...(samples?.otherRounds ?? [])];
  return time;
}
