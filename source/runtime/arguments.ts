/**
 * The words that this program was started with: `./nx run cat fixtures/hello.txt` and `run cat fixtures/hello.txt` in the
 * shell give `cat` one. Spaces separate them; what quotation marks enclose is one word. The words lie in memory of this
 * module for as long as the program runs.
 *
 *     for (let i: u32 = 0; i < argumentCount(); i++) {
 *       print(line().bytes(argumentStart(i), argumentLength(i)));
 *     }
 *
 * A program that wants the text as it is takes `startup().argument` (startup.ts).
 */
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { lengthToZero } from "text/bytes";
import { COMMAND_LINE_BYTES, CommandLine } from "./command-line";
import { startup } from "./startup";

const words = changetype<CommandLine>(memory.data(<i32>COMMAND_LINE_BYTES, 8));
let isParsed: bool = false;

/** How many words there are: 0 to WORDS_MAX (command-line.ts). What follows them, or a missing quotation mark, is left out. */
export function argumentCount(): u32 {
  return parsed().count;
}

/** Where word `index` begins, from 0 on; UTF-8 without a zero at its end. */
export function argumentStart(index: u32): usize {
  return parsed().wordStart(index);
}

/** How many bytes word `index` has; 0 behind the last word. */
export function argumentLength(index: u32): u32 {
  return parsed().wordLength(index);
}

function parsed(): CommandLine {
  if (!isParsed) {
    const text = startup().argument;
    words.parse(text, lengthToZero(text, STARTUP_ARGUMENT_BYTES));
    isParsed = true;
  }
  return words;
}
