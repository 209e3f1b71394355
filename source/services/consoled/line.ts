/**
 * The line editor: a state machine that takes typed bytes, and gives back bytes for the terminal and, at the end, a
 * line. It knows no device and no client. Its caller takes the output after every call.
 *
 *     begin(prompt) ─▶ show() ─▶ feed(byte) … ─▶ Verdict.Line: the line is at lineStart()
 *                        ▲          │
 *                        └──────────┴─ hide(), then something else is printed
 *
 * The line lives on one row. Where it is longer than the row, a window of it is shown, as far as the cursor needs:
 *
 *     0         first                  cursor      last       length
 *     ┌──────────┬───────────────────────┬──────────┬───────────┐
 *     │ hidden   │◀──────── at most width() columns ─▶│ hidden    │
 *     └──────────┴───────────────────────┴──────────┴───────────┘
 *
 * Every character counts as one column, in any script. All positions are counted in bytes and are at the beginning of a
 * character.
 */
import { LINE_BYTES_MAX, PROMPT_BYTES_MAX } from "gen/idl/console";
import { LINE_STATE_BYTES, Line } from "text/line";
import { historyCount, historyLength, historyLine, remember } from "./history";
import { Character, decode, Key, resetKeys } from "./keys";
import { COLUMNS, EDITOR_OUTPUT_BYTES } from "./limits";

/** What the editor says after a byte. */
export const enum Verdict {
  /** The line is still being edited. */
  More = 0,
  /** Enter: the line is done. */
  Line = 1,
  /** Ctrl-C: the line is given up. */
  Interrupted = 2,
  /** Ctrl-D on an empty line. */
  Ended = 3,
}

const BELL: u8 = 0x07;
const SPACE: u8 = 0x20;

/** The character that is being typed. */
const character = changetype<Character>(memory.data(offsetof<Character>(), 8));
const prompt: usize = memory.data(PROMPT_BYTES_MAX, 8);
let promptBytes: u32 = 0;
const text: usize = memory.data(LINE_BYTES_MAX, 8);
let length: u32 = 0;
let cursor: u32 = 0;
let first: u32 = 0;
/** Which line of the history is being edited, counted from the last; 0 for the new line. */
let recalled: u32 = 0;
/** The new line, while an older one is shown in its place. */
const draft: usize = memory.data(LINE_BYTES_MAX, 8);
let draftBytes: u32 = 0;

const outputLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const outputBuffer: usize = memory.data(EDITOR_OUTPUT_BYTES, 8);

// Carriage return, prompt, a window of characters of four bytes, two sequences.
if (1 + PROMPT_BYTES_MAX + 4 * COLUMNS + 16 > EDITOR_OUTPUT_BYTES) {
  ERROR("the output holds a row that is drawn anew");
}
if (PROMPT_BYTES_MAX + 8 > COLUMNS) {
  ERROR("a prompt leaves room for a line");
}

/** The bytes for the terminal. */
export function output(): Line {
  return outputLine;
}

/** To be called when the caller has taken the output. */
export function clearOutput(): void {
  output().begin(outputBuffer, EDITOR_OUTPUT_BYTES);
}

/** A new line, behind a prompt of at most PROMPT_BYTES_MAX bytes. Nothing is drawn before `show()`. */
export function begin(from: usize, count: u32): void {
  clearOutput();
  resetKeys();
  promptBytes = min<u32>(count, PROMPT_BYTES_MAX);
  memory.copy(prompt, from, promptBytes);
  length = 0;
  cursor = 0;
  first = 0;
  recalled = 0;
}

/** The line, after Verdict.Line. */
export function lineStart(): usize {
  return text;
}

export function lineLength(): u32 {
  return length;
}

/** Clears the row, so that other text can be printed from its beginning. */
export function hide(): void {
  output().text("\r\x1b[K");
}

/** Draws the row from its beginning, no matter where in it the terminal's cursor is. */
export function show(): void {
  scroll();
  const last = forward(first, width());
  const out = output().text("\r").bytes(prompt, promptBytes);
  out.bytes(text + <usize>first, last - first).text("\x1b[K");
  const behind = columns(cursor, last);
  if (behind > 0) {
    out.text("\x1b[").decimal(behind).text("D");
  }
}

/** Takes the next byte that was typed. */
export function feed(byte: u32): Verdict {
  const key = decode(byte, character);
  switch (key) {
    case Key.None:
      return Verdict.More;
    case Key.Character:
      insert();
      return Verdict.More;
    case Key.Enter:
      output().text("\n");
      remember(text, length);
      return Verdict.Line;
    case Key.Interrupt:
      output().text("^C\n");
      return Verdict.Interrupted;
    case Key.EndOfInput:
      if (length === 0) {
        output().text("\n");
        return Verdict.Ended;
      }
      erase(cursor, next(cursor));
      break;
    case Key.Up:
      recall(recalled + 1);
      break;
    case Key.Down:
      if (recalled > 0) {
        recall(recalled - 1);
      }
      break;
    case Key.Clear:
      output().text("\x1b[H\x1b[2J");
      break;
    default:
      edit(key);
  }
  show();
  return Verdict.More;
}

