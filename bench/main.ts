// ./nx bench [PART]: which parts there are, and how their rows are printed.

import { requireOutputs, writeOutput } from "../host/outputs.ts";
import { Problem } from "../host/problem.ts";
import { type Column, formatTable } from "../host/report.ts";
import type { Profile } from "../toolchain/compile.ts";
import { benchBuild } from "./build.ts";
import { benchCode } from "./code.ts";
import { benchDisk } from "./disk.ts";
import { benchKernel, whereKernel } from "./kernel.ts";
import { benchMachine } from "./machine.ts";
import { drawRows } from "./picture.ts";
import { benchReliability } from "./reliability.ts";
import { isFailure, type PartName, partNames, type Row } from "./row.ts";
import { formatNumber, formatRows } from "./table.ts";

/** The command's options. */
export interface BenchWords {
  json?: true;
  /** The file for a picture of the rows. */
  svg?: string;
  /** For kernel. Default: production. */
  profile?: Profile;
  /** For kernel: the path of which every function is shown. */
  where?: string;
  /** For reliability: how often each kind of end comes. */
  rounds?: number;
}

/** Builds what is stale, and measures. */
const parts: Readonly<Record<PartName, (words: BenchWords) => Promise<Row[]>>> = {
  kernel: ({ profile = "production" }) => benchKernel(profile),
  code: () => benchCode(),
  machine: () => benchMachine(),
  disk: () => benchDisk(),
  reliability: ({ rounds }) => benchReliability(rounds),
  build: () => benchBuild(),
};

/**
 * Measures one part, or all of them, and prints. Gives the exit code: 0 if no row fails.
 *
 * @throws Problem for an unknown part, or an option of another part
 */
export async function bench(part: string | undefined, words: BenchWords): Promise<number> {
  const asked = part === undefined ? partNames : partNames.filter((name) => name === part);
  if (asked.length === 0) {
    throw new Problem(`there is no bench ${part}`, {
      hints: [`one of ${partNames.join(", ")}`],
      exitCode: 2,
    });
  }
  const { json, svg, profile, where, rounds } = words;
  if (part !== "reliability" && rounds !== undefined) {
    throw new Problem("--rounds is only for bench reliability", { hints: ["leave it out"], exitCode: 2 });
  }
  if (part !== "kernel" && (where !== undefined || profile !== undefined)) {
    const option = where === undefined ? "--profile" : "--where";
    throw new Problem(`${option} is only for bench kernel`, { hints: ["leave it out"], exitCode: 2 });
  }
  if (where !== undefined) {
    return await printWhere(where, words);
  }
  const picture = svg === undefined ? undefined : { word: "--svg", file: svg };
  requireOutputs(picture === undefined ? [] : [picture]);
  const rows: Row[] = [];
  for (const name of asked) {
    const measured = await parts[name](words);
    if (!json) {
      process.stdout.write(`${rows.length > 0 ? "\n" : ""}${formatRows(name, measured)}`);
    }
    rows.push(...measured);
  }
  if (json) {
    printJson(rows);
  }
  if (picture !== undefined) {
    writeOutput(picture, drawRows(rows));
  }
  return rows.some(isFailure) ? 1 : 0;
}

async function printWhere(row: string, { json, profile = "production" }: BenchWords): Promise<number> {
  const shares = await whereKernel(profile, row);
  const columns: readonly Column[] = [{ heading: "instructions", align: "right" }, { heading: "function" }];
  const cells = shares.map((share) => [formatNumber(share.instructions), share.function]);
  if (json) {
    printJson(shares);
  } else {
    process.stdout.write(formatTable(columns, cells));
  }
  return 0;
}

function printJson(rows: readonly object[]): void {
  process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
}
