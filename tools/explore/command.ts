// ./nx explore: the words of the command. What it does is in explore.ts, what a worker does in worker.ts.

import { cpus } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { integerBetween, minutes, someText } from "../../host/args.ts";
import { SMP_MAX } from "../boot/options.ts";
import type { ExploreWords, Shard } from "./words.ts";

const WORKERS_MAX = 64;
const SHARDS_MAX = 10_000;

/** How much of `nexus,run` the guest takes: STARTUP_ARGUMENT_BYTES and COMMANDS_MAX there. */
const RUN_BYTES_MAX = 128;
const RUN_COMMANDS_MAX = 4;

export function register(program: Command): void {
  program
    .command("explore")
    .description(
      "run the self-tests once for each seed, on the embedded machine, and find the seeds that fail",
    )
    .addOption(
      new Option("--seeds <range>", "the first and the last seed")
        .argParser(range)
        .default({ first: 1n, last: 100n }, "1..100"),
    )
    .option("--minutes <n>", "begin with no more seeds after this time, as in 0.5", minutes)
    .addOption(new Option("--smp <harts>", "harts").argParser(integerBetween(1, SMP_MAX)).default(SMP_MAX))
    .option("--chaos [kinds]", "all that hardware may do and QEMU does not, or only these kinds of it")
    .option("--fault <plan>", "faults of the disk")
    .option("--from <line>", "boot once up to this console line, and use the seeds from there on", someText)
    .option(
      "--run <words>",
      "what the guest runs; by default the seeds take turns among self-tests and attacks",
      commands,
    )
    .option("--no-disk", "a machine without a disk")
    .option("--legacy", "the disk speaks virtio-mmio version 1")
    .option("--aclint", "a machine whose kernel sends interrupts between harts itself (ACLINT SSWI)")
    .addOption(
      new Option("--shard <i/n>", "explore only the i-th of n parts")
        .argParser(shard)
        .default({ index: 1, count: 1 }, "1/1"),
    )
    .addOption(
      new Option("--workers <number>", "how many processes run side by side")
        .argParser(integerBetween(1, WORKERS_MAX))
        .default(Math.min(cpus().length, WORKERS_MAX), "one for each core"),
    )
    .option("--keep <folder>", "where the recordings of failed seeds go", "build/explore")
    .option("--json", "print a JSON report")
    .addOption(new Option("--worker", "a worker, which the command starts for itself").hideHelp())
    .action(async (words: ExploreWords) => {
      if (words.worker) {
        const { work } = await import("./worker.ts");
        await work();
        return;
      }
      const { explore } = await import("./explore.ts");
      process.exitCode = await explore(words);
    });
}

function range(text: string): ExploreWords["seeds"] {
  const [, first, last] = /^([0-9]{1,19})(?:\.\.([0-9]{1,19}))?$/.exec(text) ?? [];
  if (first === undefined || BigInt(last ?? first) < BigInt(first)) {
    throw new InvalidArgumentError("a range such as 1..1000 is needed, or one number.");
  }
  return { first: BigInt(first), last: BigInt(last ?? first) };
}

/** Commands, as nexus-init takes them (source/init/nexus-init/run/argument.ts). */
function commands(text: string): string {
  const isWhole = text.split(";").every((command) => command.trim() !== "") && !/\p{Cc}/u.test(text);
  const isShort = Buffer.byteLength(text) <= RUN_BYTES_MAX && text.split(";").length <= RUN_COMMANDS_MAX;
  if (isWhole && isShort) {
    return text;
  }
  throw new InvalidArgumentError(
    `commands with semicolons between them are needed, up to ${RUN_COMMANDS_MAX} and ${RUN_BYTES_MAX} bytes.`,
  );
}

function shard(text: string): Shard {
  const [, index, count] = /^([0-9]{1,5})\/([0-9]{1,5})$/.exec(text) ?? [];
  const parsed = { index: Number(index), count: Number(count) };
  if (!(parsed.index >= 1 && parsed.index <= parsed.count && parsed.count <= SHARDS_MAX)) {
    throw new InvalidArgumentError("a part such as 2/8 is needed.");
  }
  return parsed;
}
