/**
 * The two rings between the device and the rest of consoled: typed bytes, and bytes to be transmitted. Both count all
 * bytes that ever entered and left. The counts wrap; their difference does not.
 */
import { INPUT_BYTES, OUTPUT_BYTES } from "./limits";

const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const CTRL_C: u8 = 0x03;

const input: usize = memory.data(INPUT_BYTES, 8);
let typed: u32 = 0;
let eaten: u32 = 0;
/** The value of `eaten` right behind the last Ctrl-C that is still in the ring, if there is one. */
let interruptEnd: u32 = 0;
let isInterrupted: bool = false;

const output: usize = memory.data(OUTPUT_BYTES, 8);
let filled: u32 = 0;
let sent: u32 = 0;
let lastByte: u8 = LINE_FEED;

/** How many more typed bytes fit. */
export function inputRoom(): u32 {
  return INPUT_BYTES - (typed - eaten);
}

export function inputCount(): u32 {
  return typed - eaten;
}

/** Keeps a typed byte; there has to be room. */
export function putInput(byte: u8): void {
  store<u8>(input + <usize>(typed & (INPUT_BYTES - 1)), byte);
  typed += 1;
  if (byte !== CTRL_C) {
    return;
  }
  interruptEnd = typed;
  isInterrupted = true;
}

/** Whether the typed bytes include a Ctrl-C. */
export function hasInterrupt(): bool {
  return isInterrupted;
}

/** Drops all typed bytes up to the last Ctrl-C. If there is none, drops nothing and returns false. */
export function dropInterrupted(): bool {
  if (!isInterrupted) {
    return false;
  }
  isInterrupted = false;
  eaten = interruptEnd;
  return true;
}

/** Takes the oldest typed byte; there has to be one. */
export function takeInput(): u8 {
  const byte = load<u8>(input + <usize>(eaten & (INPUT_BYTES - 1)));
  eaten += 1;
  if (eaten === interruptEnd) {
    isInterrupted = false;
  }
  return byte;
}

/** How many more bytes for the terminal fit. Each line feed takes two. */
export function outputRoom(): u32 {
  return OUTPUT_BYTES - (filled - sent);
}

export function outputCount(): u32 {
  return filled - sent;
}

/** Keeps text for the terminal, which wants a carriage return at the end of a line; there has to be room. */
export function putOutput(start: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(start + <usize>i);
    if (byte === LINE_FEED) {
      put(CARRIAGE_RETURN);
    }
    put(byte);
    lastByte = byte;
  }
}

/** Takes the byte to be transmitted next; there has to be one. */
export function takeOutput(): u8 {
  const byte = load<u8>(output + <usize>(sent & (OUTPUT_BYTES - 1)));
  sent += 1;
  return byte;
}

/** Whether the text so far ends with a whole line. */
export function endsLine(): bool {
  return lastByte === LINE_FEED;
}

function put(byte: u8): void {
  store<u8>(output + <usize>(filled & (OUTPUT_BYTES - 1)), byte);
  filled += 1;
}
