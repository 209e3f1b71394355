// ./nx bench: measures, and holds what it measured against targets and budgets.

import { type Command, Option } from "commander";
import type { BenchWords } from "../../bench/main.ts";

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure the system, and hold it against other systems, targets and budgets")
    .argument("[part]", "what is measured: kernel or machine; without it, all of them")
    .addOption(new Option("--json", "print the rows for programs"))
    .addOption(new Option("--svg <file>", "write a picture of the rows there"))
    .addOption(
      new Option(
        "--profile <name>",
        "kernel: the build that is measured; only production has targets and budgets",
      )
        .choices(["production", "bringup"])
        .default(undefined, "production"),
    )
    .addOption(new Option("--where <path>", "kernel: which functions take how many instructions of a path"))
    .addHelpText(
      "after",
      `
kernel counts instructions on the embedded machine: the figures are exact, and the same on any computer.
machine takes the best of several runs; its targets are ratios to what is measured beside them, which hold on any computer.
The exit code is 1 if a row is over its budget, or, where it has none, misses its target.

Examples:
  ./nx bench           everything
  ./nx bench kernel    what a system call, a message, a signal, a task's life take, beside other kernels
  ./nx bench kernel --where "call and reply, 4 words"
  ./nx bench machine   the embedded machine, beside a yardstick and beside QEMU`,
    )
    .action(async (part: string | undefined, words: BenchWords) => {
      const { bench } = await import("../../bench/main.ts");
      process.exitCode = await bench(part, words);
    });
}
