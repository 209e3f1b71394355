// ./nx test: runs every check and every test, and counts them in one line.
//
// First come the checks that are cheap and say most: the types of both dialects, and style. Then comes the build,
// because tests compile and boot its outputs. Then comes vitest, which prints its own report. The counts come from a
// reporter of ours that vitest loads (reporter.ts). Beside vitest, a sample of the guest's checks is taken away (mutate/).

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { listFiles } from "../../host/files.ts";
import { list, number, object, readJson, type Shape, table, text, truth } from "../../host/json.ts";
import { printProblem } from "../../host/print-problem.ts";
import { Problem } from "../../host/problem.ts";
import { formatDuration, paintFor, progressOn } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { build } from "../../toolchain/compile.ts";
import { nearest } from "./nearest.ts";
import type { FileReport, TestReport } from "./reporter.ts";

const require = createRequire(import.meta.url);

/** The counts. Skipped tests are kept by name. */
export interface Counts {
  passed: number;
  failed: number;
  readonly skipped: string[];
}

/** A check that is a program of its own: it passes with status 0. */
interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

/** What the reporter tells. */
const testReport: Shape<TestReport> = object({
  files: list(object({ file: text, ok: truth, tests: list(object({ name: text, state: text })) })),
  errors: number,
});

/** Runs the tests whose file name contains one of `names`, or with none of them everything. Gives the exit code. */
export async function test(names: readonly string[]): Promise<number> {
  requireTests(names, testFiles());
  const counts: Counts = { passed: 0, failed: 0, skipped: [] };
  await buildFirst(counts);
  if (names.length === 0) {
    for (const check of checks()) {
      await runCheck(check, counts);
    }
  }
  const sample = names.length === 0 ? trySample() : undefined;
  await countTests(names, counts);
  if (sample !== undefined) {
    const { passed, said, detail } = await sample;
    process.stdout.write(said);
    report("a sample of checks taken away", passed, counts, detail);
  }

  if (counts.skipped.length > 0) {
    process.stdout.write(`\nskipped:\n${counts.skipped.map((name) => `  ${name}\n`).join("")}`);
  }
  process.stdout.write(
    `\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped\n`,
  );
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

/** Checks that every name is in the path of a test file. @throws Problem that names the nearest */
export function requireTests(names: readonly string[], files: readonly string[]): void {
  const missed = names.find((name) => !files.some((file) => isNamed(file, name)));
  if (missed === undefined) {
    return;
  }
  const near = nearest(missed, files);
  const hints =
    near.length === 0
      ? ["name a part of a path: ./nx test libs runs the tests below tests/libs"]
      : near.map((file) => `./nx test ${file}`);
  throw new Problem(`no test file has ${JSON.stringify(missed)} in its path`, { hints, exitCode: 2 });
}

/** Every test file, relative to the root. */
function testFiles(): string[] {
  return listFiles(root, "tests").filter((file) => file.endsWith(".test.ts"));
}

/** Whether vitest runs a file for this name: a part of its path, or a path from the root, perhaps with a line. */
function isNamed(file: string, name: string): boolean {
  const words = name.replace(/:[0-9]+$/, "").toLowerCase();
  const path = relative(root, resolve(root, words));
  return [words, path].some((part) => file.toLowerCase().includes(part));
}

function checks(): Check[] {
  const tsc = packageProgram("typescript", "tsc");
  return [
    { name: "types of the guest", command: [tsc, "-p", "tsconfig.guest.json"] },
    { name: "types of the host", command: [tsc, "-p", "tsconfig.host.json"] },
    { name: "types of the playground", command: [tsc, "-p", "tsconfig.playground.json"] },
    { name: "style", command: [packageProgram("@biomejs/biome", "biome"), "check", "."] },
  ];
}

/** The script behind a package's command. */
function packageProgram(name: string, command: string): string {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = readJson(readFileSync(manifest, "utf8"), manifest, object({ bin: table(text) }));
  const path = bin[command];
  if (path === undefined) {
    throw new Error(`${name} has no command ${command}`);
  }
  return join(dirname(manifest), path);
}

async function buildFirst(counts: Counts): Promise<void> {
  try {
    await build({ profile: "bringup", progress: progressOn(process.stderr) });
    report("build", true, counts);
  } catch (error) {
    printProblem(error, process.stderr);
    report("build", false, counts);
  }
}

async function runCheck({ name, command }: Check, counts: Counts): Promise<void> {
  const begin = performance.now();
  const { status, output } = await runNode(command, true);
  if (status !== 0) {
    process.stdout.write(output);
  }
  report(name, status === 0, counts, formatDuration(performance.now() - begin));
}

/**
 * Some of the guest's checks are taken away, other ones each day: their tests have to miss them. One process does so while
 * the tests run, because it may have to wait for a test that does not end without its check.
 */
async function trySample(): Promise<{ passed: boolean; said: string; detail: string }> {
  const { mutateSample, today } = await import("./mutate/mutate.ts");
  const begin = performance.now();
  let passed = false;
  let said = "";
  try {
    const tell = (text: string): void => {
      said += text;
    };
    passed = (await mutateSample(today(), { jobs: 1, tell })) === 0;
  } catch (error) {
    printProblem(error, process.stderr);
  }
  return { passed, said, detail: formatDuration(performance.now() - begin) };
}

function report(name: string, passed: boolean, counts: Counts, detail = ""): void {
  const paint = paintFor(process.stdout);
  if (passed) {
    counts.passed += 1;
  } else {
    counts.failed += 1;
  }
  process.stdout.write(
    `${passed ? paint.good("ok") : paint.bad("FAILED")}  ${name}  ${paint.faint(detail)}`.trimEnd(),
  );
  process.stdout.write("\n");
}

async function countTests(names: readonly string[], counts: Counts): Promise<void> {
  const before = counts.failed;
  try {
    const { status, told } = await runVitest(names);
    if (told !== undefined) {
      countReport(told, counts);
    }
    // Without a report vitest broke off. A status other than 0 has a reason, even if the report names none.
    if (told === undefined || (status !== 0 && counts.failed === before)) {
      report("vitest", false, counts, `status ${status}`);
    }
  } catch (error) {
    printProblem(error, process.stderr);
    report("vitest's report", false, counts);
  }
}

/** Runs vitest in a folder. Gives its status, and what the reporter told: nothing if vitest broke off. */
export function runVitest(
  words: readonly string[],
  folder = root,
  output: "inherit" | "ignore" = "inherit",
): Promise<{ status: number; told: TestReport | undefined }> {
  const reporters = ["--reporter=default", `--reporter=${join(root, "tools/test/reporter.ts")}`];
  const command = [packageProgram("vitest", "vitest"), "run", ...reporters, ...words];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, {
      cwd: folder,
      stdio: ["ignore", output, output, "ipc"],
    });
    let message: string | undefined;
    child.on("message", (said) => {
      message = String(said);
    });
    child.on("error", reject);
    child.on("close", (status) => {
      try {
        const told = message === undefined ? undefined : readJson(message, "what vitest reports", testReport);
        resolve({ status: status ?? 1, told });
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Adds what the reporter told to `counts`. */
export function countReport({ files, errors }: TestReport, counts: Counts): void {
  for (const file of files) {
    countFile(file, counts);
  }
  counts.failed += errors;
}

function countFile({ file, ok, tests }: FileReport, counts: Counts): void {
  const failedBefore = counts.failed;
  for (const { name, state } of tests) {
    if (state === "passed") {
      counts.passed += 1;
    } else if (state === "failed") {
      counts.failed += 1;
    } else {
      counts.skipped.push(`${file}: ${name}`);
    }
  }
  // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
  if (!ok && counts.failed === failedBefore) {
    counts.failed += 1;
  }
}

/** Runs a script under this Node, in the root. Its output is collected, or goes to ours. */
function runNode(command: readonly string[], collect: boolean): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...command], {
      cwd: root,
      stdio: ["ignore", collect ? "pipe" : "inherit", collect ? "pipe" : "inherit"],
    });
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}
