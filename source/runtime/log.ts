/**
 * Lines on the console, one at a time and whole.
 *
 * A task builds its line in one static buffer and hands it to the kernel in one ConsoleWrite: two tasks on two harts
 * can not mix their letters, and half a line is never seen. What does not fit is cut, and the line then ends in "~".
 *
 *     print(line().text("virtioblkd: sectors=").decimal(sectors));
 */

import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { CONSOLE_WRITE_MAX } from "abi/syscall";
import { LINE_STATE_BYTES, Line } from "text/line";
import { consoleWrite } from "./call";
import { sleepFor } from "./sleep";
import { slotOf } from "./startup";

/** The most bytes of a line, its line feed not counted. */
export const LINE_BYTES_MAX: u32 = CONSOLE_WRITE_MAX - 1;

/**
 * How often a line is tried while the console has no room, a second in all. Then the line is lost, and the task goes
 * on.
 */
const PRINT_TRIES_MAX: u32 = 200;
const PRINT_PAUSE_MILLISECONDS: u64 = 5;

const LINE_FEED: u8 = 0x0a;
const CUT_MARK: u8 = 0x7e;

const text = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const buffer: usize = memory.data(CONSOLE_WRITE_MAX, 8);

/** The task's one line, empty. It loses what an earlier `line()` held and did not print. */
export function line(): Line {
  return text.begin(buffer, LINE_BYTES_MAX);
}

/** Ends the line from `line()` and writes it. Without a console, the task prints nothing and gets no error. */
export function print(words: Line): void {
  if (words.truncated && words.length > 0) {
    store<u8>(buffer + <usize>(words.length - 1), CUT_MARK);
  }
  store<u8>(buffer + <usize>words.length, LINE_FEED);
  write(buffer, words.length + 1);
}

/** Writes up to CONSOLE_WRITE_MAX bytes as they are: part of a line, or several lines. */
export function write(start: usize, length: u32): void {
  writeTo(slotOf(Role.Console), start, length);
}

/** Writes any number of bytes as they are, at most CONSOLE_WRITE_MAX at a time. */
export function writeAll(start: usize, length: u32): void {
  for (let at: u32 = 0; at < length; at += CONSOLE_WRITE_MAX) {
    write(start + <usize>at, min<u32>(CONSOLE_WRITE_MAX, length - at));
  }
}

/** As `write`, through a capability of the caller's choice. */
export function writeTo(console: u32, start: usize, length: u32): void {
  for (let i: u32 = 0; i < PRINT_TRIES_MAX; i++) {
    if (consoleWrite(console, start, length) !== Refusal.TryAgain) {
      return;
    }
    sleepFor(PRINT_PAUSE_MILLISECONDS);
  }
}
