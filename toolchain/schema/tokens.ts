// Cuts a schema's text into tokens with their places, and with the comment that follows each.
//
// In Cap'n Proto a comment documents what stands *before* it: the lines that follow a `;` or `{` without a blank
// line between belong to that declaration. So a comment is no token, but belongs to the token before it.

import { Problem } from "../../host/problem.ts";

export interface Token {
  readonly kind: "word" | "number" | "string" | "symbol" | "end";
  /** The text in the file; for a string, the text between the quotes. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The comment lines that follow directly, without their `#`. */
  readonly comment: string[];
}

/** A schema's text, with a function that makes an error at a place in it. */
export class Source {
  readonly text: string;
  readonly file: string;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  /** An error at a token. It never returns, so that callers may write `throw source.wrong(…)`. */
  wrong(at: { line: number; column: number }, message: string, hint?: string): Problem {
    const text = this.text.split(/\r?\n/)[at.line - 1] ?? "";
    const place = { file: this.file, line: at.line, column: at.column, text };
    return new Problem(`${this.file}:${at.line}:${at.column}: ${message}`, {
      subject: this.file,
      diagnostics: [{ severity: "error", message, place }],
      ...(hint === undefined ? {} : { hints: [hint] }),
    });
  }
}

const blank = /[ \t\r]+/y;
const comment = /#[ ]?([^\n]*)/y;
const patterns: readonly { kind: Token["kind"]; pattern: RegExp }[] = [
  { kind: "word", pattern: /[A-Za-z][A-Za-z0-9_]*/y },
  { kind: "number", pattern: /0[xX][0-9a-fA-F]+|[0-9]+(?![0-9A-Za-z_.])/y },
  { kind: "string", pattern: /"([^"\\\n]*)"/y },
  { kind: "symbol", pattern: /->|[@(){};:,=$.[\]*-]/y },
];

/**
 * Cuts a schema into tokens. The last one is of kind `end`.
 *
 * @throws Problem at a character that begins no token
 */
export function tokenize(source: Source): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let position = 0;
  let line = 1;
  let lineStart = 0;
  let commentLine = 0; // the line on which a comment still belongs to the last token, or the one before it

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) {
      position += found[0].length;
    }
    return found;
  };
  const add = (kind: Token["kind"], tokenText: string, start: number): void => {
    tokens.push({ kind, text: tokenText, line, column: start - lineStart + 1, comment: [] });
    commentLine = line;
  };

  scan: while (position < text.length) {
    const start = position;
    if (text[position] === "\n") {
      position += 1;
      line += 1;
      lineStart = position;
      continue;
    }
    if (match(blank)) {
      continue;
    }
    const remark = match(comment);
    if (remark) {
      const last = tokens.at(-1);
      if (last && line - commentLine <= 1) {
        last.comment.push((remark[1] ?? "").trimEnd());
        commentLine = line;
      }
      continue;
    }
    for (const { kind, pattern } of patterns) {
      const found = match(pattern);
      if (!found) {
        continue;
      }
      add(kind, found[1] ?? found[0], start);
      continue scan;
    }
    const at = { line, column: start - lineStart + 1 };
    throw source.wrong(at, `${JSON.stringify(text[start])} begins no token of a schema`);
  }
  add("end", "", position);
  return tokens;
}
