// The guest's sources, as the build put them beside the page, and a few lines of one with the line in question.

import { make } from "./dom.ts";

/** Lines above and below. */
const AROUND = 7;
const FILES_MAX = 64;

const files = new Map<string, Promise<string[] | undefined>>();

/** The lines of a source file; undefined if the build has none of this name. */
function linesOf(file: string): Promise<string[] | undefined> {
  const known = files.get(file);
  if (known !== undefined) {
    return known;
  }
  if (files.size >= FILES_MAX) {
    files.clear();
  }
  const read = fetch(new URL(`data/sources/${file}`, document.baseURI))
    .then(async (response) => (response.ok ? (await response.text()).split("\n") : undefined))
    .catch(() => undefined);
  files.set(file, read);
  return read;
}

/** Shows the lines around `line` in an element. */
export async function showSource(place: HTMLElement, file: string, line: number): Promise<void> {
  const lines = await linesOf(file);
  const code = make("pre", "code");
  if (lines === undefined) {
    place.replaceChildren(make("p", "faint", `${file} is not in this build's sources.`));
    return;
  }
  const first = Math.max(1, line - AROUND);
  const last = Math.min(lines.length, line + AROUND);
  for (let number = first; number <= last; number += 1) {
    const row = make("span", number === line ? "row here" : "row");
    row.append(make("i", "", String(number)), ...coloured(lines[number - 1] ?? ""));
    code.append(row);
  }
  place.replaceChildren(make("p", "file", `${file}:${line}`), code);
}

const TOKENS =
  /(?<comment>\/\/.*|\/?\*.*)|(?<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<word>\b(?:import|export|from|function|const|let|if|else|for|while|return|class|new|this|null|true|false|switch|case|break|continue|default|enum|private|static|get|set|u8|u16|u32|u64|i32|i64|usize|bool|void)\b)|(?<number>\b(?:0x[0-9a-f_]+|[0-9][0-9_]*)\b)/gi;

/** A line in pieces: comments, texts, words of the language, numbers. */
function coloured(line: string): Node[] {
  const pieces: Node[] = [];
  let at = 0;
  for (const match of line.matchAll(TOKENS)) {
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0] ?? "";
    const isComment =
      kind === "comment" && (match[0].startsWith("//") || line.trimStart().startsWith(match[0]));
    if (kind === "comment" && !isComment) {
      continue;
    }
    pieces.push(document.createTextNode(line.slice(at, match.index)), make("span", kind, match[0]));
    at = match.index + match[0].length;
  }
  pieces.push(document.createTextNode(line.slice(at)));
  return pieces;
}
