// What ./nx replay does: it repeats the run, prints its console, and says whether it ended as it was recorded. At the
// place where it was told to stop, it says what every hart is doing there.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Locator, placeText } from "../../host/debug/locate.ts";
import { attemptOutput, type NamedFile, requireOutputs } from "../../host/outputs.ts";
import { printProblems } from "../../host/print-problem.ts";
import { Problem } from "../../host/problem.ts";
import { paintFor, progressOn } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { pathProblem } from "../../host/system-error.ts";
import { Debugger } from "../../machine/host/gdb/debugger.ts";
import { serveGdb } from "../../machine/host/gdb/serve.ts";
import { describeHarts } from "../../machine/host/harts.ts";
import type { Recording } from "../../machine/host/recording/format.ts";
import { decodeRecording, hashOf } from "../../machine/host/recording/recording.ts";
import { type AdvanceState, Run } from "../../machine/host/run.ts";
import { eventLine, TraceFile } from "../../machine/host/trace.ts";
import { buildMachine } from "../../toolchain/compile.ts";
import { ConsoleLines } from "../boot/console.ts";
import { endOfRun } from "../boot/machines/embedded.ts";
import { programsBeside } from "../boot/programs.ts";
import { PANIC_LINE } from "../boot/verdict/panic.ts";
import type { ReplayWords } from "./words.ts";

/** The most instructions of a run whose recording has no end. */
const INSTRUCTIONS_MAX = 1_000_000_000_000n;

/** Where a replay stops before its end. */
interface StopAt {
  clock: bigint;
  line: (text: string) => boolean;
  /** The message if the run never comes there. */
  missed: string;
}

/** Replays a recording. Gives the exit code. Throws Problem if the recording cannot be read. */
export async function replay(file: string, words: ReplayWords): Promise<0 | 1> {
  const trace = words.trace === undefined ? undefined : { word: "--trace", file: words.trace };
  const recording = readRecording(file);
  if (trace !== undefined) {
    requireOutputs([trace], [{ word: "the recording", file }]);
  }
  const wasm = new Uint8Array(readFileSync(join(root, await buildMachine(progressOn(process.stderr)))));
  const run = startRun(await WebAssembly.compile(wasm), recording, file);
  if (!words.translation) {
    run.machine.interpretOnly();
  }
  if (words.gdb !== undefined) {
    const kernel = join(root, "build/neuron.elf");
    await serveGdb(new Debugger(run, [], recording.end?.clock), {
      port: words.gdb,
      kernel,
      programs: programsBeside(kernel),
      tell: (line) => void process.stderr.write(`${line}\n`),
      onBytes: (bytes) => void process.stdout.write(bytes),
    });
    return 0;
  }
  const endTrace = trace === undefined ? undefined : traceTo(run, trace);
  const stop = stopOf(words.stopAt);
  const { state, isThere } = goThrough(run, stop, recording.end?.clock, (line) => {
    if (!words.json) {
      process.stdout.write(`${line}\n`);
    }
  });
  // The state of the run is printed in either case.
  const unwritten = endTrace?.() ?? [];
  const code = tell({ recording, run, state, isThere, module: hashOf(wasm) }, words);
  const missed =
    words.stopAt !== undefined && !isThere ? [new Problem(`the run has ended: ${stop.missed}`)] : [];
  return printProblems([...unwritten, ...missed], process.stderr) === 0 ? code : 1;
}

