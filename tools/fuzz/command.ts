// ./nx fuzz wasm: random modules in V8 and as RV64.

import { type Command, InvalidArgumentError } from "commander";
import { integerBetween } from "../../host/args.ts";
import { Problem } from "../../host/problem.ts";
import { formatDuration, paintFor } from "../../host/report.ts";
import type { FuzzResult } from "./run.ts";

const SEEDS_MAX = 10_000_000;
const SIZE_MAX = 100_000;
const JOBS_MAX = 64;
const BAR_CHARACTERS = 30;
/** Where there is no terminal, a line is printed every so many percent. */
const LINE_PERCENT = 5;

interface Options {
  readonly seeds?: { readonly first: number; readonly last: number };
  readonly size?: number;
  readonly jobs?: number;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("fuzz")
    .description("run random programs two ways, and compare")
    .argument("<what>", "wasm: binaryen's random modules, in V8 and as RV64 on QEMU")
    .option("--seeds <first..last>", "which modules (0..199)", seedRange)
    .option("--size <bytes>", "make each module from so many random bytes", integerBetween(1, SIZE_MAX))
    .option("--jobs <n>", "so many processes (one for every two cores)", integerBetween(1, JOBS_MAX))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Results of calls, calls of imports, traps and the memory at the end have to be the same. An even seed is translated as a
guest is, an odd one with bounds checks. A seed that differs is made smaller, and printed with the command that repeats it.

Examples:
  ./nx fuzz wasm                          seeds 0..199, as CI does
  ./nx fuzz wasm --seeds 0..9999          some 20 minutes on two cores
  ./nx fuzz wasm --seeds 17 --size 400    one module again`,
    )
    .action(async (what: string, options: Options) => {
      if (what !== "wasm") {
        throw new Problem(`there is no fuzzer for ${what}`, { hints: ["wasm"], exitCode: 2 });
      }
      process.exitCode = await fuzzWasm(options);
    });
}

function seedRange(text: string): { first: number; last: number } {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (first <= last && last <= SEEDS_MAX) {
    return { first, last };
  }
  throw new InvalidArgumentError(`a range of numbers up to ${SEEDS_MAX} is needed, as in 0..199.`);
}

async function fuzzWasm({ seeds = { first: 0, last: 199 }, size, jobs, json }: Options): Promise<number> {
  const { qemuProgram } = await import("../boot/qemu.ts");
  const { requireQemu } = await import("../boot/qemu-facts.ts");
  await requireQemu(qemuProgram());
  const { fuzz } = await import("./run.ts");
  const { fuzzInWorkers, workersFor } = await import("./workers.ts");
  const begin = performance.now();
  const count = seeds.last - seeds.first + 1;
  const workers = Math.min(jobs ?? workersFor(count), count);
  const request = { ...seeds, size, onBatch: progressBar(count, begin) };
  const result = workers > 1 ? await fuzzInWorkers(request, workers) : await fuzz(request);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : report(result, performance.now() - begin));
  return result.differences.length === 0 ? 0 : 1;
}

/** Shows how far it is: a bar on a terminal, a line now and then elsewhere. */
function progressBar(total: number, begin: number): (done: number, differences: number) => void {
  const { stderr } = process;
  let shownPercent = 0;
  return (done, differences) => {
    const percent = Math.floor((100 * done) / total);
    const rate = (1000 * done) / (performance.now() - begin);
    const text = `${done} of ${total} seeds, ${differences} different, ${rate.toFixed(1)} a second`;
    if (stderr.isTTY) {
      const filled = Math.round((BAR_CHARACTERS * done) / total);
      const bar = "█".repeat(filled) + "░".repeat(BAR_CHARACTERS - filled);
      stderr.write(`\r\x1b[K  ${bar}  ${text}${done === total ? "\n" : ""}`);
    } else if (percent >= shownPercent + LINE_PERCENT || done === total) {
      shownPercent = percent;
      stderr.write(`  ${text}\n`);
    }
  };
}

function report({ seeds, calls, differences }: FuzzResult, milliseconds: number): string {
  const paint = paintFor(process.stdout);
  const lines = differences.flatMap(({ seed, size, emission, what, file }) => [
    `${paint.bad("different:")} seed ${seed}, translated ${emission}: ${what}`,
    `  repeat: ./nx fuzz wasm --seeds ${seed} --size ${size}`,
    `  module: ${file}`,
  ]);
  const count =
    differences.length === 0 ? paint.good("no difference") : paint.bad(`${differences.length} different`);
  lines.push(`${count} in ${seeds} seeds, ${calls} calls, ${formatDuration(milliseconds)}`);
  return `${lines.join("\n")}\n`;
}
