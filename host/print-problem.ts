// Prints errors on the command line: what happened, to what, and what to try, always in this order.
//
//     nx: source/services/virtioblkd/main.ts does not compile
//     source/services/virtioblkd/main.ts:31:9: error: Cannot find name 'deadline'. (asc 2304)
//        31 |   const d = deadline(now);
//           |             ^
//     try: …
//
// A Problem is a message for the user. Any other exception is a bug of ours, and is printed with its stack.

import { type Diagnostic, Problem } from "./problem.ts";
import { type Paint, paintFor } from "./report.ts";
import { environmentProblem } from "./system-error.ts";

/** How many diagnostics are shown. The rest is counted. */
const DIAGNOSTICS_SHOWN_MAX = 20;
/** How many lines of another program's output are shown, counted from its end. */
const OUTPUT_LINES_MAX = 40;

/** Prints an error of any kind and gives the exit code that goes with it. */
export function printProblem(error: unknown, stream: NodeJS.WriteStream): 1 | 2 {
  stream.write(`${formatProblem(error, paintFor(stream))}\n`);
  return error instanceof Problem ? (error.details.exitCode ?? 1) : 1;
}

/** Prints errors that did not stop a command. Gives the exit code, which is 0 without errors. */
export function printProblems(errors: readonly unknown[], stream: NodeJS.WriteStream): 0 | 1 {
  for (const error of errors) {
    printProblem(error, stream);
  }
  return errors.length === 0 ? 0 : 1;
}

/** The text that `printProblem` writes, with no newline at its end. */
export function formatProblem(error: unknown, paint: Paint): string {
  if (error instanceof Error && "problems" in error && Array.isArray(error.problems)) {
    return [`${paint.bad("nx:")} the guest code cannot become RV64`, error.message].join("\n");
  }
  const environment = environmentProblem(error);
  if (environment !== undefined) {
    return formatProblem(environment, paint);
  }
  if (!(error instanceof Problem)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint.bad("nx: this is a bug in the tools")}\n${text}`;
  }
  const { subject, hints = [], diagnostics = [], output } = error.details;
  const about = subject !== undefined && !error.message.includes(subject) ? ` (${subject})` : "";
  const lines = [`${paint.bad("nx:")} ${error.message}${about}`];
  for (const diagnostic of diagnostics.slice(0, DIAGNOSTICS_SHOWN_MAX)) {
    lines.push(formatDiagnostic(diagnostic, paint));
  }
  if (diagnostics.length > DIAGNOSTICS_SHOWN_MAX) {
    lines.push(`… and ${diagnostics.length - DIAGNOSTICS_SHOWN_MAX} more`);
  }
  if (output !== undefined && output.trim() !== "") {
    lines.push(
      ...output
        .trimEnd()
        .split("\n")
        .slice(-OUTPUT_LINES_MAX)
        .map((line) => `  | ${line}`),
    );
  }
  for (const hint of hints) {
    lines.push(`${paint.note("try:")} ${hint}`);
  }
  return lines.join("\n");
}

/** `file:line:column: error: message`, then the source line with a caret below the place. */
export function formatDiagnostic({ severity, message, place }: Diagnostic, paint: Paint): string {
  const word = severity === "error" ? paint.bad("error") : paint.note(severity);
  if (!place) {
    return `${word}: ${message}`;
  }
  const head = `${place.file}:${place.line}:${place.column}: ${word}: ${message}`;
  if (place.text === undefined) {
    return head;
  }
  const margin = String(place.line).padStart(6);
  // A tab stays a tab, so that the caret is below the character on every terminal.
  const indent = place.text.slice(0, place.column - 1).replace(/[^\t]/g, " ");
  return `${head}\n${margin} | ${place.text}\n${" ".repeat(margin.length)} | ${indent}${paint.bad("^")}`;
}
