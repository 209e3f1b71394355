// ./nx debug: the words of the command, checked before anything runs. What it does is in debug.ts.

import type { Command } from "commander";
import { addMachineOptions } from "../boot/options.ts";
import type { DebugWords } from "./words.ts";

export function register(program: Command): void {
  const command = program
    .command("debug")
    .description("boot the embedded machine under gdb, with all symbols, up to the start of a program")
    .argument("[program]", "a program of the guest; by default the kernel")
    .argument("[words...]", "what the program is told")
    .option("--command <gdb>", "a command for gdb to begin with; can be given again", collect, []);
  addMachineOptions(command)
    .addHelpText(
      "after",
      `
gdb stops where the program begins, and goes backwards too (reverse-continue, reverse-step). Breakpoints in programs stop
this program only. "monitor help" lists what the machine can be asked.

Examples:
  ./nx debug                       the kernel, from its first line
  ./nx debug packagefsd            a service, as the system starts it
  ./nx debug nx ls fixtures        a program of the disk, with its words
  ./nx debug nx ls --seed 7 --chaos   with all that hardware may do`,
    )
    .action(async (name: string | undefined, args: readonly string[], words: DebugWords) => {
      const { debug } = await import("./debug.ts");
      process.exitCode = await debug(name, args, words);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
