// Turns asc's diagnostics into ours: repository path, line, column and the source line itself.
//
// asc names a file that was found through a path root (`abi/syscall`) as its own library (`~lib/abi/syscall.ts`).
// The caller knows which file it gave for which name, so the place is mapped back before it is shown.

import type { DiagnosticMessage } from "assemblyscript/asc";
import type { Diagnostic, SourcePlace } from "../../host/problem.ts";

/** A file as asc read it: the path below the repository's root, and the text. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** asc's categories, in its own numbering (src/diagnostics.ts: Pedantic, Info, Warning, Error). */
const severities: readonly Diagnostic["severity"][] = ["info", "info", "warning", "error"];

/** Finds line and column (from 1) of `offset` in `text`, and the line itself without its end. */
export function placeOf(source: SourceText, offset: number): SourcePlace {
  const before = source.text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = source.text.indexOf("\n", offset);
  return {
    file: source.path,
    line: before.split("\n").length,
    column: offset - lineStart + 1,
    text: source.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).replace(/\r$/, ""),
  };
}

/**
 * Turns one of asc's messages into a Diagnostic.
 *
 * @param lookUp gives the text that asc got for its name of a file, or undefined for asc's own library
 */
export function translateDiagnostic(
  message: DiagnosticMessage,
  lookUp: (name: string) => SourceText | undefined,
): Diagnostic {
  const severity = severities[message.category] ?? "error";
  const text = `${message.message} (asc ${message.code})`;
  const range = message.range ?? message.relatedRange;
  if (!range) {
    return { severity, message: text };
  }
  const name = range.source.normalizedPath;
  const source = lookUp(name);
  // asc's own library: its text is not shown, but the name says which part was pulled in.
  if (!source) {
    return { severity, message: `${text} in ${name}` };
  }
  return { severity, message: text, place: placeOf(source, range.start) };
}
