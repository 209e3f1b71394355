/**
 * The commands, as one table, and how a line becomes one of them: a command is the first one, two or three words of a
 * line, what follows are its arguments.
 */

import { COMMAND_LINE_BYTES, CommandLine, Flaw } from "runtime/command-line";
import { print } from "runtime/log";
import { equals } from "text/bytes";
import { LINE_STATE_BYTES, Line } from "text/line";
import { beginAnswer, beginRow, endAnswer, endRow, say, words } from "./answer";
import { answerCat, answerLs } from "./files";
import { answerVblkInfo } from "./hardware/disk";
import { answerIrq, answerSbi } from "./hardware/firmware";
import { answerSmp, restart, stop } from "./hardware/harts";
import { answerTree } from "./hardware/tree";
import { answerJobs } from "./jobs";
import { COMPARED_BYTES_MAX, distance, FAR } from "./suggest";
import { answerKill, answerPs, answerRun } from "./tasks";
import { answerAudit } from "./trail";

/** The outcome of a line. The first three are exit codes (abi/exit.ts). */
export const enum Outcome {
  Answered = 0,
  /** The system could not answer; a line has said why. */
  Failed = 1,
  /** The line was no command; a message has said so. */
  Unknown = 2,
  /** `poweroff`. */
  PowerOff = 3,
  /** The line was empty. */
  Empty = 4,
}

/** A guess may be one change away for each this many letters, and always one. */
const LETTERS_PER_CHANGE: u32 = 3;
const WORDS_OF_COMMAND_MAX: u32 = 3;
/** How much of a line is repeated in a sentence about it. */
const SHOWN_BYTES_MAX: u32 = 40;
/** The longest text that `echo` repeats. */
const ECHO_BYTES_MAX: u32 = 240;

/** A row of the table. */
@unmanaged
@final
class Command {
  /** One to three words. */
  name: string;
  /** Its arguments, as `help` shows them. */
  use: string;
  help: string;
  /** Executes the command for that line. If that fails, prints why and returns false. */
  act: (line: CommandLine) => bool;

  is(name: string, use: string, help: string, act: (line: CommandLine) => bool): bool {
    this.name = name;
    this.use = use;
    this.help = help;
    this.act = act;
    return true;
  }
}

/** The line that is executed. */
const typed = changetype<CommandLine>(memory.data(<i32>COMMAND_LINE_BYTES, 8));
/** The current row of a search through the table. */
const row = changetype<Command>(memory.data(offsetof<Command>(), 8));

/** The table: command, its arguments, what it does, and the function that does it. False behind the last row. */
function describe(index: u32, row: Command): bool {
  switch (index) {
    case 0:
      return row.is("hw smp", "", "the harts that are online, with counters", answerSmp);
    case 1:
      return row.is("hw vblk info", "", "the virtio disk", answerVblkInfo);
    case 2:
      return row.is("hw dt", "", "the device tree", answerTree);
    case 3:
      return row.is("hw sbi", "", "the firmware below the kernel", answerSbi);
    case 4:
      return row.is("hw irq", "", "the interrupts that a task waits for", answerIrq);
    case 5:
      return row.is("hart stop", "N", "stops a hart; its tasks go on elsewhere", stop);
    case 6:
      return row.is("hart start", "N", "starts it again", restart);
    case 7:
      return row.is("ps", "", "the tasks", answerPs);
    case 8:
      return row.is("jobs", "", "what each program may have, and has", answerJobs);
    case 9:
      return row.is("audit", "", "what kernel and services have recorded", answerAudit);
    case 10:
      return row.is("ls", "[path]", "what is in a directory of pkg://", answerLs);
    case 11:
      return row.is("cat", "path", "what is in a file", answerCat);
    case 12:
      return row.is("run", "program [argument…]", "runs a program of pkg://bin", answerRun);
    case 13:
      return row.is(
        "kill",
        "service [ms]",
        "ends a service or this shell; nexus-init starts it again",
        answerKill,
      );
    case 14:
      return row.is("echo", "text", "the text again", echo);
    case 15:
      return row.is("help", "", "this list", answerHelp);
    case 16:
      return row.is("poweroff", "", "turns the machine off", nothing);
    default:
      return false;
  }
}

/** Executes a line. */
export function execute(line: usize, length: u32): Outcome {
  const flaw = typed.parse(line, length);
  if (flaw !== Flaw.None) {
    print(say(flawText(flaw)));
    return Outcome.Unknown;
  }
  if (typed.count === 0) {
    return Outcome.Empty;
  }
  for (let index: u32 = 0; describe(index, row); index++) {
    if (!isNamed(row)) {
      continue;
    }
    if (equals(typed.wordStart(0), typed.wordLength(0), "poweroff")) {
      return Outcome.PowerOff;
    }
    beginAnswer();
    if (!row.act(typed)) {
      return Outcome.Failed;
    }
    endAnswer();
    return Outcome.Answered;
  }
  sayUnknown();
  return Outcome.Unknown;
}

