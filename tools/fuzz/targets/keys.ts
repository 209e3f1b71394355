// The console's line editor behind its decoder of keys: any prompt, and any bytes that a terminal or a cable sends.
//
// The first byte of an input is the prompt's length, then come the prompt and what is typed.

import { FuzzGuest } from "../engine/guest.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";

const INPUT_BYTES_MAX = 512;
const EDITED = 0;
const FIRST_CHARACTER = 0x20;
const ESCAPE = "\u001b";
const BELL = "\u0007";
const C1_FIRST = 0x7f;
const C1_LAST = 0x9f;

const text = `
import { LINE_BYTES_MAX, PROMPT_BYTES_MAX } from "gen/idl/console";
import { begin, clearOutput, feed, hide, lineLength, lineStart, output, show } from "services/consoled/line";
export { begin, clearOutput, hide, lineLength, lineStart, show };
export function lineBytesMax(): u32 { return LINE_BYTES_MAX; }
export function promptBytesMax(): u32 { return PROMPT_BYTES_MAX; }
export function type(byte: u32): u32 { return feed(byte); }
export function outputStart(): usize { return output().address; }
export function outputLength(): u32 { return output().length; }
export function isCut(): bool { return output().truncated; }
`;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The line is text, without characters that would control a terminal. */
function checkLine(guest: FuzzGuest): void {
  const length = guest.call("lineLength");
  promise(length <= guest.call("lineBytesMax"), "the line is too long");
  const line = utf8.decode(guest.get(guest.call("lineStart"), length));
  const isPlain = [...line].every((character) => {
    const point = character.codePointAt(0) ?? 0;
    return point >= FIRST_CHARACTER && !(point >= C1_FIRST && point <= C1_LAST);
  });
  promise(isPlain, "the line has a control character");
}

/** Whether text for the terminal has only the sequences of the line editor. */
function isOurs(output: string): boolean {
  const [head = "", ...sequences] = output
    .replaceAll(BELL, "")
    .replaceAll(/[\r\n]/g, "")
    .split(ESCAPE);
  const known = sequences.map((sequence) => /^\[(?:K|2J|H|\d+D)(.*)$/su.exec(sequence)?.[1] ?? ESCAPE);
  return [head, ...known].every((text) => !/\p{Cc}/u.test(text));
}

function drain(guest: FuzzGuest, promptIsText: boolean): void {
  promise(guest.call("isCut") === 0, "the output does not fit");
  const length = guest.call("outputLength");
  if (length === 0) {
    return;
  }
  const output = guest.get(guest.call("outputStart"), length);
  if (promptIsText) {
    promise(isOurs(utf8.decode(output)), "the output has a sequence that is not ours");
  }
  guest.call("clearOutput");
}

/** Printable ASCII, as our programs' prompts are. */
function isText(prompt: Uint8Array): boolean {
  return prompt.every((byte) => byte >= FIRST_CHARACTER && byte < C1_FIRST);
}

const sequences = [
  "\x1b[A",
  "\x1b[B",
  "\x1b[C",
  "\x1b[D",
  "\x1b[3~",
  "\x1b[1;5C",
  "\x1bOH",
  "\x1bOF",
  "é",
  "日",
  "😀",
];
const typed = [
  "\x05nx> hello\x1b[D\x1b[Dworld\r",
  "\x02> one\rtwo\r\x1b[A\x1b[A\x1b[B\x17\x15\x0bé日😀\x02\x7f\x04\r",
  `\x00${"long words that fill the row ".repeat(6)}\x01\x06\x06\x05\x0c\x10\x0e\x03`,
];

export const keys: Target = {
  name: "keys",
  about: "the console's decoder of keys, and its line editor",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async () => {
    const guest = await FuzzGuest.start({ text, inputBytesMax: INPUT_BYTES_MAX });
    return guest.running({
      seeds: typed.map(bytesOf),
      dictionary: sequences.map(bytesOf),
      run: (input) => {
        guest.begin();
        const length = Math.min(input[0] ?? 0, Math.max(0, input.length - 1));
        const prompt = input.subarray(1, 1 + length);
        const shown = prompt.subarray(0, guest.call("promptBytesMax"));
        const start = (): void => {
          guest.call("begin", guest.place(prompt), prompt.length);
          guest.call("show");
          drain(guest, isText(shown));
        };
        start();
        for (const byte of input.subarray(1 + length)) {
          const verdict = guest.call("type", byte);
          drain(guest, isText(shown));
          if (verdict !== EDITED) {
            checkLine(guest);
            start();
          }
        }
        checkLine(guest);
        guest.call("hide");
        drain(guest, isText(shown));
      },
    });
  },
};
