// One seed of an exploration: a whole boot with the self-tests, watched from outside, judged as ./nx boot judges it.

import { list, number, object, optional, type Shape, text, truth } from "../../host/json.ts";
import type { DiskContent, MachineSettings } from "../../machine/host/machine.ts";
import { encodeRecording, hashOf } from "../../machine/host/recording.ts";
import { type AdvanceState, type Moment, Run } from "../../machine/host/run.ts";
import { type EmbeddedOptions, endOfRun, nonceOfSeed, settingsOf } from "../boot/machines/embedded.ts";
import type { Machine, MachineEnd } from "../boot/machines/machine.ts";
import { type BootFiles, type BootRequest, bootOnce } from "../boot/run.ts";
import { PanicWatch } from "../boot/verdict/panic.ts";
import type { Layout } from "./layout.ts";
import { Observer } from "./observer.ts";
import type { Places } from "./places.ts";
import { runOf } from "./runs.ts";

/** Instructions between two looks at the kernel. */
const SLICE_INSTRUCTIONS = 2_000_000n;
/** A run that is longer has gone wrong: some fifty times a usual one. */
const CLOCK_MAX = 200_000_000_000n;
const INSTRUCTIONS_MAX = 8_000_000_000n;
const NEWLINE = 0x0a;
/** After the first line of a panic its backtrace follows. */
const PANIC_INSTRUCTIONS = 4_000_000n;

/** What all seeds of an exploration have in common. */
export interface ExploreSetting {
  module: WebAssembly.Module;
  moduleHash: string;
  files: BootFiles;
  request: BootRequest;
  /** What the guest runs: the seeds take turns. */
  runs: readonly string[];
  disk: DiskContent | undefined;
  layout: Layout;
  places: Places;
  /** Everything but the seed. */
  options: Omit<EmbeddedOptions, "seed">;
  /** Where the seeds part, if they begin together. */
  fork: Fork | undefined;
}

/** A common beginning: a run that is gone through once, and left by each seed from the same moment. */
export interface Fork {
  /** The seed of the beginning. */
  seed: bigint;
  /** A part of the console line at which it ends. */
  line: string;
  /** The run, once it stands there. */
  beginning?: { run: Run; moment: Moment };
}

/** What became of a seed. */
export interface SeedResult {
  seed: string;
  ok: boolean;
  /** What was recognised, or else what ./nx boot would say; most telling first. */
  problems: string[];
  /** What the harts were doing at the end; only of a run that failed. */
  harts: string[];
  instructions: number;
  consoleHash: string;
  /** The recording, of a run that failed. */
  recording: string | undefined;
}

/** How a worker says it. */
export const seedResult: Shape<SeedResult> = object({
  seed: text,
  ok: truth,
  problems: list(text),
  harts: list(text),
  instructions: number,
  consoleHash: text,
  recording: optional(text),
});

/** What is said of a seed that did not come to an end of its own. */
export function brokenSeed(seed: string, ...problems: string[]): SeedResult {
  return {
    seed,
    ok: false,
    problems,
    harts: [],
    instructions: 0,
    consoleHash: "",
    recording: undefined,
  };
}

/** Runs one seed to its end. */
export async function runSeed(setting: ExploreSetting, seed: bigint): Promise<SeedResult> {
  let watched: Watched | undefined;
  const machine: Machine = {
    name: "embedded",
    start: async (boot, onBytes) => {
      const settings = settingsOf(
        { ...setting.options, seed: setting.fork?.seed ?? seed },
        boot,
        setting.disk,
      );
      watched = watchRun(setting, setting.fork ? leaveFork(setting, setting.fork, settings, seed) : settings);
      onBytes(watched.run.consoleBytes);
      return { ended: Promise.resolve(watched.end), stop: () => {} };
    },
  };
  const run = runOf(seed, setting.runs);
  const request = { ...setting.request, run, nonce: nonceOfSeed(setting.fork?.seed ?? seed) };
  const report = await bootOnce(machine, setting.files, request, () => {});
  if (watched === undefined) {
    throw new Error("the machine was not started");
  }
  const { observer, settings } = watched;
  const finding = observer.finding;
  const problems = [...(finding ? [`${finding.kind}: ${finding.text}`] : []), ...report.problems];
  const ok = problems.length === 0;
  return {
    seed: String(seed),
    ok,
    problems,
    harts: ok ? [] : observer.describe(),
    instructions: Number(watched.run.machine.instructions),
    consoleHash: hashOf(watched.run.consoleBytes),
    recording: ok
      ? undefined
      : encodeRecording({
          settings,
          events: watched.run.events,
          end: endOfRun(watched.run),
          module: setting.moduleHash,
        }),
  };
}

interface Watched {
  run: Run;
  observer: Observer;
  settings: MachineSettings;
  end: MachineEnd;
}

/** The run at the fork, with its turns drawn from `seed` from here on. */
function leaveFork(setting: ExploreSetting, fork: Fork, settings: MachineSettings, seed: bigint): Run {
  fork.beginning ??= goToFork(setting, fork.line, settings);
  const { run, moment } = fork.beginning;
  run.goTo(moment);
  run.reseed(seed);
  return run;
}

function goToFork(
  setting: ExploreSetting,
  line: string,
  settings: MachineSettings,
): NonNullable<Fork["beginning"]> {
  const run = new Run(setting.module, settings);
  let text = "";
  run.onByte = (byte) => {
    if (byte !== NEWLINE) {
      text += String.fromCharCode(byte);
      return false;
    }
    const isFork = text.includes(line);
    text = "";
    return isFork;
  };
  const state = run.advanceTo(CLOCK_MAX);
  if (state !== "stopped") {
    throw new Error(`no line of the console contains "${line}"`);
  }
  return { run, moment: run.moment() };
}

function watchRun(setting: ExploreSetting, beginning: MachineSettings | Run): Watched {
  const run = beginning instanceof Run ? beginning : new Run(setting.module, beginning);
  const { settings } = run.machine;
  const observer = new Observer(run, setting.layout, setting.places);
  const panics = new PanicLines();
  run.onByte = (byte) => panics.take(byte);
  let state: AdvanceState = "running";
  while (state === "running" && run.clock < CLOCK_MAX && run.machine.instructions < INSTRUCTIONS_MAX) {
    state = run.advanceTo(run.clock + SLICE_INSTRUCTIONS);
    if (state === "running") {
      observer.look();
    }
    if (observer.finding !== undefined) {
      break;
    }
  }
  if (panics.seen) {
    run.advanceTo(run.clock + PANIC_INSTRUCTIONS);
    observer.lookAtPanic(panics.frames);
  }
  const isOff = state === "off";
  if (isOff) {
    observer.lookAtEnd();
  }
  const complaints = state === "running" || state === "stopped" ? "" : `the machine's state is "${state}"`;
  return { run, observer, settings, end: { status: isOff ? run.machine.exitCode & 0xff : 1, complaints } };
}

/** Finds a panic among console bytes; asks for a stop at its first line. */
class PanicLines {
  private readonly watch = new PanicWatch();
  private line: number[] = [];

  take(byte: number): boolean {
    if (byte !== NEWLINE) {
      this.line.push(byte);
      return false;
    }
    const before = this.seen;
    this.watch.feed(new TextDecoder().decode(Uint8Array.from(this.line)));
    this.line = [];
    return this.seen && !before;
  }

  get seen(): boolean {
    return this.watch.panic !== undefined;
  }

  /** Addresses of the backtrace, innermost first. */
  get frames(): bigint[] {
    return this.watch.panic?.frames.map(({ address }) => address) ?? [];
  }
}
