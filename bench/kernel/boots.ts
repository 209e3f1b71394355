// Measures what a boot costs: instructions of all harts, from the first one after reset until a text is on the console. A hart
// that waits executes no instructions.

import { Problem } from "../../host/problem.ts";
import { CLOCK_MAX, type Subject, startRun } from "./run.ts";

/** The most harts that the system uses. */
const HARTS_MAX = 4;

/** The moments of a boot, in their order, and the text that is on the console then. */
const moments: readonly (readonly [name: string, text: string])[] = [
  ["the kernel's first line", "\n"],
  ["the first task's line", "virtioblkd: "],
  ["the shell's prompt", "nx> "],
];

/** Instructions up to each moment, on one hart and on four: name and count. */
export function measureBoots(subject: Subject): (readonly [name: string, instructions: number])[] {
  return [1, HARTS_MAX].flatMap((harts) => measureBoot(subject, harts));
}

function measureBoot(subject: Subject, harts: number): (readonly [string, number])[] {
  const run = startRun(subject, harts, "nx");
  let text = "";
  return moments.map(([name, awaited]) => {
    run.onByte = (byte) => {
      text += String.fromCharCode(byte);
      return text.includes(awaited);
    };
    const state = run.advanceTo(CLOCK_MAX);
    if (state !== "stopped") {
      throw new Problem(`the boot ended before ${name} (${state})`);
    }
    const plural = harts === 1 ? "1 hart" : `${harts} harts`;
    return [`reset to ${name}, ${plural}`, Number(run.machine.instructions)];
  });
}
