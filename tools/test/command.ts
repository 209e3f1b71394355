// ./nx test: types, style, build, then every test.

import type { Command } from "commander";
import { Problem } from "../../host/problem.ts";

interface Options {
  readonly riscvTests?: string;
  readonly wast?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("test")
    .description("check types and style, build, and run every test")
    .argument("[names...]", "run only test files whose path contains one of these, and check nothing else")
    .option(
      "--riscv-tests <dir>",
      "run a folder of riscv-tests programs on the embedded machine, and nothing else",
    )
    .option(
      "--wast <dir>",
      "run a folder of .wast files (WebAssembly's tests) as RV64 on QEMU, and nothing else",
    )
    .option("--json", "with --wast: print every file's result as JSON")
    .addHelpText(
      "after",
      `
The last line is the count: N passed, N failed, N skipped. Without QEMU the tests that need it are skipped, and named.

Examples:
  ./nx test                everything
  ./nx test libs/fdt       the tests of one library
  ./nx test architecture   only the checks of the imports
  ./nx test --wast build/wast/spec   the WebAssembly specification's tests: assertions passed, failed and left out`,
    )
    .action(async (names: string[], options: Options) => {
      requireOneKind(names, options);
      const { riscvTests, wast: wastFolder, json = false } = options;
      if (wastFolder !== undefined) {
        const { wast } = await import("./wast/wast.ts");
        const { progressOn } = await import("../../host/report.ts");
        process.exitCode = await wast(wastFolder, json, progressOn(process.stderr));
        return;
      }
      if (riscvTests !== undefined) {
        const { conformance } = await import("./conformance/conformance.ts");
        process.exitCode = await conformance(riscvTests);
        return;
      }
      const { test } = await import("./test.ts");
      process.exitCode = await test(names);
    });
}

/** The three kinds of tests are run one at a time. Throws Problem for words that ask for more. */
function requireOneKind(names: readonly string[], { riscvTests, wast, json }: Options): void {
  const kinds = [
    ...(names.length > 0 ? [names.join(" ")] : []),
    ...(riscvTests === undefined ? [] : ["--riscv-tests"]),
    ...(wast === undefined ? [] : ["--wast"]),
  ];
  if (kinds.length > 1) {
    throw new Problem(`${kinds.join(" and ")} cannot be run at once`, {
      hints: ["run one of them at a time"],
      exitCode: 2,
    });
  }
  if (json === true && wast === undefined) {
    throw new Problem("--json is for --wast alone", { hints: ["leave it out"], exitCode: 2 });
  }
}