/** Handles the keys that move the cursor or erase. */
function edit(key: Key): void {
  switch (key) {
    case Key.Left:
      cursor = previous(cursor);
      break;
    case Key.Right:
      cursor = next(cursor);
      break;
    case Key.Home:
      cursor = 0;
      break;
    case Key.End:
      cursor = length;
      break;
    case Key.Backspace:
      erase(previous(cursor), cursor);
      break;
    case Key.Delete:
      erase(cursor, next(cursor));
      break;
    case Key.EraseToStart:
      erase(0, cursor);
      break;
    case Key.EraseToEnd:
      erase(cursor, length);
      break;
    case Key.EraseWord:
      erase(wordStart(), cursor);
      break;
  }
}

/** Inserts the decoded character before the cursor. */
function insert(): void {
  const count = character.length;
  if (length + count > LINE_BYTES_MAX) {
    output().byte(BELL);
    return;
  }
  const at = text + <usize>cursor;
  memory.copy(at + <usize>count, at, length - cursor);
  memory.copy(at, character.start, count);
  const isAtEnd = cursor === length;
  length += count;
  cursor += count;
  // The usual case, and the only one in which the terminal does all the work.
  if (isAtEnd && columns(first, cursor) <= width()) {
    output().bytes(at, count);
  } else {
    show();
  }
}

/** Removes the bytes from `from` to `to`; the cursor is then where they were. */
function erase(from: u32, to: u32): void {
  memory.copy(text + <usize>from, text + <usize>to, length - to);
  length -= to - from;
  cursor = from;
}

/** Shows line `back` of the history in place of the one that is being edited; 0 is the draft. */
function recall(back: u32): void {
  if (back > historyCount()) {
    return;
  }
  if (recalled === 0) {
    memory.copy(draft, text, length);
    draftBytes = length;
  }
  recalled = back;
  length = back === 0 ? draftBytes : historyLength(back);
  memory.copy(text, back === 0 ? draft : historyLine(back), length);
  cursor = length;
  // The old window may begin in the middle of one of the new line's characters.
  first = 0;
}

/** Where the word before the cursor begins: spaces behind a word belong to it. */
function wordStart(): u32 {
  let at = cursor;
  while (at > 0 && load<u8>(text + <usize>(at - 1)) === SPACE) {
    at -= 1;
  }
  while (at > 0 && load<u8>(text + <usize>(at - 1)) !== SPACE) {
    at -= 1;
  }
  return at;
}

/** How many columns of the row the line may have. The last one stays free: writing to it makes some terminals wrap. */
function width(): u32 {
  let used: u32 = 0;
  for (let i: u32 = 0; i < promptBytes; i++) {
    used += startsCharacter(prompt + <usize>i) ? 1 : 0;
  }
  return COLUMNS - 1 - used;
}

/** Moves the window by parts of its width until the cursor is in it. */
function scroll(): void {
  if (cursor <= first) {
    first = backward(cursor, width() / 4);
  } else if (columns(first, cursor) > width()) {
    first = backward(cursor, (width() / 4) * 3);
  }
}

/** The position `count` characters before `at`, or the beginning. */
function backward(at: u32, count: u32): u32 {
  let to = at;
  for (let i: u32 = 0; i < count && to > 0; i++) {
    to = previous(to);
  }
  return to;
}

/** The position `count` characters behind `at`, or the end. */
function forward(at: u32, count: u32): u32 {
  let to = at;
  for (let i: u32 = 0; i < count && to < length; i++) {
    to = next(to);
  }
  return to;
}

function previous(at: u32): u32 {
  if (at === 0) {
    return 0;
  }
  let to = at - 1;
  while (to > 0 && !startsCharacter(text + <usize>to)) {
    to -= 1;
  }
  return to;
}

function next(at: u32): u32 {
  if (at === length) {
    return length;
  }
  let to = at + 1;
  while (to < length && !startsCharacter(text + <usize>to)) {
    to += 1;
  }
  return to;
}

/** Characters from `from` up to `to`. */
function columns(from: u32, to: u32): u32 {
  let count: u32 = 0;
  for (let at = from; at < to; at++) {
    count += startsCharacter(text + <usize>at) ? 1 : 0;
  }
  return count;
}

function startsCharacter(at: usize): bool {
  return (load<u8>(at) & 0xc0) !== 0x80;
}
