// ./nx playground: the words of the command. What it does is in playground.ts.

import type { Command } from "commander";
import { integerBetween } from "../../host/args.ts";
import type { PlaygroundWords } from "./words.ts";

const PORT_MAX = 65_535;
const PORT_DEFAULT = 7280;

export function register(program: Command): void {
  program
    .command("playground")
    .description("the machine in a browser: the console, a picture of the harts, every moment of a run")
    .option("--build [folder]", "make a folder for any static host, and serve nothing (build/playground)")
    .option("--port <port>", "serve on this local port", integerBetween(0, PORT_MAX), PORT_DEFAULT)
    .option("--picture <file>", "take the README's picture with Chromium, and serve nothing after it")
    .option("--no-open", "leave the browser alone")
    .addHelpText(
      "after",
      `
Keys in the page:
  space                  run, or stand still
  left, right            one instruction of the chosen hart; with shift: its next trap
  up, down               choose a hart
  home, end              the start of the run; the present
  +, -, a, f             zoom in and out; the whole run; fold the time in which every hart waits
  c, F6                  to the console, and out of it`,
    )
    .action(async (words: PlaygroundWords) => {
      const { playground } = await import("./playground.ts");
      process.exitCode = await playground(words);
    });
}
