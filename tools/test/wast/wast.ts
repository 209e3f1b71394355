// ./nx test --wast DIR: the specification's tests, or any folder of .wast files, as RV64 on QEMU.
//
// It handles two files at a time: one is compiled while the other runs. Every assertion about running code is counted
// as passed, failed, or left out with its reason. Assertions about invalid modules (assert_invalid, assert_malformed,
// assert_unlinkable) have no place here, because the translator gets only valid modules.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Problem } from "../../../host/problem.ts";
import { formatTable, type Progress } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import { hasQemu, qemuProgram } from "../../boot/machines/qemu.ts";
import { requireQemu } from "../../boot/machines/qemu-facts.ts";
import { convert, hasWast2json, type JsonCommand } from "./convert.ts";
import { type AssertionKind, type Judgement, runFile } from "./file.ts";

const FILES_AT_ONCE = 2;

/** How many failures are listed. */
const FAILURES_SHOWN_MAX = 40;

const assertionKinds: readonly AssertionKind[] = [
  "assert_return",
  "assert_trap",
  "assert_exhaustion",
  "assert_uninstantiable",
];

export interface Tally {
  passed: number;
  failed: number;
  leftOut: number;
}

export interface FileResult {
  readonly file: string;
  /** Why the file could not be read, if so: wast2json's message. */
  readonly unread: string | undefined;
  readonly tally: Tally;
  readonly failures: readonly { readonly line: number; readonly detail: string }[];
  /** How many assertions were left out for each reason. */
  readonly leftOut: Readonly<Record<string, number>>;
}

export interface SuiteResult {
  readonly files: readonly FileResult[];
  readonly totals: Readonly<Record<AssertionKind, Tally>>;
  /** Assertions about modules that must be refused. */
  readonly aboutValidation: number;
}

/** The reason why the suite cannot run here, or undefined. */
export function missingForWast(): string | undefined {
  if (!hasQemu()) {
    return "QEMU (Debian: qemu-system-misc)";
  }
  return hasWast2json() ? undefined : "wast2json (Debian: wabt)";
}

/** Runs every .wast file in a folder. */
export async function runSuite(folder: string, progress: Progress): Promise<SuiteResult> {
  const missing = missingForWast();
  if (missing !== undefined) {
    throw new Problem(`${missing} is needed to run .wast files`);
  }
  await requireQemu(qemuProgram());
  const files = filesIn(folder);
  mkdirSync(join(root, "build/wast"), { recursive: true });
  const scratch = mkdtempSync(join(root, "build/wast/json-"));
  const results: FileResult[] = [];
  const totals = Object.fromEntries(assertionKinds.map((kind) => [kind, emptyTally()])) as Record<
    AssertionKind,
    Tally
  >;
  let aboutValidation = 0;
  const queue = [...files];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const done = progress.start(file);
      const converted = convert(join(folder, file), scratch);
      if (typeof converted === "string") {
        results.push({ file, unread: converted, tally: emptyTally(), failures: [], leftOut: {} });
        done(`not converted: ${converted}`);
        continue;
      }
      const judgements = await runFile(converted);
      aboutValidation += converted.commands.filter(isAboutValidation).length;
      for (const judgement of judgements) {
        count(totals[judgement.kind], judgement);
      }
      const result = summary(file, judgements);
      results.push(result);
      done(sentence(result));
    }
  };
  try {
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  } finally {
    rmSync(scratch, { recursive: true });
  }
  results.sort((left, right) => (left.file < right.file ? -1 : 1));
  return { files: results, totals, aboutValidation };
}

function filesIn(folder: string): string[] {
  const path = resolve(folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new Problem(`${folder} is no folder`, {
      exitCode: 2,
      hints: ["name a folder with .wast files"],
    });
  }
  const files = readdirSync(path).filter((file) => file.endsWith(".wast"));
  if (files.length === 0) {
    throw new Problem(`there is no .wast file in ${folder}`, { exitCode: 2 });
  }
  return files.sort();
}

function isAboutValidation({ type }: JsonCommand): boolean {
  return type === "assert_invalid" || type === "assert_malformed" || type === "assert_unlinkable";
}

function emptyTally(): Tally {
  return { passed: 0, failed: 0, leftOut: 0 };
}

