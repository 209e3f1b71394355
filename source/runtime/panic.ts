/**
 * Where a failed assertion ends: one line on the console, then the task is over.
 *
 * A failed assertion means that this program is wrong. Bad input from another task is never asserted: that task gets a
 * Refusal. The compiler calls `abort` for `assert(…)`, because the build says `--use abort=~lib/runtime/panic/abort`; a
 * task that waits for this one sees `ExitCode.AssertionFailed`. Every program's main.ts begins with `setTaskName`, and
 * by that makes this file part of the program.
 */

import { ExitCode } from "abi/exit";
import { exit } from "./call";
import { line, print } from "./log";

let name: string = "task";
let aborting: bool = false;

/** What this task calls itself when an assertion fails. A literal. */
export function setTaskName(words: string): void {
  name = words;
}

/** asc's `abort`: `message` and `fileName` are literals or null, `lineNumber` and `column` count from 1. */
export function abort(message: string | null, fileName: string | null, lineNumber: u32, column: u32): void {
  // The line below reads the startup page, which asserts too: a bad page must not lead back here for ever.
  if (!aborting) {
    aborting = true;
    const words = line().text(name).text(": assertion failed");
    if (message !== null) {
      words.text(" (").text(message).text(")");
    }
    if (fileName !== null) {
      words.text(" at ").text(fileName).text(":").decimal(lineNumber).text(":").decimal(column);
    }
    print(words);
  }
  exit(ExitCode.AssertionFailed);
}
