/**
 * Answers, in one of two forms. To a program (a run of one command, which ./nx on the host reads) a row is one line
 *
 *     nx: hart=0 hartid=2 ticks=12
 *
 * in which a value never has a space: unsafe bytes are written like %20. To a person it is a row of a table, under
 * headings that are printed when they change. Single facts have a line each.
 *
 * A command gives its rows once, field by field, and this file chooses the form. With each field comes the width of its
 * column, in characters; a column is never narrower than its heading, so 0 stands for the heading's width.
 */
import { PRODUCTION } from "gen/profile";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { isUtf8 } from "text/bytes";
import { LINE_STATE_BYTES, Line } from "text/line";

/** Bytes of a row. A longer one is cut, and ends in "~" (runtime/log.ts). */
const ROW_BYTES: u32 = 240;
/** The longest value; a longer one is cut. */
const VALUE_BYTES: u32 = 200;
/** Where the values of single facts begin. */
const FACT_COLUMN: u32 = 18;

const SPACE: u8 = 0x20;
const PERCENT: u8 = 0x25;
const UNDERSCORE: u8 = 0x5f;
const HEX_DIGITS: string = "0123456789abcdef";

const row = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const rowBuffer: usize = memory.data(ROW_BYTES, 8);
const heading = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const headingBuffer: usize = memory.data(ROW_BYTES, 8);
const lastHeading: usize = memory.data(ROW_BYTES, 8);
let lastHeadingBytes: u32 = 0;
const valueLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const valueBuffer: usize = memory.data(VALUE_BYTES, 8);

let forPeople: bool = false;
/** Whether the row is a list of single facts. */
let isFacts: bool = false;

/** Chooses the form of the answers from now on. */
export function answerPeople(isPerson: bool): void {
  forPeople = isPerson;
}

/** Whether the answers are for a person. */
export function isForPeople(): bool {
  return forPeople;
}

/** Begins an answer: the headings of the one before do not count. */
export function beginAnswer(): void {
  lastHeadingBytes = 0;
}

/** The last line of an answer to a program says that it is whole. */
export function endAnswer(): void {
  if (!forPeople) {
    print(line().text("nx: end"));
  }
}

/** Begins a row of a table. */
export function beginRow(): void {
  isFacts = false;
  row.begin(rowBuffer, ROW_BYTES);
  heading.begin(headingBuffer, ROW_BYTES);
  if (!forPeople) {
    row.text("nx:");
  }
}

/**
 * Begins single facts about `what`, which a program sees in front of them. For a person each fact is printed when it is
 * given: that is a system call, and overwrites the results of the one before.
 */
export function beginFacts(what: string): void {
  beginRow();
  isFacts = true;
  if (!forPeople) {
    row.text(" ").text(what);
  }
}

export function number(key: string, width: u32, value: u64): void {
  field(key, width, beginValue().decimal(value), true);
}

/** A hart's number or a time, which are for bring-up only: a production build leaves the column out. */
export function bringUpNumber(key: string, width: u32, value: u64): void {
  if (!PRODUCTION) {
    number(key, width, value);
  }
}

export function hexadecimal(key: string, width: u32, value: u64): void {
  field(key, width, beginValue().hex(value), true);
}

export function words(key: string, width: u32, value: string): void {
  field(key, width, beginValue().text(value), false);
}

/** A value of untrusted bytes. */
export function bytes(key: string, width: u32, start: usize, length: u32): void {
  const value = beginValue();
  if (isUtf8(start, length)) {
    value.bytes(start, length);
  } else {
    value.printable(start, length);
  }
  field(key, width, value, false);
}

/** A value that the caller composed, which begins with `beginValue` and has at most 200 bytes. */
export function composed(key: string, width: u32, value: Line): void {
  field(key, width, value, false);
}

/** An empty value, for `composed`. */
export function beginValue(): Line {
  return valueLine.begin(valueBuffer, VALUE_BYTES);
}

/** Ends the row, or the facts. */
export function endRow(): void {
  if (isFacts && forPeople) {
    return;
  }
  if (forPeople) {
    printHeading();
  }
  print(line().bytes(rowBuffer, trimmed(row)));
}

