/**
 * What nexus-init says when something goes wrong: one line each, and in it what failed, to whom, and why, by name.
 */

import { line } from "runtime/log";
import { refusalName } from "runtime/names";
import { fsStatusName } from "runtime/packages";
import { Line } from "text/line";
import { Program } from "./topology";

/** The beginning of every line of this task. */
export function say(words: string): Line {
  return line().text("nexus-init: ").text(words);
}

/** The same, and the program that it is about; its name may come from the device tree, so it is made printable. */
export function sayOf(words: string, program: Program): Line {
  return say(words).printable(program.name, program.nameLength);
}

/** Why a call ended: a Refusal by its name, or a status of packagefsd by its. */
export function because(words: Line, outcome: i32): Line {
  return words
    .text(" (")
    .text(outcome < 0 ? refusalName(outcome) : fsStatusName(outcome))
    .text(")");
}
