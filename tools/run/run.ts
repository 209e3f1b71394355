// What ./nx run does: it boots, runs one program of the guest, and is that program to the outside: its output, its exit
// code, its standard input. All else on the console is silent, or with --verbose on standard error.

import { printProblem, printProblems } from "../../host/print-problem.ts";
import { paintFor } from "../../host/report.ts";
import { failureText } from "../boot/boot.ts";
import { runSession } from "../boot/session.ts";
import { runOf } from "./argument.ts";
import { Typist } from "./input.ts";
import type { RunWords } from "./words.ts";

/** How nexus-init says that a program left by itself. */
const LEFT = /^exit code (\d+)\(/;
/** The largest code that a process can end with. */
const EXIT_CODE_MAX = 255;

/** Runs a program. Gives its exit code; 1, after a line on standard error, if it did not leave with one. */
export async function run(app: string, args: readonly string[], words: RunWords): Promise<number> {
  const command = runOf(app, args);
  const typist = new Typist(() => process.stdin);
  let how: string | undefined;
  const report = await runSession(
    { ...words, machine: words.machine ?? "embedded" },
    command,
    false,
    (line) => {
      if (words.verbose) {
        process.stderr.write(`${line}\n`);
      }
    },
    {
      person: typist,
      apart: {
        onOutput: (bytes) => process.stdout.write(bytes),
        onEnd: (text) => {
          how = text;
        },
      },
    },
  );
  const unwritten = printProblems(report.unwritten, process.stderr);
  if (typist.problem !== undefined) {
    return printProblem(typist.problem, process.stderr);
  }
  const code = how === undefined ? undefined : LEFT.exec(how)?.[1];
  if (code !== undefined && Number(code) <= EXIT_CODE_MAX) {
    return Number(code) || unwritten;
  }
  const told = how === undefined ? failureText(report, paintFor(process.stderr)) : `nx: ${app} ended: ${how}`;
  process.stderr.write(`${told}\n`);
  return 1;
}
