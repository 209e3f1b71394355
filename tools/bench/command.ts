// ./nx bench: measures the system, and compares the rows with targets and budgets.

import { type Command, Option } from "commander";
import type { BenchWords } from "../../bench/main.ts";
import { integerBetween } from "../../host/args.ts";

/** So many rounds take days. */
const ROUNDS_MAX = 1_000_000;

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure the system, and compare it with other systems, targets and budgets")
    .argument("[part]", "kernel, code, machine, disk, reliability or build; by default all of them")
    .addOption(new Option("--json", "print the rows as JSON"))
    .addOption(new Option("--svg <file>", "draw the rows into this file"))
    .addOption(
      new Option("--profile <name>", "kernel: the build to measure; only production has targets and budgets")
        .choices(["production", "bringup"])
        .default(undefined, "production"),
    )
    .addOption(
      new Option("--rounds <number>", "reliability: how often each kind of end comes").argParser(
        integerBetween(1, ROUNDS_MAX),
      ),
    )
    .addOption(new Option("--where <path>", "kernel: how many instructions of a path each function takes"))
    .addHelpText(
      "after",
      `
kernel counts instructions on the embedded machine: the figures are exact, and the same on every computer.
code counts programs in TypeScript and in C in the same way: what our translation costs.
reliability has services end in the middle of reads, and counts what went wrong.
disk counts in the same way what reading costs, and boots QEMU to compare the speed with a program without a system.
machine and build take the best of several runs. Their targets are ratios to a measurement of the same run, so they hold
on every computer. The exit code is 1 if a row is over its budget, or misses its target and has no budget.

Examples:
  ./nx bench           everything
  ./nx bench kernel    the cost of a system call, a message, a signal and a task's life, beside other kernels
  ./nx bench kernel --where "call and reply, 4 words"
  ./nx bench code      guest TypeScript beside the same algorithms in C
  ./nx bench machine   the embedded machine, beside a yardstick and beside QEMU
  ./nx bench reliability --rounds 1000
                       services that end in the middle of reads, and harts that stop and start
  ./nx bench disk      reading the disk with several reads in flight
  ./nx bench build     ./nx build with nothing to do, after a change, and from nothing`,
    )
    .action(async (part: string | undefined, words: BenchWords) => {
      const { bench } = await import("../../bench/main.ts");
      process.exitCode = await bench(part, words);
    });
}
