// ./nx boot: the words of the command, checked before anything runs. What it does is in boot.ts.

import type { Command } from "commander";
import { gdbOption } from "../../host/args.ts";
import { addMachineOptions } from "./options.ts";
import type { BootWords } from "./words.ts";

export function register(program: Command): void {
  const command = program
    .command("boot")
    .description("build what is stale, boot, watch every marker and check every proof")
    .option("--qemu-tree", "boot with the device tree that QEMU makes itself")
    .addOption(gdbOption());
  addMachineOptions(command).action(async (words: BootWords) => {
    const { boot } = await import("./boot.ts");
    const { timeout, ...others } = words;
    // A person with a debugger takes longer than any boot.
    const isPatient = words.gdb !== undefined && command.getOptionValueSource("timeout") === "default";
    process.exitCode = await boot(isPatient ? others : words);
  });
}
