// ./nx bench PART: which parts there are, and how figures are printed.

import { Problem } from "../toolchain/problem.ts";
import type { Figure } from "./figure.ts";
import { benchMachine } from "./machine.ts";

const parts: Readonly<Record<string, () => Promise<Figure[]>>> = { machine: benchMachine };

function print({ name, value, unit, goal }: Figure): void {
  const digits = value < 10 ? 2 : 0;
  const verdict = goal === undefined ? "" : `  ${value >= goal ? "goal" : "MISSED: goal"} ${goal}`;
  process.stdout.write(`${name.padEnd(36)} ${value.toFixed(digits).padStart(6)} ${unit}${verdict}\n`);
}

/** Measures a part and prints. Gives the exit code: 0 if every goal was reached. @throws Problem for an unknown part */
export async function bench(part: string, json: boolean): Promise<number> {
  const measure = parts[part];
  if (measure === undefined) {
    const hints = [`one of ${Object.keys(parts).join(", ")}`];
    throw new Problem(`there is no bench ${part}`, { hints, exitCode: 2 });
  }
  const figures = await measure();
  if (json) process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
  else for (const figure of figures) print(figure);
  return figures.every(({ value, goal }) => goal === undefined || value >= goal) ? 0 : 1;
}