/** The length of a row without the padding of its last column. */
function trimmed(text: Line): u32 {
  let length = text.length;
  while (forPeople && length > 0 && load<u8>(text.address + <usize>(length - 1)) === SPACE) {
    length -= 1;
  }
  return length;
}

/** A sentence to the user. It is the same in both forms, and never part of an answer. */
export function say(text: string): Line {
  const sentence = line();
  if (!forPeople) {
    sentence.text("nx: ");
  }
  return sentence.text(text);
}

/** Says which request the kernel or a service refused, and why; false, for a command that ends with it. */
export function refused(what: string, status: i32): bool {
  print(say(what).text(" failed: ").text(refusalName(status)));
  return false;
}

function field(key: string, width: u32, value: Line, isNumber: bool): void {
  if (!forPeople) {
    row.text(" ").text(key).text("=");
    for (let i: u32 = 0; i < value.length; i++) {
      encode(row, load<u8>(value.address + <usize>i));
    }
    return;
  }
  const shown = columnsOf(value.address, value.length);
  if (isFacts) {
    const fact = line();
    spell(fact, key);
    pad(fact, <u32>key.length, FACT_COLUMN);
    harmless(fact, value);
    print(fact);
    return;
  }
  if (row.length > 0) {
    row.text("  ");
    heading.text("  ");
  }
  const keyWidth = <u32>key.length;
  if (isNumber) {
    pad(row, shown, max<u32>(width, keyWidth));
    pad(heading, keyWidth, width);
  }
  harmless(row, value);
  spell(heading, key);
  if (!isNumber) {
    pad(row, shown, max<u32>(width, keyWidth));
    pad(heading, keyWidth, width);
  }
}

/** A key for people: `ipis_sent` is two words. */
function spell(to: Line, key: string): void {
  for (let i: i32 = 0; i < key.length; i++) {
    const unit = <u8>load<u16>(changetype<usize>(key) + <usize>(i << 1));
    to.byte(unit === UNDERSCORE ? SPACE : unit);
  }
}

function pad(to: Line, used: u32, width: u32): void {
  for (let i = used; i < width; i++) {
    to.byte(SPACE);
  }
}

/** The value without bytes that could control a terminal. */
function harmless(to: Line, value: Line): void {
  for (let i: u32 = 0; i < value.length; i++) {
    const byte = load<u8>(value.address + <usize>i);
    to.byte(steers(value, i) ? 0x3f : byte);
  }
}

/** Control characters: those of ASCII, and U+0080 to U+009F, of which the second byte is changed. */
function steers(value: Line, index: u32): bool {
  const byte = load<u8>(value.address + <usize>index);
  if (byte < SPACE || byte === 0x7f) {
    return true;
  }
  return byte >= 0x80 && byte < 0xa0 && index > 0 && load<u8>(value.address + <usize>(index - 1)) === 0xc2;
}

/** A byte of a value for a program: printable ASCII as it is, but for `%`; everything else as %xx. */
function encode(to: Line, byte: u8): void {
  if (byte > SPACE && byte < 0x7f && byte !== PERCENT) {
    to.byte(byte);
    return;
  }
  to.byte(PERCENT)
    .byte(hexDigit(byte >> 4))
    .byte(hexDigit(byte & 15));
}

function hexDigit(value: u8): u8 {
  return <u8>load<u16>(changetype<usize>(HEX_DIGITS) + ((<usize>value) << 1));
}

/** Columns on a terminal: each character counts as one. */
function columnsOf(start: usize, length: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    count += (load<u8>(start + <usize>i) & 0xc0) !== 0x80 ? 1 : 0;
  }
  return count;
}

function printHeading(): void {
  const now = heading;
  if (now.length === lastHeadingBytes && memory.compare(now.address, lastHeading, now.length) === 0) {
    return;
  }
  memory.copy(lastHeading, now.address, now.length);
  lastHeadingBytes = now.length;
  print(line().bytes(now.address, trimmed(now)));
}
