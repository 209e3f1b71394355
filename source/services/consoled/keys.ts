/**
 * From bytes to keys: a terminal sends a sequence of bytes for an arrow, and for a letter beyond ASCII.
 *
 *     ground ──ESC──▶ escape ──[──▶ parameters ──final──▶ a key, or nothing
 *       │                └─────O──▶ single ──────final──▶ a key, or nothing
 *       └──lead byte of UTF-8──▶ continuation bytes ────▶ Key.Character
 *
 * An unknown sequence is dropped whole, so that no part of it is taken for text. ECMA-48 section 5.4 for the form of
 * the sequences; the names of the keys are those of xterm and the Linux console.
 */
import { isUtf8 } from "text/bytes";

export const enum Key {
  /** No key yet, or an unknown one. */
  None = 0,
  /** A character, which `decode` has put into what the caller gave. */
  Character = 1,
  Enter = 2,
  Backspace = 3,
  Delete = 4,
  Left = 5,
  Right = 6,
  Home = 7,
  End = 8,
  Up = 9,
  Down = 10,
  /** Ctrl-U: erases all before the cursor. */
  EraseToStart = 11,
  /** Ctrl-K: erases all from the cursor on. */
  EraseToEnd = 12,
  /** Ctrl-W: erases the word before the cursor. */
  EraseWord = 13,
  /** Ctrl-L: clears the screen. */
  Clear = 14,
  /** Ctrl-C. */
  Interrupt = 15,
  /** Ctrl-D: end of input on an empty line, Delete elsewhere. */
  EndOfInput = 16,
}

/**
 * A character in UTF-8, 1 to 4 bytes.
 *
 *     0        4       8
 *     | length | bytes |
 */
@unmanaged
@final
export class Character {
  length: u32;
  private bytes: u32;

  get start(): usize {
    return changetype<usize>(this) + offsetof<Character>("bytes");
  }
}

const enum Phase {
  Ground = 0,
  Escape = 1,
  Parameters = 2,
  Single = 3,
}

const CARRIAGE_RETURN: u32 = 0x0d;
const LINE_FEED: u32 = 0x0a;
const ESCAPE: u32 = 0x1b;
const RUBOUT: u32 = 0x7f;
/** A parameter that is larger means no key. */
const PARAMETER_MAX: u32 = 999;

let phase: Phase = Phase.Ground;
let parameter: u32 = 0;
/** Whether `parameter` is still being read: modifiers follow the first `;`, and we do not tell them apart. */
let isFirst: bool = true;
let afterReturn: bool = false;
/** How many bytes of a character have come, and how many it has. */
let have: u32 = 0;
let need: u32 = 0;

/** Forgets a sequence or character that has begun. */
export function resetKeys(): void {
  phase = Phase.Ground;
  afterReturn = false;
  have = 0;
  need = 0;
}

/**
 * Takes the next byte.
 *
 * @param character where the bytes of a character are gathered from one call to the next: the same object each time
 */
export function decode(byte: u32, character: Character): Key {
  const isSecondOfPair = afterReturn && byte === LINE_FEED;
  afterReturn = byte === CARRIAGE_RETURN;
  // CR LF is one end of a line.
  if (isSecondOfPair) {
    return Key.None;
  }
  if (byte === ESCAPE) {
    need = 0;
    phase = Phase.Escape;
    return Key.None;
  }
  // A control character ends the sequence that it interrupts.
  if (byte < 0x20 || byte === RUBOUT) {
    need = 0;
    phase = Phase.Ground;
    return control(byte);
  }
  if (phase !== Phase.Ground) {
    return inSequence(byte);
  }
  return text(byte, character);
}

function control(byte: u32): Key {
  switch (byte) {
    case 0x01:
      return Key.Home;
    case 0x02:
      return Key.Left;
    case 0x03:
      return Key.Interrupt;
    case 0x04:
      return Key.EndOfInput;
    case 0x05:
      return Key.End;
    case 0x06:
      return Key.Right;
    case 0x08:
    case RUBOUT:
      return Key.Backspace;
    case LINE_FEED:
    case CARRIAGE_RETURN:
      return Key.Enter;
    case 0x0b:
      return Key.EraseToEnd;
    case 0x0c:
      return Key.Clear;
    case 0x0e:
      return Key.Down;
    case 0x10:
      return Key.Up;
    case 0x15:
      return Key.EraseToStart;
    case 0x17:
      return Key.EraseWord;
    default:
      return Key.None;
  }
}

function inSequence(byte: u32): Key {
  if (phase === Phase.Escape) {
    parameter = 0;
    isFirst = true;
    // "[" and "O" continue a sequence; Alt with a letter is not a key that we know.
    phase = byte === 0x5b ? Phase.Parameters : byte === 0x4f ? Phase.Single : Phase.Ground;
    return Key.None;
  }
  if (phase === Phase.Parameters && byte < 0x40) {
    if (isFirst && byte >= 0x30 && byte <= 0x39) {
      parameter = min<u32>(parameter * 10 + byte - 0x30, PARAMETER_MAX);
    } else {
      isFirst = false;
    }
    return Key.None;
  }
  phase = Phase.Ground;
  return byte === 0x7e ? numbered(parameter) : lettered(byte);
}

/** `ESC [ A` and `ESC O A`. */
function lettered(final: u32): Key {
  switch (final) {
    case 0x41:
      return Key.Up;
    case 0x42:
      return Key.Down;
    case 0x43:
      return Key.Right;
    case 0x44:
      return Key.Left;
    case 0x46:
      return Key.End;
    case 0x48:
      return Key.Home;
    default:
      return Key.None;
  }
}

/** `ESC [ 3 ~`. */
function numbered(number: u32): Key {
  switch (number) {
    case 1:
    case 7:
      return Key.Home;
    case 3:
      return Key.Delete;
    case 4:
    case 8:
      return Key.End;
    default:
      return Key.None;
  }
}

function text(byte: u32, character: Character): Key {
  if ((byte & 0xc0) !== 0x80) {
    // A new character, even if the one before it was not complete.
    need = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    have = 0;
  } else if (need === 0) {
    return Key.None;
  }
  store<u8>(character.start + <usize>have, <u8>byte);
  have += 1;
  character.length = have;
  if (have < need) {
    return Key.None;
  }
  need = 0;
  return isUtf8(character.start, have) && !isControl(character) ? Key.Character : Key.None;
}

/** U+0080 to U+009F: a terminal may take them for the beginning of a sequence. */
function isControl(character: Character): bool {
  const start = character.start;
  return character.length === 2 && load<u8>(start) === 0xc2 && load<u8>(start + 1) < 0xa0;
}
