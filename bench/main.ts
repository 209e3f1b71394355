// ./nx bench PART: which parts there are, and how figures are printed.

import { Problem } from "../host/problem.ts";
import { type Column, formatTable } from "../host/report.ts";
import type { Profile } from "../toolchain/compile.ts";
import { type Figure, isReached } from "./figure.ts";
import type { SteadyFigure } from "./kernel/steady.ts";
import { benchKernel, type KernelFigure, whereKernel } from "./kernel.ts";
import { benchMachine } from "./machine.ts";

/** How it was asked for. */
export interface BenchWords {
  json: boolean;
  /** Undefined: production. */
  profile: Profile | undefined;
  /** kernel: the path of which every function is wanted. */
  where: string | undefined;
}

/** Measures, prints, and gives the exit code. */
type Part = (words: BenchWords) => Promise<number>;

const parts: Readonly<Record<string, Part>> = { kernel: printKernel, machine: printMachine };

/** Measures a part and prints. Gives the exit code: 0 if every goal was reached. @throws Problem for an unknown part */
export async function bench(part: string, words: BenchWords): Promise<number> {
  const measure = parts[part];
  if (measure === undefined) {
    const hints = [`one of ${Object.keys(parts).join(", ")}`];
    throw new Problem(`there is no bench ${part}`, { hints, exitCode: 2 });
  }
  if (part !== "kernel" && (words.where !== undefined || words.profile !== undefined)) {
    const option = words.where === undefined ? "--profile" : "--where";
    throw new Problem(`${option} is for bench kernel alone`, { hints: ["leave it out"], exitCode: 2 });
  }
  return await measure(words);
}

async function printMachine({ json }: BenchWords): Promise<number> {
  const figures = await benchMachine();
  if (json) {
    printJson(figures);
  } else {
    for (const figure of figures) {
      printSpeed(figure);
    }
  }
  return figures.every(isReached) ? 0 : 1;
}

function printSpeed(figure: Figure): void {
  const { name, value, unit, ratio, goal } = figure;
  const verdict = goal === undefined ? "" : `  ${isReached(figure) ? "goal" : "MISSED: goal"} ${goal}`;
  const beside = ratio === undefined ? "" : `  ratio ${ratio.toFixed(2)}${verdict}`;
  const digits = value < 10 ? 2 : 0;
  process.stdout.write(`${name.padEnd(32)} ${value.toFixed(digits).padStart(6)} ${unit}${beside}\n`);
}

const kernelColumns: readonly Column[] = [
  { heading: "path, in instructions" },
  { heading: "Neuron", align: "right" },
  { heading: "least", align: "right" },
  { heading: "most", align: "right" },
  { heading: "budget", align: "right" },
  { heading: "seL4", align: "right" },
  { heading: "FreeRTOS", align: "right" },
  { heading: "xv6", align: "right" },
  { heading: "" },
];

const steadyColumns: readonly Column[] = [
  { heading: "for a long time" },
  { heading: "Neuron", align: "right" },
  { heading: "at most", align: "right" },
  { heading: "" },
];

const isBeyond = ({ value, limit }: SteadyFigure): boolean => value > limit;

function steadyRow(figure: SteadyFigure): string[] {
  const { name, value, limit } = figure;
  return [name, value.toFixed(2), limit.toFixed(2), isBeyond(figure) ? "OVER" : ""];
}

async function printKernel(words: BenchWords): Promise<number> {
  const { json, profile = "production", where } = words;
  if (where !== undefined) {
    return await printWhere(where, words);
  }
  const { figures, steady } = await benchKernel(profile);
  // A bring-up build checks itself as it runs; budgets are for what is meant to be fast.
  const isJudged = profile === "production";
  const isOver = ({ instructions, budget }: KernelFigure): boolean => isJudged && instructions > budget;
  const row = (figure: KernelFigure): string[] => [
    figure.name,
    ...[figure.instructions, figure.least, figure.most].map(number),
    isJudged ? number(figure.budget) : "",
    ...[figure.seL4, figure.freertos, figure.xv6].map(number),
    isOver(figure) ? "OVER" : "",
  ];
  if (json) {
    printJson([...figures, ...steady]);
  } else {
    process.stdout.write(formatTable(kernelColumns, figures.map(row)));
    process.stdout.write(`\n${formatTable(steadyColumns, steady.map(steadyRow))}`);
  }
  return figures.some(isOver) || steady.some(isBeyond) ? 1 : 0;
}

async function printWhere(row: string, { json, profile = "production" }: BenchWords): Promise<number> {
  const shares = await whereKernel(profile, row);
  const columns: readonly Column[] = [{ heading: "instructions", align: "right" }, { heading: "function" }];
  const cells = shares.map((share) => [number(share.instructions), share.function]);
  if (json) {
    printJson(shares);
  } else {
    process.stdout.write(formatTable(columns, cells));
  }
  return 0;
}

/** A count with its thousands apart; what was not measured is a dash. */
function number(value: number | undefined): string {
  return value === undefined ? "–" : value.toLocaleString("en-US");
}

function printJson(figures: readonly object[]): void {
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
}
