/**
 * What this run is for: `nexus,run` of the device tree, as it stands in the startup page. Its first word names a
 * program in pkg://bin/, the rest is that program's argument: "nx hw smp" runs bin/nx with "hw smp". Several commands
 * are run one after another: "selftest-client; nx".
 *
 * It comes from outside, so it is judged: a name is made of what names of programs are made of, and can therefore not
 * lead out of bin/.
 */
import { TASK_NAME_BYTES } from "abi/task";

/** What runs where the device tree names nothing. */
export const DEFAULT_PROGRAM: string = "selftest-client";
/** The program that looks after the machine for the person at the console: the run's own has more than others. */
export const SHELL_PROGRAM: string = "nx";
/** The program that has services ended, to see what comes after that; it may do so in bring-up builds only. */
export const CHAOS_PROGRAM: string = "chaos";
/** The most commands of a run. */
export const COMMANDS_MAX: u32 = 4;

const SPACE: u8 = 0x20;
const HYPHEN: u8 = 0x2d;
const SEMICOLON: u8 = 0x3b;

/** One command of the run: addresses in the text that `split` was given, and lengths in bytes. */
@unmanaged
@final
export class Command {
  /** The first word. */
  name: usize;
  nameLength: u32;
  /** What follows it: the program's own argument, without spaces at its ends. */
  rest: usize;
  restLength: u32;
}

/** Where the command that begins at `from` ends: at a semicolon, or with the `length` bytes at `argument`. */
export function commandEnd(argument: usize, length: u32, from: u32): u32 {
  let at = from;
  while (at < length && load<u8>(argument + <usize>at) !== SEMICOLON) {
    at += 1;
  }
  return at;
}

/**
 * Splits the command of `length` bytes at `text`.
 *
 * @param command filled in, whatever the first word is
 * @returns whether the first word is a program's name: 1 to 16 of a–z, 0–9 and '-'. An empty argument has none.
 */
export function split(text: usize, length: u32, command: Command): bool {
  const nameAt = skipSpaces(text, length, 0);
  let nameEnd = nameAt;
  while (nameEnd < length && load<u8>(text + <usize>nameEnd) !== SPACE) {
    nameEnd += 1;
  }
  const restAt = skipSpaces(text, length, nameEnd);
  let restEnd = length;
  // Spaces at the end mean nothing, as those between words.
  while (restEnd > restAt && load<u8>(text + <usize>(restEnd - 1)) === SPACE) {
    restEnd -= 1;
  }
  command.name = text + <usize>nameAt;
  command.nameLength = nameEnd - nameAt;
  command.rest = text + <usize>restAt;
  command.restLength = restEnd - restAt;
  return isProgramName(command.name, command.nameLength);
}

/** Whether the bytes are the name of a program: 1 to 16 of a–z, 0–9 and '-'. */
export function isProgramName(name: usize, length: u32): bool {
  if (length === 0 || length > TASK_NAME_BYTES) {
    return false;
  }
  for (let i: u32 = 0; i < length; i++) {
    if (!isNameByte(load<u8>(name + <usize>i))) {
      return false;
    }
  }
  return true;
}

function skipSpaces(argument: usize, length: u32, from: u32): u32 {
  let at = from;
  while (at < length && load<u8>(argument + <usize>at) === SPACE) {
    at += 1;
  }
  return at;
}

function isNameByte(value: u8): bool {
  return (value >= 0x61 && value <= 0x7a) || (value >= 0x30 && value <= 0x39) || value === HYPHEN;
}