function count(tally: Tally, { outcome }: Judgement): void {
  if (outcome === "passed") {
    tally.passed++;
  } else if (outcome === "failed") {
    tally.failed++;
  } else {
    tally.leftOut++;
  }
}

function summary(file: string, judgements: readonly Judgement[]): FileResult {
  const tally = emptyTally();
  const leftOut: Record<string, number> = {};
  for (const judgement of judgements) {
    count(tally, judgement);
    const { outcome, detail } = judgement;
    if (outcome === "left out") {
      leftOut[detail] = (leftOut[detail] ?? 0) + 1;
    }
  }
  const failures = judgements
    .filter(({ outcome }) => outcome === "failed")
    .map(({ line, detail }) => ({ line, detail }));
  return { file, unread: undefined, tally, failures, leftOut };
}

function sentence({ tally, leftOut }: FileResult): string {
  const reasons = Object.entries(leftOut).map(([reason, times]) => `${times} ${reason}`);
  const parts = [`${tally.passed} passed`];
  if (tally.failed > 0) {
    parts.push(`${tally.failed} failed`);
  }
  if (tally.leftOut > 0) {
    parts.push(`${tally.leftOut} left out (${reasons.join("; ")})`);
  }
  return parts.join(", ");
}

/** Sums over all kinds of assertions. */
export function total({ totals }: SuiteResult): Tally {
  const sum = emptyTally();
  for (const { passed, failed, leftOut } of Object.values(totals)) {
    sum.passed += passed;
    sum.failed += failed;
    sum.leftOut += leftOut;
  }
  return sum;
}

/** The suite's result as tables: files, failures, reasons, totals. */
export function formatSuite(result: SuiteResult): string {
  const number = (heading: string) => ({ heading, align: "right" as const });
  const ran = result.files.filter(({ unread }) => unread === undefined);
  const unread = result.files.filter((file) => file.unread !== undefined);
  const failures = result.files.flatMap(({ file, failures: found }) =>
    found.map(({ line, detail }) => [`${file}:${line}`, detail]),
  );
  const reasons = new Map<string, number>();
  for (const { leftOut } of ran) {
    for (const [reason, times] of Object.entries(leftOut)) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + times);
    }
  }
  const sum = total(result);
  const parts = [
    formatTable(
      [{ heading: "file" }, number("passed"), number("failed"), number("left out"), { heading: "why" }],
      ran
        .filter(({ tally }) => tally.passed + tally.failed + tally.leftOut > 0)
        .map(({ file, tally, leftOut }) => [
          file,
          ...[tally.passed, tally.failed, tally.leftOut].map(String),
          Object.keys(leftOut).join("; "),
        ]),
    ),
  ];
  if (unread.length > 0) {
    const rows = unread.map(({ file, unread: why }) => [file, why ?? ""]);
    parts.push(formatTable([{ heading: "not converted by wast2json" }, { heading: "its message" }], rows));
  }
  const ordered = [...reasons].sort(([, left], [, right]) => right - left);
  if (ordered.length > 0) {
    const rows = ordered.map(([reason, times]) => [reason, String(times)]);
    parts.push(formatTable([{ heading: "left out" }, number("assertions")], rows));
  }
  if (failures.length > 0) {
    parts.push(formatTable([{ heading: "failed" }, { heading: "" }], failures.slice(0, FAILURES_SHOWN_MAX)));
  }
  parts.push(
    formatTable(
      [{ heading: "assertion" }, number("passed"), number("failed"), number("left out")],
      Object.entries(result.totals).map(([kind, tally]) => [
        kind,
        ...[tally.passed, tally.failed, tally.leftOut].map(String),
      ]),
    ),
    `${result.aboutValidation} assertions about invalid modules are not run: the translator gets only valid modules.\n` +
      `${sum.passed} passed, ${sum.failed} failed, ${sum.leftOut} left out\n`,
  );
  return parts.join("\n");
}

/** `./nx test --wast`: runs the folder and prints the result. Gives the exit code. */
export async function wast(folder: string, json: boolean, progress: Progress): Promise<number> {
  const result = await runSuite(folder, progress);
  const sum = total(result);
  process.stdout.write(json ? `${JSON.stringify({ ...result, total: sum })}\n` : formatSuite(result));
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}
