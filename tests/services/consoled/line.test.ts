// The line editor against a model. For any input, the line is the model's, the terminal shows it (or a part of it) after the
// prompt, and the cursor is at the right character.

import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import { FakeTerminal } from "./terminal.ts";

const COLUMNS = 80;
const LINE_BYTES_MAX = 1024;
const HISTORY_LINES = 32;
const verdict = { more: 0, line: 1, interrupted: 2, ended: 3 } as const;

const program = `
import { begin, clearOutput, feed, hide, lineLength, lineStart, output, show } from "services/consoled/line";
export { begin, clearOutput, hide, lineLength, lineStart, show };
export function type(byte: u32): u32 { return feed(byte); }
export function outputStart(): usize { return output().address; }
export function outputLength(): u32 { return output().length; }
export function isCut(): bool { return output().truncated; }
`;

/** The editor with a terminal. */
class Editor {
  readonly guest: Guest;
  terminal = new FakeTerminal();
  prompt = "";

  static async start(): Promise<Editor> {
    return new Editor(await guest({ text: program }));
  }

  private constructor(started: Guest) {
    this.guest = started;
  }

  begin(prompt: string): void {
    const bytes = new TextEncoder().encode(prompt);
    this.prompt = prompt;
    this.guest.call("begin", this.guest.put(bytes), bytes.length);
    this.guest.call("show");
    this.drain();
  }

  /** Types text. Returns the first verdict that is not "more". */
  type(text: string | Uint8Array): number {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    for (const byte of bytes) {
      const found = this.guest.call("type", byte);
      this.drain();
      if (found !== verdict.more) {
        return found;
      }
    }
    return verdict.more;
  }

  get line(): string {
    const bytes = this.guest.get(this.guest.call("lineStart"), this.guest.call("lineLength"));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  }

  drain(): void {
    expect(this.guest.call("isCut")).toBe(0);
    this.terminal.feed(this.guest.get(this.guest.call("outputStart"), this.guest.call("outputLength")));
    this.guest.call("clearOutput");
    // The last column stays free: writing to it makes some terminals wrap.
    expect([...this.terminal.row].length).toBeLessThan(COLUMNS);
  }
}

let editor: Editor;
beforeEach(async () => {
  editor = await Editor.start();
});

const LEFT = "\u001b[D";
const UP = "\u001b[A";
const DOWN = "\u001b[B";

test.each([
  ["plain text", "ps", "ps"],
  ["backspace removes a whole character", "aü\u007f", "a"],
  ["Ctrl-H is backspace", "ab\b", "a"],
  ["left and then a letter inserts the letter", `ac${LEFT}b`, "abc"],
  ["left moves by a whole character", `ü${LEFT}x`, "xü"],
  ["home and end", `bc\u001b[Ha\u001b[Fd`, "abcd"],
  ["home and end of other terminals", `bc\u001b[1~a\u001b[4~d\u001bOHx\u001bOFy`, "xabcdy"],
  ["Ctrl-A and Ctrl-E", "bc\u0001a\u0005d", "abcd"],
  ["Ctrl-B and Ctrl-F", "ac\u0002\u0002\u0006b", "abc"],
  ["delete", `abc${LEFT}${LEFT}\u001b[3~`, "ac"],
  ["Ctrl-D in a line is delete", `abc${LEFT}\u0004`, "ab"],
  ["Ctrl-U removes what is before the cursor", `abc${LEFT}\u0015`, "c"],
  ["Ctrl-K removes what is after the cursor", `abc${LEFT}\u000b`, "ab"],
  ["Ctrl-W removes a word and the spaces after it", "one two  \u0017", "one "],
  ["Ctrl-W with nothing before it", "\u0017", ""],
  ["a key with a modifier does the same as without", "ac\u001b[1;5Db", "abc"],
  ["the whole sequence of an unknown key is ignored", "a\u001b[15~\u001b[200~b\u001bxc\u001bOP", "abc"],
  ["a tab is ignored", "a\tb", "ab"],
  ["a control character ends a sequence", "ab\u001b[\u007fc", "ac"],
])("%s", (_, typed, line) => {
  editor.begin("nx> ");
  expect(editor.type(`${typed}\r`)).toBe(verdict.line);
  expect(editor.line).toBe(line);
});

