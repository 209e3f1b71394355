// A terminal, as far as the line editor uses one: the text of its rows, and the place of the cursor. A test fails if it gets
// bytes that it does not know.

import { defined } from "../../harness/defined.ts";

const ESCAPE_KEY = "\u001b";

export class FakeTerminal {
  readonly rows: string[][] = [[]];
  column = 0;
  bells = 0;

  /** The last row, without spaces at its end. */
  get row(): string {
    return this.text(this.rows.length - 1);
  }

  text(index: number): string {
    return defined(this.rows[index], `row ${index}`)
      .map((letter) => letter ?? " ")
      .join("");
  }

  feed(bytes: Uint8Array): void {
    const letters = [...new TextDecoder("utf-8", { fatal: true }).decode(bytes)];
    for (let at = 0; at < letters.length; at++) {
      const letter = defined(letters[at]);
      if (letter !== ESCAPE_KEY) {
        this.put(letter);
        continue;
      }
      const end = letters.findIndex((one, index) => index > at + 1 && /[A-Za-z]/.test(one));
      this.obey(letters.slice(at + 1, end + 1).join(""));
      at = end;
    }
  }

  private get current(): string[] {
    return defined(this.rows.at(-1));
  }

  private put(letter: string): void {
    if (letter === "\r") {
      this.column = 0;
    } else if (letter === "\u0007") {
      this.bells += 1;
    } else if (letter === "\n") {
      this.rows.push([]);
      this.column = 0;
    } else if (letter < " ") {
      throw new Error(`an unknown control character: ${JSON.stringify(letter)}`);
    } else {
      while (this.current.length < this.column) {
        this.current.push(" ");
      }
      this.current[this.column] = letter;
      this.column += 1;
    }
  }

  /** Carries out an escape sequence, given without its escape. */
  private obey(sequence: string): void {
    const back = /^\[(\d+)D$/.exec(sequence);
    if (sequence === "[K") {
      this.current.length = Math.min(this.current.length, this.column);
    } else if (sequence === "[H") {
      this.column = 0;
    } else if (sequence === "[2J") {
      this.rows.splice(0, this.rows.length, []);
    } else if (back) {
      this.column = Math.max(0, this.column - Number(back[1]));
    } else {
      throw new Error(`an unknown sequence: ${JSON.stringify(sequence)}`);
    }
  }
}
