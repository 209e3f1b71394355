// ./nx new and ./nx remove: the words of the commands. What they do is in new.ts.

import type { Command } from "commander";

export function register(program: Command): void {
  const make = program.command("new").description("begin a program of the guest");
  make
    .command("app")
    .description(
      "make a program that is run from the disk: its code, its test, and its row in toolchain/programs.ts",
    )
    .argument("<name>", "its name: 1 to 16 of a-z, 0-9 and '-'")
    .action(async (name: string) => {
      const { newApp } = await import("./new.ts");
      process.stdout.write(newApp(name));
    });
  program
    .command("remove")
    .description("take back what ./nx new has made")
    .argument("<name>", "the program's name")
    .action(async (name: string) => {
      const { removeApp } = await import("./new.ts");
      process.stdout.write(removeApp(name));
    });
}
