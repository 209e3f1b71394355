// The scanner of device-tree source: it keeps the place in the text, and steps over white space and comments.
//
// The one idea: DTS has no fixed tokens (`cpu@0` is a name after `{`, `0` a number after `<`), so the parser
// asks for the token that it expects at a place, and the scanner either gives it or says, with line and column, what it
// found instead. It reads nothing twice, and buffers nothing.

import { Problem, type SourcePlace } from "../../host/problem.ts";

/** An error in a source text, with its place: a Problem with one diagnostic. */
export class DtsError extends Problem {
  constructor(message: string, place: SourcePlace) {
    super(`${place.file}:${place.line}:${place.column}: ${message}`, {
      diagnostics: [{ severity: "error", message, place }],
    });
    this.name = "DtsError";
  }
}

/** Characters of node and property names (Devicetree Specification 0.4, tables 2.1 and 2.3, and `@`). */
const NAME = /[0-9A-Za-z,._+*#?@-]+/y;
const LABEL = /[A-Za-z_][0-9A-Za-z_]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const PATH = /\/[0-9A-Za-z,._+*#?@/-]*/y;
const HEX_PAIR = /[0-9a-fA-F]{2}/y;
/** White space and both kinds of comment. `skip` complains about a comment that is never closed. */
const BLANK = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "0": "\0", "\\": "\\", '"': '"' };

export class Scanner {
  readonly text: string;
  readonly file: string;
  /** Offset of the next character, in UTF-16 units. */
  offset = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  /** An error at `offset`, or at the next character. */
  error(problem: string, offset: number = this.offset): DtsError {
    const lines = this.text.slice(0, offset).split("\n");
    const line = lines.length;
    const column = (lines[line - 1] ?? "").length + 1;
    const text = this.text.split("\n")[line - 1] ?? "";
    return new DtsError(problem, { file: this.file, line, column, text });
  }

  /** Steps over white space and comments. */
  skip(): void {
    this.match(BLANK);
    if (this.text.startsWith("/*", this.offset)) {
      throw this.error("this comment is never closed");
    }
  }

  /** Steps over `token` and gives true, if it comes next in the text. */
  accept(token: string): boolean {
    this.skip();
    if (!this.text.startsWith(token, this.offset)) {
      return false;
    }
    this.offset += token.length;
    return true;
  }

  /** Steps over `token`, which has to come next. `where` completes the message: "expected ; after …". */
  expect(token: string, where: string): void {
    if (!this.accept(token)) {
      throw this.error(`expected "${token}" ${where}, found ${this.here()}`);
    }
  }

  atEnd(): boolean {
    this.skip();
    return this.offset >= this.text.length;
  }

  name(): string | undefined {
    return this.word(NAME);
  }

  label(): string | undefined {
    return this.word(LABEL);
  }

  /** A label of the node after it (`h0:`), if there is one. A name without a colon stays unread. */
  labelDefinition(): string | undefined {
    this.skip();
    const start = this.offset;
    const label = this.match(LABEL);
    if (label !== undefined && this.accept(":")) {
      return label;
    }
    this.offset = start;
    return undefined;
  }

  path(): string | undefined {
    return this.word(PATH);
  }

  hexPair(): string | undefined {
    return this.word(HEX_PAIR);
  }

  /** A decimal or hexadecimal number of at most `bits` bits. */
  number(bits: number): bigint | undefined {
    this.skip();
    const start = this.offset;
    const digits = this.match(NUMBER);
    if (digits === undefined) {
      return undefined;
    }
    const follower = this.text[this.offset] ?? "";
    if (/[0-9A-Za-z_]/.test(follower)) {
      throw this.error(`"${digits}${follower}" is not a number`, start);
    }
    // C and dtc read a leading zero as octal, but a device tree never means that.
    if (/^0[0-9]/.test(digits)) {
      throw this.error(`"${digits}" would be octal: write it without the zero`, start);
    }
    const value = BigInt(digits);
    if (value >> BigInt(bits) !== 0n) {
      throw this.error(`${digits} does not fit into ${bits} bits`, start);
    }
    return value;
  }

  /** A string in double quotes, its escapes resolved; undefined if none comes next. */
  string(): string | undefined {
    if (!this.accept('"')) {
      return undefined;
    }
    const start = this.offset - 1;
    let value = "";
    for (;;) {
      const character = this.text[this.offset];
      if (character === undefined || character === "\n") {
        throw this.error("this string is never closed", start);
      }
      this.offset += 1;
      if (character === '"') {
        return value;
      }
      value += character === "\\" ? this.escape() : character;
    }
  }

  private escape(): string {
    const start = this.offset - 1;
    const letter = this.text[this.offset] ?? "";
    this.offset += 1;
    const value = ESCAPES[letter];
    if (value === undefined) {
      throw this.error(`unknown escape "\\${letter}" in a string`, start);
    }
    return value;
  }

  /** A description of what comes next, for an error message. */
  here(): string {
    this.skip();
    const rest = this.text.slice(this.offset);
    if (rest === "") {
      return "the end of the file";
    }
    return `"${/^(?:[\w,.@#+-]+|[\s\S])/.exec(rest)?.[0] ?? ""}"`;
  }

  private word(pattern: RegExp): string | undefined {
    this.skip();
    return this.match(pattern);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) {
      this.offset += found.length;
    }
    return found;
  }
}
