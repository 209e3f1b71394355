// What it costs Neuron to read 1 MiB of the disk, on the embedded machine: instructions of all that the hart executes, messages,
// and interrupts. All of it is exact.

import { SPAN_SECTORS } from "../../build/gen/host/source/apps/bench/disk/reads.ts";
import { Problem } from "../../host/problem.ts";
import { measurePaths } from "../kernel/paths.ts";
import type { Subject } from "../kernel/run.ts";

const SECTOR_BYTES = 512;

/** What 1 MiB of one kind of reads costs. */
export interface Cost {
  name: string;
  instructions: number;
  messages: number;
  interrupts: number;
}

/** @throws Problem if the guest's program does not come to its end */
export function countReads(subject: Subject): Cost[] {
  let text = "";
  const samples = measurePaths(withSpan(subject), 1, "disk", {
    printed: (all) => {
      text = all;
    },
  });
  return samples.map(({ name, rounds }) => {
    const told = text.match(new RegExp(`bench: ${name}: messages=(\\d+) interrupts=(\\d+)`));
    const [instructions] = rounds;
    if (told === null || instructions === undefined) {
      throw new Problem("the guest's program bench did not report what its reads cost");
    }
    return { name, instructions, messages: Number(told[1]), interrupts: Number(told[2]) };
  });
}

/** With a disk that is as large as what is read. */
export function withSpan(subject: Subject): Subject {
  const disk = new Uint8Array(SPAN_SECTORS * SECTOR_BYTES);
  disk.set(subject.disk);
  return { ...subject, disk };
}