function flawText(flaw: Flaw): string {
  if (flaw === Flaw.OpenQuote) {
    return "a closing quotation mark is missing";
  }
  return flaw === Flaw.TooManyWords ? "the line has too many words" : "the line is too long";
}

/** Whether the first words of the line are this command. */
function isNamed(command: Command): bool {
  const count = wordsOf(command.name);
  const beginning = firstWords(count);
  return typed.count >= count && equals(beginning.address, beginning.length, command.name);
}

/** Says that the line is no command, and suggests one that may have been meant. */
function sayUnknown(): void {
  const nearest = nearestCommand();
  let beginnings: u32 = 0;
  for (let index: u32 = 0; describe(index, row); index++) {
    if (isBeginning(row.name)) {
      beginnings += 1;
    }
  }
  if (beginnings > 0) {
    return sayBeginnings();
  }
  const shown = min<u32>(typed.restLength(0), SHOWN_BYTES_MAX);
  const sentence = say('no such command: "').printable(typed.restStart(0), shown).text('"');
  if (describe(nearest, row)) {
    sentence.text(' (did you mean "').text(row.name).text('"?)');
  } else {
    sentence.text(" (help lists them)");
  }
  print(sentence);
}

/** Whether the whole line is the beginning of that command's name. */
function isBeginning(name: string): bool {
  const beginning = firstWords(typed.count);
  return (
    !beginning.truncated &&
    beginning.length < <u32>name.length &&
    beginsName(name, beginning) &&
    separates(name, beginning.length)
  );
}

function beginsName(name: string, beginning: Line): bool {
  for (let i: u32 = 0; i < beginning.length; i++) {
    if (
      <u16>load<u8>(beginning.address + <usize>i) !== load<u16>(changetype<usize>(name) + ((<usize>i) << 1))
    ) {
      return false;
    }
  }
  return true;
}

function separates(name: string, place: u32): bool {
  return load<u16>(changetype<usize>(name) + ((<usize>place) << 1)) === 0x20;
}

function sayBeginnings(): void {
  const sentence = say("that needs another word:");
  for (let index: u32 = 0; describe(index, row); index++) {
    if (isBeginning(row.name)) {
      sentence.text(" ").text(row.name).text(",");
    }
  }
  print(withoutLast(sentence));
}

/** The sentence without the comma at its end. */
function withoutLast(sentence: Line): Line {
  if (sentence.length > 0) {
    store<u8>(sentence.address + <usize>(sentence.length - 1), 0x2e);
  }
  return sentence;
}

/** The row of the command that is nearest to the line; one behind the last if none is near. */
function nearestCommand(): u32 {
  let best: u32 = FAR;
  let found: u32 = u32.MAX_VALUE;
  for (let index: u32 = 0; describe(index, row); index++) {
    const beginning = firstWords(min<u32>(wordsOf(row.name), typed.count));
    const far = distance(beginning.address, beginning.length, row.name);
    if (far > max<u32>(1, <u32>row.name.length / LETTERS_PER_CHANGE) || far >= best) {
      continue;
    }
    best = far;
    found = index;
  }
  return found;
}

const beginningLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const beginningBuffer: usize = memory.data(COMPARED_BYTES_MAX + 1, 8);

/** The first words of the line with single spaces between them, as far as a command could be that long. */
function firstWords(count: u32): Line {
  const beginning = beginningLine.begin(beginningBuffer, COMPARED_BYTES_MAX + 1);
  for (let i: u32 = 0; i < min<u32>(count, WORDS_OF_COMMAND_MAX + 1); i++) {
    if (i > 0) {
      beginning.text(" ");
    }
    beginning.bytes(typed.wordStart(i), typed.wordLength(i));
  }
  return beginning;
}

function wordsOf(text: string): u32 {
  let count: u32 = 1;
  for (let i: i32 = 0; i < text.length; i++) {
    if (load<u16>(changetype<usize>(text) + ((<usize>i) << 1)) === 0x20) {
      count += 1;
    }
  }
  return count;
}

/** `help`: the table. */
function answerHelp(_line: CommandLine): bool {
  for (let index: u32 = 0; describe(index, row); index++) {
    beginRow();
    words("command", 12, row.name);
    words("arguments", 20, row.use);
    words("what_it_does", 0, row.help);
    endRow();
  }
  return true;
}

/** `echo text`: prints the text as it was typed. */
function echo(line: CommandLine): bool {
  print(say("").printable(line.restStart(1), min<u32>(line.restLength(1), ECHO_BYTES_MAX)));
  return true;
}

function nothing(_line: CommandLine): bool {
  return true;
}
