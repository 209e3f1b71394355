// ./nx bench: measures, and holds the figures against their goals.

import { type Command, Option } from "commander";

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure a part of the system, and hold the figures against their goals")
    .argument("<part>", "what is measured: machine")
    .addOption(new Option("--json", "print the figures for programs"))
    .addHelpText(
      "after",
      `
Figures are the best of several runs, but a busy computer makes all of them smaller: ratios say more.

Example:
  ./nx bench machine   the embedded machine, in instructions a second, and beside QEMU`,
    )
    .action(async (part: string, words: { json?: true }) => {
      const { bench } = await import("../../../bench/main.ts");
      process.exitCode = await bench(part, words.json === true);
    });
}