/** The run before its first instruction. Throws Problem if there is no such machine as the recording describes. */
function startRun(module: WebAssembly.Module, { settings, events }: Recording, file: string): Run {
  try {
    return new Run(module, settings, events);
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, error: unknown): Problem {
  const why = error instanceof Error ? error.message : String(error);
  const hints = ["make a recording with ./nx boot --record FILE"];
  return new Problem(`${file} cannot be replayed: ${why}`, { subject: file, hints, exitCode: 2 });
}

/** A replay that has come to its end, or to the place to stop at. */
interface Replayed {
  recording: Recording;
  run: Run;
  state: AdvanceState;
  /** Whether it came to the place to stop at. */
  isThere: boolean;
  /** The hash of the machine's module. */
  module: string;
}

/** Prints the result. Gives the exit code. */
function tell({ recording, run, state, isThere, module }: Replayed, words: ReplayWords): 0 | 1 {
  const end = endOfRun(run);
  const same = recording.end !== undefined && end.stateHash === recording.end.stateHash;
  const isWhole = words.stopAt === undefined;
  const locator = new Locator(recording.settings.kernel, "the kernel");
  const harts = describeHarts(run.machine, (address) => locator.places(address).map(placeText));
  if (words.json) {
    const report = {
      state,
      clock: String(end.clock),
      same: isWhole ? same : null,
      reached: isWhole ? null : isThere,
      harts,
    };
    const hashes = { console_sha256: end.consoleHash, state_sha256: end.stateHash };
    process.stdout.write(`${JSON.stringify({ ...report, ...hashes }, undefined, 2)}\n`);
    return isWhole && !same ? 1 : 0;
  }
  const paint = paintFor(process.stdout);
  const count = `${end.clock} instructions`;
  if (!isWhole) {
    process.stdout.write(`${paint.note("stopped:")} after ${count}\n${harts.join("\n")}\n`);
    return 0;
  }
  if (same) {
    process.stdout.write(`${paint.good("replayed:")} the same run, ${count}, state ${end.stateHash}\n`);
    return 0;
  }
  process.stderr.write(`${paint.bad("replay failed:")} ${differenceText(recording, module)}\n`);
  return 1;
}

/** Reads a recording. Throws Problem if the file is no recording. */
export function readRecording(file: string): Recording {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw pathProblem(`cannot read the recording ${file}`, resolve(file), error);
  }
  try {
    return decodeRecording(text);
  } catch (error) {
    throw unusable(file, error);
  }
}

/** Runs to the place to stop at, or to the end of the recording. `onLine` gets each console line as it comes. */
function goThrough(
  run: Run,
  stop: StopAt,
  end: bigint | undefined,
  onLine: (line: string) => void,
): { state: AdvanceState; isThere: boolean } {
  let found = false;
  const lines = new ConsoleLines((line) => {
    onLine(line);
    if (stop.line(line)) {
      found = true;
    }
  });
  run.onByte = (byte) => {
    lines.feed(Uint8Array.of(byte));
    return found;
  };
  const last = end ?? INSTRUCTIONS_MAX;
  const state = run.advanceTo(stop.clock < last ? stop.clock : last);
  lines.end();
  return { state, isThere: found || run.clock >= stop.clock };
}

/** Writes the run's events to a file. Gives a function to call at the end, which gives the error, if there was one. */
function traceTo(run: Run, output: NamedFile): () => unknown[] {
  if (output.file.endsWith(".json")) {
    const trace = new TraceFile();
    run.listen((event) => trace.add(event));
    return () => attemptOutput(output, trace.text());
  }
  const lines: string[] = [];
  run.listen((event) => lines.push(eventLine(event)));
  return () => attemptOutput(output, `${lines.join("\n")}\n`);
}

function stopOf(where: string | undefined): StopAt {
  const never = { clock: INSTRUCTIONS_MAX, line: () => false, missed: "" };
  if (where === undefined) {
    return never;
  }
  if (/^[0-9]+$/.test(where)) {
    return { ...never, clock: BigInt(where), missed: `it has fewer instructions than ${where}` };
  }
  if (where === "panic") {
    return { ...never, line: (text) => PANIC_LINE.test(text), missed: "nothing panicked" };
  }
  const missed = `no line of its console contains ${JSON.stringify(where)}`;
  return { ...never, line: (text) => text.includes(where), missed };
}

function differenceText(recording: Recording, module: string): string {
  if (recording.end === undefined) {
    return "the recording does not say how the run ended, so the runs cannot be compared";
  }
  if (recording.module !== module) {
    return "the run went another way: the machine is not the one that recorded it";
  }
  return "the run went another way on the same machine, which is a bug of the machine";
}
