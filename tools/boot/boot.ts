// What ./nx boot does and prints: the console as it comes, then one line that says what was proven. After a failure it
// prints everything that a person needs to find the cause.

import { printProblems } from "../../host/print-problem.ts";
import { formatDuration, type Paint, paintFor } from "../../host/report.ts";
import { personAt } from "./interactive.ts";
import { type BootReport, SELFTEST_RUN, SHELL_RUN } from "./run.ts";
import { runSession, type SessionReport } from "./session.ts";
import { panicLines } from "./verdict/panic.ts";
import type { BootWords } from "./words.ts";

const KEYS_TEXT = "self-tests first, then the guest's shell; poweroff or Ctrl-A x ends the machine";

/** How many console lines are repeated after a failure. */
const LAST_LINES_SHOWN = 20;

/** Boots once, and goes on to the guest's shell if there is a terminal. Gives the exit code. */
export async function boot(words: BootWords): Promise<0 | 1> {
  const person = isAtTerminal(words) ? personAt(process.stdin, process.stdout) : undefined;
  if (person !== undefined) {
    process.stderr.write(`${paintFor(process.stderr).faint(KEYS_TEXT)}\n`);
  }
  const onLine = (line: string): void => {
    // A person sees the bytes as they come, with colours and incomplete lines.
    if (!words.json && person === undefined) {
      process.stdout.write(`${line}\n`);
    }
  };
  const run = person === undefined ? SELFTEST_RUN : SHELL_RUN;
  const report = await runSession(words, run, words.qemuTree === true, onLine, { person });
  if (words.json) {
    process.stdout.write(`${JSON.stringify(jsonReport(report, words), undefined, 2)}\n`);
  } else if (report.ok) {
    process.stdout.write(`${summary(report, words, paintFor(process.stdout))}\n`);
  }
  if (!report.ok) {
    process.stderr.write(`${failureText(report, paintFor(process.stderr))}\n`);
  }
  return printProblems(report.unwritten, process.stderr) === 0 && report.ok ? 0 : 1;
}

/** The tree that QEMU makes cannot ask for the shell, and with --json there is no console to type at. */
function isAtTerminal(words: BootWords): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && words.json !== true && words.qemuTree !== true;
}

/** One line for a good run. */
function summary(report: SessionReport, words: BootWords, paint: Paint): string {
  const counts = `${report.markers.length} markers in order, ${report.proofs.length} proofs hold`;
  const machine = `${words.smp} ${words.smp === 1 ? "hart" : "harts"}, ${diskText(words)}`;
  const where = report.embedded === undefined ? "" : ` on the embedded machine, seed ${report.embedded.seed}`;
  return `${paint.good("booted:")} ${machine}${where}: ${counts}, ${formatDuration(report.milliseconds)}`;
}

function diskText(words: BootWords): string {
  if (words.disk === false) {
    return "no disk";
  }
  return words.legacy ? "disk by virtio-mmio 1" : "disk by virtio-mmio 2";
}

/** What went wrong, the backtrace, QEMU's complaints and the console's end. */
export function failureText(report: BootReport, paint: Paint): string {
  const lines: string[] = [];
  const shown = report.lastLines.slice(-LAST_LINES_SHOWN);
  if (shown.length > 0) {
    lines.push(paint.faint(`the last ${shown.length} console lines:`), ...shown.map((line) => `  | ${line}`));
  } else {
    lines.push("the console stayed empty");
  }
  if (report.complaints.trim() !== "") {
    lines.push(paint.faint("the machine complained:"));
    lines.push(
      ...report.complaints
        .trimEnd()
        .split("\n")
        .map((line) => `  | ${line}`),
    );
  }
  if (report.panic !== undefined) {
    lines.push(...panicLines(report.panic));
  }
  // The cause comes last, because that is where a person looks.
  lines.push(...report.problems.toReversed().map((problem) => `${paint.bad("boot failed:")} ${problem}`));
  return lines.join("\n");
}

/** The report for programs (`--json`). */
export function jsonReport(report: SessionReport, words: BootWords): object {
  return {
    ok: report.ok,
    machine: report.machine,
    smp: words.smp,
    disk: words.disk !== false,
    virtio: words.disk === false ? null : words.legacy ? 1 : 2,
    profile: words.profile,
    nonce: report.nonce,
    seconds: Math.round(report.milliseconds) / 1000,
    problems: report.problems,
    markers: report.markers.map(({ marker, line, lineNumber }) => ({ name: marker.rung, line, lineNumber })),
    missing: report.missing,
    proofs: report.proofs.map(({ name, data, problem }) => ({ name, data, holds: problem === undefined })),
    panic: report.panic === undefined ? null : panicLines(report.panic),
    complaints: report.complaints,
    ...(report.embedded && {
      seed: String(report.embedded.seed),
      instructions: Number(report.embedded.instructions),
      console_sha256: report.embedded.consoleHash,
      state_sha256: report.embedded.stateHash,
    }),
  };
}
