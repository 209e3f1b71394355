// ./nx fuzz: the words of the command. What it does is in fuzz.ts, for the translator in translator/fuzz.ts.

import { type Command, InvalidArgumentError } from "commander";
import { integerBetween, minutes } from "../../host/args.ts";
import { Problem } from "../../host/problem.ts";
import { type FuzzWords, SEEDS_MAX, type SeedRange } from "./words.ts";

const SIZE_MAX = 100_000;
const JOBS_MAX = 64;
const RUNS_MAX = 1_000_000_000;

export function register(program: Command): void {
  program
    .command("fuzz")
    .description("run code with random inputs, and judge each run")
    .argument("<target>", "all, or one of the targets below")
    .option("--minutes <n>", "how long a session takes, as in 0.1 (default: 1)", minutes)
    .option("--runs <n>", "end a session after this many inputs", integerBetween(1, RUNS_MAX))
    .option("--seed <n>", "the seed of a session (default: 1)", integerBetween(0, SEEDS_MAX))
    .option("--input <file>", "run the one input that this file has")
    .option("--grow", "add inputs that reach something new to tools/fuzz/corpus")
    .option(
      "--seeds <first..last>",
      "wasm: the seeds of the modules (default: 0..199); calls: those of the runs (1..100, or as many as --minutes allows)",
      seedRange,
    )
    .option(
      "--size <bytes>",
      "wasm: make each module from this many random bytes",
      integerBetween(1, SIZE_MAX),
    )
    .option("--jobs <n>", "wasm, calls: how many processes", integerBetween(1, JOBS_MAX))
    .option("--json", "wasm: print the result as JSON")
    .addHelpText(
      "after",
      `
Targets:
  fdt, elf, capnp, image, keys, text   libraries of the guest, as Wasm in this process
  virtio                               the disk's driver and the kernel's ring, before a device that lies
  dts, dtb, schema, recording,         what the host reads
  gdb, options
  gdb-session                          gdb and the embedded machine: whole sessions
  calls                                system calls of several tasks and harts, on the embedded machine with chaos
  wasm                                 the translator: binaryen's random modules, in V8 and as RV64 on QEMU
  all                                  each target but calls and wasm in turn

A session keeps the inputs that reach something new, and changes them again. Its seed and --runs repeat it. An input that fails is made smaller, and printed with the command that repeats it. docs/security/fuzzing.md has more.

Modules of wasm have to give the same results, calls of imports, traps and final memory both ways. An even seed is
translated as a guest is, an odd one with bounds checks.

Examples:
  ./nx fuzz fdt --minutes 10              the device-tree reader
  ./nx fuzz all --minutes 0.2 --seed 7    every target of this process for twelve seconds
  ./nx fuzz calls --minutes 60            as many runs as an hour allows
  ./nx fuzz calls --seeds 1..1000         a thousand runs (the same as ./nx explore --run "attacker many calls")
  ./nx fuzz wasm --seeds 0..9999          some 20 minutes on two cores
  ./nx fuzz wasm --seeds 17 --size 400    one module again`,
    )
    .action(async (name: string, words: FuzzWords) => {
      process.exitCode = await fuzz(name, words);
    });
}

async function fuzz(name: string, words: FuzzWords): Promise<number> {
  if (name === "wasm") {
    const { fuzzWasm } = await import("./translator/fuzz.ts");
    return fuzzWasm(words);
  }
  if (name === "calls") {
    const { fuzzCalls } = await import("./calls.ts");
    return fuzzCalls(words);
  }
  const { fuzzInput, fuzzTargets } = await import("./fuzz.ts");
  const { targets } = await import("./targets/all.ts");
  if (name === "all") {
    return fuzzTargets(targets, words);
  }
  const target = targets.find((one) => one.name === name);
  if (target === undefined) {
    const names = [...targets.map((one) => one.name), "calls", "wasm", "all"];
    throw new Problem(`there is no fuzzer for ${name}`, { hints: [names.join(", ")], exitCode: 2 });
  }
  return words.input === undefined ? fuzzTargets([target], words) : fuzzInput(target, words.input);
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
