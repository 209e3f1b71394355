// ./nx run: the words of the command. What it does is in run.ts.

import type { Command } from "commander";
import { addMachine } from "../boot/options.ts";
import type { RunWords } from "./words.ts";

export function register(program: Command): void {
  const command = program
    .command("run")
    .description("boot, run one program of the guest, print its output, and end with its exit code")
    .argument("<app>", "its name, as in toolchain/programs.ts")
    .argument("[args...]", "its arguments; its options too, since ./nx run's own come before its name")
    .option("--verbose", "print the other lines of the console on standard error")
    .addHelpText(
      "after",
      "\nWithout --machine it runs on the embedded machine. Its standard input is ours, as lines of text.",
    )
    .passThroughOptions();
  addMachine(command).action(async (app: string, args: string[], words: RunWords) => {
    const { run } = await import("./run.ts");
    process.exitCode = await run(app, args, words);
  });
}
