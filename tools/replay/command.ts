// ./nx replay: the words of the command. What it does is in replay.ts.

import type { Command } from "commander";
import { gdbOption, someText } from "../../host/args.ts";
import type { ReplayWords } from "./words.ts";

export function register(program: Command): void {
  program
    .command("replay")
    .description("repeat a recorded run, to its end or up to a given place")
    .argument("<file>", "a recording by ./nx boot --record or ./nx explore")
    .option(
      "--stop-at <where>",
      "stop at an instruction count, at panic, or at a part of a console line",
      someText,
    )
    .addOption(gdbOption().conflicts(["stopAt", "trace", "json"]))
    .option(
      "--trace <file>",
      "write every event to this file: as lines, or for trace viewers if its name ends in .json",
    )
    .option(
      "--no-translation",
      "interpret everything instead of translating hot code to Wasm; the run is the same",
    )
    .option("--json", "print a JSON report instead of the console")
    .action(async (file: string, words: ReplayWords) => {
      const { replay } = await import("./replay.ts");
      process.exitCode = await replay(file, words);
    });
}
