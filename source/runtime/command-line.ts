/**
 * A command line as words, which spaces separate or quotation marks enclose. The words are copied into it, so they
 * outlive the buffer from which the line came.
 */

import { LINE_BYTES_MAX } from "gen/idl/console";
import { ARGUMENT_BYTES_MAX } from "gen/idl/init";

export const WORDS_MAX: u32 = 16;

const SPACE: u8 = 0x20;
const QUOTE: u8 = 0x22;

/** Why a line is no command. */
export const enum Flaw {
  None = 0,
  TooLong = 1,
  TooManyWords = 2,
  /** A closing quotation mark is missing. */
  OpenQuote = 3,
}

if (ARGUMENT_BYTES_MAX > LINE_BYTES_MAX) {
  ERROR("an argument fits into a line");
}

/**
 * A word: `start` and `length` in the unquoted text, and `place`, where it begins in the line as it was typed, with
 * its quotation mark.
 *
 *     0        4        8       12
 *     | start  | length | place |
 */
@unmanaged
@final
class Word {
  start: u32;
  length: u32;
  place: u32;
}

const WORDS_AT: usize = 8;
const TYPED_AT: usize = WORDS_AT + <usize>WORDS_MAX * offsetof<Word>();
const TEXT_AT: usize = TYPED_AT + <usize>LINE_BYTES_MAX;
/** What a CommandLine takes, in bytes. */
export const COMMAND_LINE_BYTES: usize = TEXT_AT + <usize>LINE_BYTES_MAX;

/**
 *     0       4            WORDS_AT        TYPED_AT               TEXT_AT
 *     | count | typedBytes | Word × 16     | the line as typed    | the words without quotation marks |
 */
@unmanaged
@final
export class CommandLine {
  private words: u32;
  private typedBytes: u32;

  /** Takes a line apart. After a flaw, the words before it are there. */
  parse(line: usize, length: u32): Flaw {
    this.words = 0;
    this.typedBytes = 0;
    if (length > LINE_BYTES_MAX) {
      return Flaw.TooLong;
    }
    memory.copy(this.typed, line, length);
    this.typedBytes = length;
    let used: u32 = 0;
    for (let at = this.skipSpaces(0); at < length; at = this.skipSpaces(at)) {
      if (this.words === WORDS_MAX) {
        return Flaw.TooManyWords;
      }
      const word = this.word(this.words);
      word.start = used;
      word.place = at;
      let isQuoted = false;
      while (at < length && (isQuoted || load<u8>(this.typed + <usize>at) !== SPACE)) {
        const byte = load<u8>(this.typed + <usize>at);
        at += 1;
        if (byte === QUOTE) {
          isQuoted = !isQuoted;
          continue;
        }
        store<u8>(this.text + <usize>used, byte);
        used += 1;
      }
      word.length = used - word.start;
      this.words += 1;
      if (isQuoted) {
        return Flaw.OpenQuote;
      }
    }
    return Flaw.None;
  }

  /** How many words the line has. */
  get count(): u32 {
    return this.words;
  }

  /** Where word `index` is; no word is behind the last. */
  wordStart(index: u32): usize {
    return index < this.words ? this.text + <usize>this.word(index).start : this.text;
  }

  /** How many bytes it has; 0 behind the last. */
  wordLength(index: u32): u32 {
    return index < this.words ? this.word(index).length : 0;
  }

  /** Where the line as it was typed goes on with word `index`; its end behind the last. */
  restStart(index: u32): usize {
    return this.typed + <usize>(index < this.words ? this.word(index).place : this.typedBytes);
  }

  /** How many bytes follow from there, spaces at the end not counted. */
  restLength(index: u32): u32 {
    let end = this.typedBytes;
    const start = <u32>(this.restStart(index) - this.typed);
    while (end > start && load<u8>(this.typed + <usize>(end - 1)) === SPACE) {
      end -= 1;
    }
    return end - start;
  }

  private get typed(): usize {
    return changetype<usize>(this) + TYPED_AT;
  }

  private get text(): usize {
    return changetype<usize>(this) + TEXT_AT;
  }

  private word(index: u32): Word {
    return changetype<Word>(changetype<usize>(this) + WORDS_AT + <usize>index * offsetof<Word>());
  }

  private skipSpaces(from: u32): u32 {
    let at = from;
    while (at < this.typedBytes && load<u8>(this.typed + <usize>at) === SPACE) {
      at += 1;
    }
    return at;
  }
}