test("bytes that are not UTF-8, and U+0080 to U+009F, are ignored", () => {
  editor.begin("");
  editor.type(Uint8Array.of(0x61, 0xff, 0xc3, 0x62, 0x80, 0xc0, 0xaf, 0xc2, 0x9b, 0xed, 0xa0, 0x80, 0x63));
  expect(editor.line).toBe("abc");
});

test("CR, LF and CR LF each end one line", () => {
  for (const end of ["\r", "\n"]) {
    editor.begin("");
    expect(editor.type(`a${end}`)).toBe(verdict.line);
  }
  editor.begin("");
  const bytes = new TextEncoder().encode("a\r\nb");
  expect(editor.type(bytes.subarray(0, 2))).toBe(verdict.line);
});

test("Ctrl-C drops the line, and Ctrl-D on an empty line ends the input", () => {
  editor.begin("nx> ");
  expect(editor.type("abc\u0003")).toBe(verdict.interrupted);
  expect(editor.terminal.text(0)).toBe("nx> abc^C");
  editor.begin("nx> ");
  expect(editor.type("\u0004")).toBe(verdict.ended);
});

test("at the greatest length of a line there is a bell, and the line stays as it is", () => {
  editor.begin("");
  editor.type("ü".repeat(LINE_BYTES_MAX / 2));
  expect(editor.terminal.bells).toBe(0);
  editor.type("xü");
  expect(editor.terminal.bells).toBe(2);
  expect(editor.type("\r")).toBe(verdict.line);
  expect(editor.line).toBe("ü".repeat(LINE_BYTES_MAX / 2));
});

test("the arrow keys bring back earlier lines and the draft; empty and repeated lines are not kept", () => {
  for (const line of ["one", "two", "two", "", "three"]) {
    editor.begin("");
    editor.type(`${line}\r`);
  }
  editor.begin("");
  editor.type(`dra${UP}`);
  expect(editor.line).toBe("three");
  editor.type(UP);
  expect(editor.line).toBe("two");
  editor.type(`${UP}${UP}${UP}`);
  expect(editor.line).toBe("one");
  editor.type(`${DOWN}${DOWN}${DOWN}`);
  expect(editor.line).toBe("dra");
  editor.type(`${DOWN}ft\r`);
  expect(editor.line).toBe("draft");
});

test("a line that is brought back is shown from the beginning of one of its characters", () => {
  const prompt = "p".repeat(60);
  editor.begin(prompt);
  editor.type(`a${"日".repeat(9)}\r`);
  editor.begin(prompt);
  // A long line, of which the terminal shows the end: that place is inside of a character of the line before.
  editor.type("x".repeat(20));
  editor.type(UP);
  expect(editor.terminal.row).toBe(`${prompt}a${"日".repeat(9)}`);
});

test("the oldest lines are forgotten first", () => {
  for (let index = 0; index < 2 * HISTORY_LINES; index++) {
    editor.begin("");
    editor.type(`line ${index}\r`);
  }
  editor.begin("");
  editor.type(UP.repeat(3 * HISTORY_LINES));
  expect(editor.line).toBe(`line ${HISTORY_LINES}`);
});

test("output while a line is typed does not change the line or the cursor", () => {
  editor.begin("nx> ");
  editor.type(`abc${LEFT}`);
  editor.guest.call("hide");
  editor.drain();
  expect(editor.terminal.row).toBe("");
  editor.terminal.feed(new TextEncoder().encode("neuron: hart1 online\n"));
  editor.guest.call("show");
  editor.drain();
  editor.type("x");
  expect(editor.terminal.rows.map((_, index) => editor.terminal.text(index))).toEqual([
    "neuron: hart1 online",
    "nx> abxc",
  ]);
  expect(editor.terminal.column).toBe(7);
});

/** Does what the editor should do, in the simplest way: with letters in an array. */
class Model {
  letters: string[] = [];
  cursor = 0;
  readonly history: string[] = [];
  private recalled = 0;
  private draft = "";

