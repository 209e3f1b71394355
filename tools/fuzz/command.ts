// ./nx fuzz: the words of the command. What it does is in fuzz.ts.

import { type Command, InvalidArgumentError } from "commander";
import { integerBetween } from "../../host/args.ts";
import { Problem } from "../../host/problem.ts";
import type { FuzzWords, SeedRange } from "./words.ts";

const SEEDS_MAX = 10_000_000;
const SIZE_MAX = 100_000;
const JOBS_MAX = 64;

export function register(program: Command): void {
  program
    .command("fuzz")
    .description("run random programs two ways, and compare")
    .argument("<what>", "wasm: binaryen's random modules, in V8 and as RV64 on QEMU")
    .option("--seeds <first..last>", "the seeds of the modules (default: 0..199)", seedRange)
    .option("--size <bytes>", "make each module from this many random bytes", integerBetween(1, SIZE_MAX))
    .option(
      "--jobs <n>",
      "how many processes (default: one for every two cores)",
      integerBetween(1, JOBS_MAX),
    )
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Both ways have to give the same results, calls of imports, traps and final memory. An even seed is translated
as a guest is, an odd one with bounds checks. A module that differs is made smaller, and printed with the command
that repeats it.

Examples:
  ./nx fuzz wasm                          seeds 0..199, as CI does
  ./nx fuzz wasm --seeds 0..9999          some 20 minutes on two cores
  ./nx fuzz wasm --seeds 17 --size 400    one module again`,
    )
    .action(async (what: string, words: FuzzWords) => {
      if (what !== "wasm") {
        throw new Problem(`there is no fuzzer for ${what}`, { hints: ["wasm"], exitCode: 2 });
      }
      const { fuzzWasm } = await import("./fuzz.ts");
      process.exitCode = await fuzzWasm(words);
    });
}

function seedRange(text: string): SeedRange {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (first <= last && last <= SEEDS_MAX) {
    return { first, last };
  }
  throw new InvalidArgumentError(`a range of numbers up to ${SEEDS_MAX} is needed, as in 0..199.`);
}
