// What the host's code says to an input, as a measure of what it reached: its error messages without what the input put
// into them, and what the target tells of an input that was accepted. The code is not counted: V8 can do that, but
// takes longer for it than a parser for its input.

import type { Coverage, Running } from "./target.ts";

/** Different answers that are kept in mind. */
const ANSWERS_MAX = 50_000;
/** Names from the input stand in the middle of most answers: the first word and these many at the end count. */
const LAST_WORDS = 2;

export class AnswerCoverage implements Coverage {
  readonly total = undefined;
  private readonly known = new Set<string>();
  private latest: string[] = [];

  /** The code under test said this. */
  say(answer: string): void {
    const words = answer
      .replace(/["'`].*["'`]/gs, "#")
      .replace(/0x[0-9a-f]+|\d+/g, "#")
      .split(" ");
    this.latest.push([words[0], ...words.slice(-LAST_WORDS)].join(" "));
  }

  clear(): void {
    this.latest = [];
  }

  hasNew(notes: boolean): boolean {
    const fresh = this.latest.filter((answer) => !this.known.has(answer));
    if (notes && this.known.size < ANSWERS_MAX) {
      for (const answer of fresh) {
        this.known.add(answer);
      }
    }
    return fresh.length > 0;
  }

  get covered(): number {
    return this.known.size;
  }
}

/** Code of the host, ready: what it answers is its coverage, and its runs are watched. */
export function runningHost(
  about: Pick<Running, "seeds" | "dictionary"> & { run(input: Uint8Array, answers: AnswerCoverage): void },
): Running {
  const coverage = new AnswerCoverage();
  const { seeds, dictionary, run } = about;
  return { coverage, isWatched: true, seeds, dictionary, run: (input) => run(input, coverage) };
}
