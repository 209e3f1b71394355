// ./nx bench: measures, and holds the figures against their goals.

import { type Command, Option } from "commander";
import type { Profile } from "../../toolchain/compile.ts";

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure a part of the system, and hold the figures against their goals")
    .argument("<part>", "what is measured: kernel or machine")
    .addOption(new Option("--json", "print the figures for programs"))
    .addOption(
      new Option("--profile <name>", "kernel: the build that is measured; only production has budgets")
        .choices(["production", "bringup"])
        .default(undefined, "production"),
    )
    .addOption(new Option("--where <path>", "kernel: which functions take how many instructions of a path"))
    .addHelpText(
      "after",
      `
kernel counts instructions on the embedded machine: the figures are exact, and the same on any computer.
machine takes the best of several runs; its goals are ratios to what is measured beside them, which hold on any computer.

Examples:
  ./nx bench kernel    what a system call, a message, a signal, a task's life take, beside other kernels
  ./nx bench kernel --where "call and reply, 4 words"
  ./nx bench machine   the embedded machine, beside a yardstick and beside QEMU`,
    )
    .action(async (part: string, words: { json?: true; profile?: Profile; where?: string }) => {
      const { bench } = await import("../../bench/main.ts");
      process.exitCode = await bench(part, {
        json: words.json === true,
        profile: words.profile,
        where: words.where,
      });
    });
}
