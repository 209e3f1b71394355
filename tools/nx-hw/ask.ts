// How a question reaches the guest: `nexus,run` in the device tree names the command, the guest's `nx` prints lines
//
//     nx: smp online=2
//     nx: hart=0 hartid=1 ticks=12 …
//     nx: end
//
// and each line is a list of key=value words. The guest's lines are checked here as any input: a value that is no
// number, or a missing line, is a Problem, and never leads to a table with holes.

import { printProblems } from "../../host/print-problem.ts";
import { Problem } from "../../host/problem.ts";
import { paintFor } from "../../host/report.ts";
import { failureText } from "../boot/boot.ts";
import { runSession } from "../boot/session.ts";
import type { MachineWords } from "../boot/words.ts";

const PREFIX = "nx: ";
const END_LINE = "nx: end";

/** The words of one answer line: `smp online=4` gives the word `smp` and the value `online`. */
export interface Answer {
  word: string | undefined;
  values: Map<string, string>;
}

/**
 * Boots, runs `nx …` in the guest, and prints the text that `print` makes of its answer lines. Gives the exit code.
 * Throws Problem if the answer is missing or incomplete.
 */
export async function ask(
  words: MachineWords,
  run: string,
  print: (answers: Answer[]) => string,
): Promise<0 | 1> {
  const report = await runSession(words, run, false, () => {});
  if (!report.ok) {
    printProblems(report.unwritten, process.stderr);
    throw new Problem(`the guest did not answer "${run}"`, { output: failureText(report, paintFor({})) });
  }
  process.stdout.write(print(parseAnswers(report.lines)));
  return printProblems(report.unwritten, process.stderr);
}

/** The answers among console lines, up to `nx: end`. */
export function parseAnswers(lines: string[]): Answer[] {
  const end = lines.indexOf(END_LINE);
  if (end < 0) {
    const said = lines.filter((line) => /^(nx|nexus-init): /.test(line)).join("\n");
    throw new Problem(
      `the guest's answer is incomplete: "${END_LINE}" is missing`,
      said ? { output: said } : {},
    );
  }
  return lines
    .slice(0, end)
    .filter((line) => line.startsWith(PREFIX))
    .map((line) => parseAnswer(line.slice(PREFIX.length)));
}

function parseAnswer(text: string): Answer {
  const words = text.split(" ").filter((word) => word !== "");
  const values = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) {
      values.set(word.slice(0, equals), decoded(word.slice(equals + 1)));
    }
  }
  const first = words[0];
  return { word: first?.includes("=") ? undefined : first, values };
}

/** A character that a word cannot have is written as %xx (source/apps/nx/answer.ts). */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new Problem(`the guest says ${value}, which is no text`);
  }
}

/** A value that must not be missing. */
export function textValue(answer: Answer, key: string): string {
  const value = answer.values.get(key);
  if (value === undefined) {
    throw new Problem(`the guest's answer has no ${key}`);
  }
  return value;
}

/** A value that has to be a whole number, and one that JSON carries exactly. */
export function numberValue(answer: Answer, key: string): number {
  const text = textValue(answer, key);
  const value = wholeNumber(text);
  if (value === undefined) {
    throw new Problem(`the guest says ${key}=${text}, which is not a number`);
  }
  return value;
}

/** Two numbers with a slash between them. @throws Problem if the value is something else */
export function pairValue(answer: Answer, key: string): [number, number] {
  const text = textValue(answer, key);
  const [first, second, ...rest] = text.split("/").map(wholeNumber);
  if (first === undefined || second === undefined || rest.length > 0) {
    throw new Problem(`the guest says ${key}=${text}, which is not a number and its limit`);
  }
  return [first, second];
}

function wholeNumber(text: string): number | undefined {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
