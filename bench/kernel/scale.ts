// Measures the cost of mounting an image and of looking up a path in it, for images with few and with many files. The disks have
// the program and a number of small files. Nothing else is different.

import { Problem } from "../../host/problem.ts";
import { programOf, signedDisk } from "./disk.ts";
import { measurePaths, type Samples } from "./paths.ts";
import { CLOCK_MAX, type Subject, startRun } from "./run.ts";

/** The numbers of small files. The program looks up ten names that each of these images has. */
export const fileCounts = [10, 1000, 100_000] as const;
const NAMES = 100_000;
const NAME_DIGITS = 5;

const READY = "virtioblkd: ready";
const MOUNTED = "pkgfs: mounted from virtio-blk ro";

/** For each number of files: the cost of mounting, then that of looking up. */
export function measureScale(subject: Subject, counts: readonly number[] = fileCounts): Samples[] {
  return counts.flatMap((count) => {
    const files = `${count.toLocaleString("en")} files`;
    const withMany = { ...subject, disk: diskOf(subject, count) };
    const mount = { name: `mount an image of ${files}`, rounds: [mountCost(withMany)], otherRounds: [] };
    const lookups = measurePaths(withMany, 1, "lookups");
    return [mount, ...lookups.map((samples) => ({ ...samples, name: `${samples.name} among ${files}` }))];
  });
}

function diskOf(subject: Subject, count: number): Uint8Array<ArrayBuffer> {
  const step = NAMES / count;
  const many = Array.from({ length: count }, (_, number) => ({
    path: `many/${String(number * step).padStart(NAME_DIGITS, "0")}`,
    content: Buffer.from("small"),
  }));
  return signedDisk([{ path: "bin/bench", content: programOf(subject, "bench") }, ...many]);
}

/** Instructions of all harts from the driver's line on the console to the file system's. */
function mountCost(subject: Subject): number {
  const run = startRun(subject, 1, "bench lookups");
  let text = "";
  const [begin, end] = [READY, MOUNTED].map((awaited) => {
    run.onByte = (byte) => {
      text += String.fromCharCode(byte);
      return text.includes(awaited);
    };
    if (run.advanceTo(CLOCK_MAX) !== "stopped") {
      throw new Problem(`the run ended before "${awaited}"`);
    }
    return Number(run.machine.instructions);
  });
  return (end ?? Number.NaN) - (begin ?? Number.NaN);
}
