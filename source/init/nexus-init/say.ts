/**
 * What nexus-init prints when something goes wrong: one line each, which says by name what failed, for which program,
 * and why.
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

/** The same with the name of a program. The name may come from the device tree, so it is made printable. */
export function sayOf(words: string, program: Program): Line {
  return say(words).printable(program.name, program.nameLength);
}

/** Why a call ended: the name of a Refusal, or of a status of packagefsd. */
export function because(words: Line, outcome: i32): Line {
  return words
    .text(" (")
    .text(outcome < 0 ? refusalName(outcome) : fsStatusName(outcome))
    .text(")");
}
