// ./nx test: types, style, build, then every test.

import type { Command } from "commander";

export function register(program: Command): void {
  program
    .command("test")
    .description("check types and style, build, and run every test")
    .argument("[names...]", "run only test files whose path contains one of these, and check nothing else")
    .option(
      "--riscv-tests <dir>",
      "run a folder of riscv-tests programs on the embedded machine, and nothing else",
    )
    .addHelpText(
      "after",
      `
The last line is the count: N passed, N failed, N skipped. What needs QEMU is skipped, by name, where QEMU is missing.

Examples:
  ./nx test                everything
  ./nx test libs/fdt       the tests of one library
  ./nx test architecture   only what checks the imports`,
    )
    .action(async (names: string[], { riscvTests }: { riscvTests?: string }) => {
      if (riscvTests !== undefined) {
        const { conformance } = await import("../../conformance/command.ts");
        process.exitCode = await conformance(riscvTests);
        return;
      }
      const { test } = await import("../test.ts");
      process.exitCode = await test(names);
    });
}
