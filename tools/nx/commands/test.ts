// ./nx test: types, lint, build, then every test.

import type { Command } from "commander";

export function register(program: Command): void {
  program
    .command("test")
    .description("check types and style, build, run every test (or those whose file name contains a word)")
    .argument("[names...]", "parts of test file names")
    .action(async (names: string[]) => {
      const { test } = await import("../test.ts");
      process.exitCode = await test(names);
    });
}