  key(name: string): void {
    const { letters, cursor } = this;
    if (name === "left") {
      this.cursor = Math.max(0, cursor - 1);
    } else if (name === "right") {
      this.cursor = Math.min(letters.length, cursor + 1);
    } else if (name === "home") {
      this.cursor = 0;
    } else if (name === "end") {
      this.cursor = letters.length;
    } else if (name === "backspace" && cursor > 0) {
      this.erase(cursor - 1, cursor);
    } else if (name === "delete") {
      this.erase(cursor, cursor + 1);
    } else if (name === "eraseToStart") {
      this.erase(0, cursor);
    } else if (name === "eraseToEnd") {
      this.erase(cursor, letters.length);
    } else if (name === "eraseWord") {
      const before = letters.slice(0, cursor).join("");
      this.erase([...before.replace(/[^ ]* *$/, "")].length, cursor);
    } else if (name === "up") {
      this.recall(this.recalled + 1);
    } else if (name === "down" && this.recalled > 0) {
      this.recall(this.recalled - 1);
    }
  }

  insert(letter: string): void {
    if (Buffer.byteLength(this.line + letter) > LINE_BYTES_MAX) {
      return;
    }
    this.letters.splice(this.cursor, 0, letter);
    this.cursor += 1;
  }

  get line(): string {
    return this.letters.join("");
  }

  enter(): void {
    if (this.line !== "" && this.line !== this.history.at(-1)) {
      this.history.push(this.line);
    }
    if (this.history.length > HISTORY_LINES) {
      this.history.shift();
    }
    this.letters = [];
    this.cursor = 0;
    this.recalled = 0;
  }

  private erase(from: number, to: number): void {
    this.letters.splice(from, to - from);
    this.cursor = from;
  }

  private recall(back: number): void {
    if (back > this.history.length) {
      return;
    }
    if (this.recalled === 0) {
      this.draft = this.line;
    }
    this.recalled = back;
    this.letters = [...(back === 0 ? this.draft : defined(this.history.at(-back)))];
    this.cursor = this.letters.length;
  }
}

const keyBytes: Readonly<Record<string, string>> = {
  left: LEFT,
  right: "\u001b[C",
  home: "\u001b[H",
  end: "\u001b[F",
  backspace: "\u007f",
  delete: "\u001b[3~",
  eraseToStart: "\u0015",
  eraseToEnd: "\u000b",
  eraseWord: "\u0017",
  up: UP,
  down: DOWN,
};

type Step = { key: string } | { text: string } | { enter: true };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ key: fc.constantFrom(...Object.keys(keyBytes)) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        text: fc.string({ unit: fc.constantFrom("a", "b", " ", "ü", "€", "𝄞"), minLength: 1, maxLength: 40 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ enter: true } as const) },
  ),
  { maxLength: 60 },
);

test("for any keys, the line and what the terminal shows are the model's", () => {
  fc.assert(
    fc.property(steps, fc.constantFrom("", "nx> ", "längerer Prompt: "), (typed, prompt) => {
      const model = new Model();
      editor.begin(prompt);
      // The history is the editor's for as long as it lives, so it is filled with lines of this run only.
      for (let index = 0; index < HISTORY_LINES; index++) {
        editor.type(`first ${index}\r`);
        editor.begin(prompt);
        model.history.push(`first ${index}`);
      }
      editor.terminal = new FakeTerminal();
      editor.guest.call("show");
      editor.drain();
      for (const step of typed) {
        if ("enter" in step) {
          expect(editor.type("\r")).toBe(verdict.line);
          model.enter();
          editor.begin(prompt);
        } else if ("key" in step) {
          editor.type(defined(keyBytes[step.key]));
          model.key(step.key);
        } else {
          for (const letter of step.text) {
            editor.type(letter);
            model.insert(letter);
          }
        }
        expect(editor.line).toBe(model.line);
        expectShown(editor.terminal, prompt, model);
      }
    }),
    { numRuns: 150 },
  );
});

/** Checks that the row is the prompt and a part of the line, narrower than the terminal, and that the cursor is right. */
function expectShown(terminal: FakeTerminal, prompt: string, model: Model): void {
  const row = [...terminal.row];
  expect(row.slice(0, prompt.length).join("")).toBe(prompt);
  const shown = row.slice(prompt.length);
  const place = terminal.column - prompt.length;
  const first = model.cursor - place;
  expect(first).toBeGreaterThanOrEqual(0);
  expect(shown).toEqual(model.letters.slice(first, first + shown.length));
  // If the terminal has room for the whole line, it shows all of it.
  if (model.letters.length < COLUMNS / 4) {
    expect(shown).toEqual(model.letters);
  }
}
