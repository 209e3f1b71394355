// The corpus of a target: one file, one input a line. Printable characters stand for themselves, other bytes and
// the backslash are written as \xNN, and as \xNN{9} if there are nine of them in a row. So a line of text stays readable.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../host/root.ts";

const FOLDER = "tools/fuzz/corpus";
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/** The inputs of a target's corpus; none if it has no file. */
export function readCorpus(target: string): Uint8Array[] {
  const file = corpusFile(target);
  if (!existsSync(file)) {
    return [];
  }
  const lines = readFileSync(file, "latin1").split("\n");
  return lines.filter((line) => line !== "").map(parseLine);
}

export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.filter((input) => input.length > 0).map(formatLine);
  writeFileSync(corpusFile(target), `${lines.sort().join("\n")}\n`, "latin1");
}

export function corpusFile(target: string): string {
  return join(root, FOLDER, `${target}.txt`);
}

export function formatLine(input: Uint8Array): string {
  let line = "";
  let wasEscaped = false;
  for (let at = 0; at < input.length; ) {
    const byte = input[at] ?? 0;
    let end = at + 1;
    // A brace behind an escape is escaped too: otherwise it would be taken for a count.
    if (isPlain(byte) && !(byte === BRACE && wasEscaped)) {
      line += String.fromCharCode(byte);
      wasEscaped = false;
    } else {
      while (input[end] === byte) {
        end += 1;
      }
      line += `\\x${byte.toString(16).padStart(2, "0")}${end - at > 1 ? `{${end - at}}` : ""}`;
      wasEscaped = true;
    }
    at = end;
  }
  return line;
}

export function parseLine(line: string): Uint8Array {
  const text = line.replace(/\\x([0-9a-f]{2})(?:\{(\d+)\})?/g, (_, hex: string, count?: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)).repeat(Number(count ?? 1)),
  );
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== BACKSLASH;
}
