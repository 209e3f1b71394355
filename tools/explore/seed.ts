// One seed of an exploration: a whole boot with the self-tests, watched from outside, and judged as by ./nx boot.

import type { Layout } from "../../host/debug/layout.ts";
import { list, number, object, optional, type Shape, text, truth } from "../../host/json.ts";
import type { DiskContent, MachineSettings } from "../../machine/host/machine.ts";
import type { Chassis } from "../../machine/host/module.ts";
import { encodeRecording, hashOf } from "../../machine/host/recording/recording.ts";
import { type AdvanceState, type Moment, Run } from "../../machine/host/run.ts";
import { type EmbeddedOptions, endOfRun, nonceOfSeed, settingsOf } from "../boot/machines/embedded.ts";
import type { Machine, MachineEnd } from "../boot/machines/machine.ts";
import { type BootFiles, type BootRequest, bootOnce } from "../boot/run.ts";
import { PanicWatch } from "../boot/verdict/panic.ts";
import { Observer } from "./observer.ts";
import type { Places } from "./places.ts";
import { runOf } from "./runs.ts";

/** Instructions between two looks at the kernel. */
const SLICE_INSTRUCTIONS = 2_000_000n;
/** A longer run has gone wrong: this is some fifty times a usual run. */
const CLOCK_MAX = 200_000_000_000n;
const INSTRUCTIONS_MAX = 8_000_000_000n;
const NEWLINE = 0x0a;
/** How far a run goes on after the first line of a panic, for the backtrace. */
const PANIC_INSTRUCTIONS = 4_000_000n;

/** What is asked for at each boot. What the guest runs, and the nonce, are the seed's. */
export type SeedRequest = Omit<BootRequest, "run" | "nonce">;

/** The settings that all seeds of an exploration share. */
export interface ExploreSetting {
  /** All seeds run in it, one after the other. */
  chassis: Chassis;
  moduleHash: string;
  files: BootFiles;
  request: SeedRequest;
  /** What the guest runs: the seeds take these in turn. */
  runs: readonly string[];
  disk: DiskContent | undefined;
  layout: Layout;
  places: Places;
  /** The machine's settings, except the seed. */
  options: Omit<EmbeddedOptions, "seed">;
  /** Where the seeds part, if they have a common beginning. */
  fork: Fork | undefined;
}

/** A common beginning: one run, which each seed leaves at the same moment. */
export interface Fork {
  /** The seed of the beginning. */
  seed: bigint;
  /** A part of the console line at which it ends. */
  line: string;
  /** The run, once it has come there. */
  beginning?: { run: Run; moment: Moment };
}

/** The result of a seed. */
export interface SeedResult {
  seed: string;
  ok: boolean;
  /** The failures that were recognised, or else the problems that ./nx boot would report; the most telling first. */
  problems: string[];
  /** What the harts were doing at the end; only for a failed run. */
  harts: string[];
  instructions: number;
  consoleHash: string;
  /** The recording of a failed run. */
  recording: string | undefined;
}

/** The result as a worker's line of JSON. */
export const seedResult: Shape<SeedResult> = object({
  seed: text,
  ok: truth,
  problems: list(text),
  harts: list(text),
  instructions: number,
  consoleHash: text,
  recording: optional(text),
});

/** The result of a seed whose run did not come to an end. */
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
      const settings = (from: bigint): MachineSettings =>
        settingsOf({ ...setting.options, seed: from }, boot, setting.disk);
      watched = watchRun(
        setting,
        setting.fork ? leaveFork(setting, setting.fork, settings, seed) : settings(seed),
      );
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

/** The run at the fork, which draws its turns from `seed` from there on. */
function leaveFork(
  setting: ExploreSetting,
  fork: Fork,
  settings: (seed: bigint) => MachineSettings,
  seed: bigint,
): Run {
  fork.beginning ??= goToFork(setting, fork.line, settings(fork.seed));
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
  const run = new Run(setting.chassis, settings);
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
  const run = beginning instanceof Run ? beginning : new Run(setting.chassis, beginning);
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

/** Finds a panic in the console's bytes, and asks for a stop at its first line. */
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
