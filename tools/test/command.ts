// ./nx test: types, style, build, then every test.

import { type Command, InvalidArgumentError } from "commander";
import { integerBetween } from "../../host/args.ts";
import { Problem } from "../../host/problem.ts";

interface Options {
  readonly riscvTests?: string;
  readonly wast?: string;
  readonly mutate?: boolean;
  readonly only?: string;
  readonly tests?: string;
  readonly shard?: Shard;
  readonly sample?: number;
  readonly list?: boolean;
  readonly write?: boolean;
  readonly jobs?: number;
  readonly json?: boolean;
}

interface Shard {
  readonly index: number;
  readonly count: number;
}

const SHARDS_MAX = 1000;
const JOBS_MAX = 64;
const DAYS_MAX = 1_000_000;

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
    .option(
      "--mutate",
      "take each check of the guest's code away, and expect that a test fails; nothing else",
    )
    .option("--only <part>", "with --mutate: only the checks whose name contains this")
    .option("--tests <part>", "with --mutate: only the test files whose path contains this")
    .option("--shard <k/n>", "with --mutate: only part k of n", shard)
    .option(
      "--sample <day>",
      "with --mutate: only what ./nx test takes away on that day",
      integerBetween(0, DAYS_MAX),
    )
    .option("--list", "with --mutate: name the checks, and take none away")
    .option("--write", "with --mutate: keep which test misses which check, in tools/test/mutate/caught.txt")
    .option("--jobs <n>", "with --mutate: how many processes", integerBetween(1, JOBS_MAX))
    .option("--json", "with --wast or --mutate: print every result as JSON")
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
      if (options.mutate === true) {
        const { mutate } = await import("./mutate/mutate.ts");
        process.exitCode = await mutate(options);
        return;
      }
      const { test } = await import("./test.ts");
      process.exitCode = await test(names);
    });
}

/** The three kinds of tests are run one at a time. Throws Problem for words that ask for more. */
function requireOneKind(names: readonly string[], { riscvTests, wast, mutate, json }: Options): void {
  const kinds = [
    ...(names.length > 0 ? [names.join(" ")] : []),
    ...(riscvTests === undefined ? [] : ["--riscv-tests"]),
    ...(wast === undefined ? [] : ["--wast"]),
    ...(mutate === undefined ? [] : ["--mutate"]),
  ];
  if (kinds.length > 1) {
    throw new Problem(`${kinds.join(" and ")} cannot be run at once`, {
      hints: ["run one of them at a time"],
      exitCode: 2,
    });
  }
  if (json === true && wast === undefined && mutate === undefined) {
    throw new Problem("--json is for --wast and --mutate alone", { hints: ["leave it out"], exitCode: 2 });
  }
}

function shard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (index >= 1 && index <= count && count <= SHARDS_MAX) {
    return { index, count };
  }
  throw new InvalidArgumentError(`a part is needed, as in 1/4, of up to ${SHARDS_MAX}.`);
}
