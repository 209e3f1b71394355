// ./nx replay: the words of the command. What it does is in replay.ts.

import type { Command } from "commander";
import { gdbOption, someText } from "../../host/args.ts";
import type { ReplayWords } from "./words.ts";

export function register(program: Command): void {
  program
    .command("replay")
    .description("go through a recorded run again, to its end or to a place of interest")
    .argument("<file>", "what ./nx boot --record or ./nx explore wrote")
    .option("--stop-at <where>", "an instruction count, panic, or a part of a console line", someText)
    .addOption(gdbOption().conflicts(["stopAt", "trace", "json"]))
    .option(
      "--trace <file>",
      "write every event there: lines, or for a name in .json what trace viewers open",
    )
    .option(
      "--no-translation",
      "interpret everything instead of translating hot code to Wasm; the run is the same",
    )
    .option("--json", "print a report for programs instead of the console")
    .action(async (file: string, words: ReplayWords) => {
      const { replay } = await import("./replay.ts");
      process.exitCode = await replay(file, words);
    });
}
