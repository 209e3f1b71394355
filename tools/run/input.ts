// Standard input as keys at the guest's console: lines of text, and Ctrl-D at their end.
//
// Nothing is read before the program asks for a line, so a program that reads none leaves the input to the next command
// of a script. consoled draws the row of a line that it is asked for (source/services/consoled/line.ts), and nothing else
// on the console has this sequence: programs and services print no escapes but in frames.

import { Problem } from "../../host/problem.ts";
import type { Person } from "../boot/interactive.ts";

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const END_OF_INPUT = 0x04;

/** The longest line that consoled takes (lineBytesMax of source/idl/console.capnp). */
export const LINE_BYTES_MAX = 1024;

/** Erase to the row's end: the end of every row that consoled draws. */
const ROW_DRAWN = "\x1b[K";

/** Text as keys. A key that would edit the line instead of being in it is refused. */
export class TypedText {
  private line = 1;
  private lineBytes = 0;

  /** @throws Problem if a byte cannot be typed, or a line is too long */
  feed(bytes: Uint8Array): Uint8Array {
    for (const byte of bytes) {
      if (byte === LINE_FEED) {
        this.line += 1;
        this.lineBytes = 0;
        continue;
      }
      if (byte !== RETURN && (byte < 0x20 || byte === 0x7f)) {
        const name = `0x${byte.toString(16).padStart(2, "0")}`;
        throw this.problem(
          `has the control character ${name}`,
          "take it out: the program gets lines of text",
        );
      }
      this.lineBytes += 1;
      if (this.lineBytes > LINE_BYTES_MAX) {
        throw this.problem(`has more than ${LINE_BYTES_MAX} bytes`, "break it into shorter lines");
      }
    }
    return bytes;
  }

  /** The end of the input. Ctrl-D means that on an empty line only, so a last line without an end is ended first. */
  end(): Uint8Array {
    return Uint8Array.from(this.lineBytes === 0 ? [END_OF_INPUT] : [LINE_FEED, END_OF_INPUT]);
  }

  private problem(what: string, hint: string): Problem {
    return new Problem(`line ${this.line} of the standard input ${what}`, { hints: [hint] });
  }
}

/** The stream's part that is used, so that a test can replace it. */
export interface InputStream {
  on: ((event: "data", listener: (bytes: Uint8Array) => void) => unknown) &
    ((event: "end", listener: () => void) => unknown);
  resume: () => unknown;
  destroy: () => unknown;
}

/** What standard input is to the machine: someone who types once a line is asked for. */
export class Typist implements Person {
  /** Why the typing ended early. */
  problem: unknown;
  private readonly input: () => InputStream;
  private readonly text = new TypedText();
  private stream: InputStream | undefined;
  private shown = "";
  private send: (bytes: Uint8Array) => void = () => {};
  private leave: () => void = () => {};

  /** @param input opens the stream, when it is needed */
  constructor(input: () => InputStream) {
    this.input = input;
  }

  show(bytes: Uint8Array): void {
    if (this.stream !== undefined) {
      return;
    }
    this.shown = (this.shown + Buffer.from(bytes).toString("latin1")).slice(
      -(bytes.length + ROW_DRAWN.length),
    );
    if (this.shown.includes(ROW_DRAWN)) {
      this.begin();
    }
  }

  attach(send: (bytes: Uint8Array) => void, leave: () => void): void {
    this.send = send;
    this.leave = leave;
  }

  handOver(): void {}

  close(): void {
    this.stream?.destroy();
  }

  private begin(): void {
    const stream = this.input();
    this.stream = stream;
    stream.on("data", (bytes) => this.attempt(() => this.send(this.text.feed(bytes))));
    stream.on("end", () => this.send(this.text.end()));
    stream.resume();
  }

  private attempt(type: () => void): void {
    if (this.problem !== undefined) {
      return;
    }
    try {
      type();
    } catch (error) {
      this.problem = error;
      this.leave();
    }
  }
}
