/**
 * The commands of this run: `nexus,run` of the device tree, as the startup page holds it. The first word names a
 * program in pkg://bin/, and the rest is that program's argument: "nx hw smp" runs bin/nx with "hw smp". Several
 * commands run one after another: "selftest-client; nx". What a program prints that is named behind "@" is kept apart
 * from all else on the console: "@nx ls" (apart.ts).
 *
 * The text comes from outside, so it is checked. A name has only characters that are allowed in the names of programs,
 * so it cannot lead out of bin/.
 */
import { TASK_NAME_BYTES } from "abi/task";

/** What runs if the device tree names nothing. */
export const DEFAULT_PROGRAM: string = "selftest-client";
/** The shell. The one that the run itself starts gets more capabilities than other programs. */
export const SHELL_PROGRAM: string = "nx";
/** The program that asks for the end of services, to test the recovery. It may do so in bring-up builds only. */
export const CHAOS_PROGRAM: string = "chaos";
/** The most commands of a run. */
export const COMMANDS_MAX: u32 = 4;

const SPACE: u8 = 0x20;
const HYPHEN: u8 = 0x2d;
const SEMICOLON: u8 = 0x3b;
const AT_SIGN: u8 = 0x40;

/** One command of the run: addresses in the text given to `split`, and lengths in bytes. */
@unmanaged
@final
export class Command {
  /** The first word, without an "@" before it. */
  name: usize;
  nameLength: u32;
  /** The program's own argument: the rest, without spaces at its ends. */
  rest: usize;
  restLength: u32;
  /** Whether there is an "@": what the program prints is to be kept apart. */
  isApart: bool;
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
 * @param command filled in, even if the first word is no program's name
 * @returns whether the first word is a program's name: 1 to 16 of a–z, 0–9 and '-'. An empty argument has none.
 */
export function split(text: usize, length: u32, command: Command): bool {
  const wordAt = skipSpaces(text, length, 0);
  const isApart = wordAt < length && load<u8>(text + <usize>wordAt) === AT_SIGN;
  const nameAt = wordAt + (isApart ? 1 : 0);
  let nameEnd = nameAt;
  while (nameEnd < length && load<u8>(text + <usize>nameEnd) !== SPACE) {
    nameEnd += 1;
  }
  const restAt = skipSpaces(text, length, nameEnd);
  let restEnd = length;
  // Spaces at the end are dropped, like those between words.
  while (restEnd > restAt && load<u8>(text + <usize>(restEnd - 1)) === SPACE) {
    restEnd -= 1;
  }
  command.name = text + <usize>nameAt;
  command.nameLength = nameEnd - nameAt;
  command.rest = text + <usize>restAt;
  command.restLength = restEnd - restAt;
  command.isApart = isApart;
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
