// Measures how fast the embedded machine is, in millions of guest instructions a second, and compared with QEMU on the same
// guest.
//
// Each figure is the best of several runs. Instructions a second depend on the computer, so goals are ratios: to the yardstick
// or to QEMU. The two are measured in turn, so a slow computer slows both. The time is the processor time of the process, so
// other programs slow neither.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { parseChaos } from "../../machine/host/chaos.ts";
import { diskOfBytes, EmbeddedMachine, type MachineSettings } from "../../machine/host/machine.ts";
import { Run } from "../../machine/host/run.ts";
import { qemuProgram } from "../../tools/boot/machines/qemu.ts";
import { configure } from "./guest.ts";
import { measureYardstick, timed } from "./yardstick.ts";

const RUNS = 5;
/** Boots before the measured ones. In a process, only the first boots translate. */
const BOOTS_BEFORE = 16;
/** The same for seeds that are explored from a snapshot, which is taken when the console says this. */
const SEEDS_BEFORE = 20;
const SNAPSHOT_LINE = "pkgfs: mounted";
/** A boot takes less than a thousandth of this. */
const CLOCK_MAX = 200_000_000_000n;
const SLICE = 5_000_000n;
const RAM_MEBIBYTES = 64;
const BOOT_MEBIBYTES = 256;
const QEMU_TIMEOUT_MS = 60_000;

/**
 * The goals, in instructions for each step of the yardstick: in user mode with long turns, translated and interpreted; in a
 * boot; for a seed that is explored from a snapshot; and with turns of one instruction.
 */
const RATIO_TRANSLATED = 1.2;
const RATIO_INTERPRETED = 0.4;
const RATIO_BOOT = 0.4;
const RATIO_EXPLORED = 0.1;
const RATIO_EXACT = 0.04;

/** Whether hot code is translated to Wasm. */
type Way = "translated" | "interpreted";

/** One measured thing. */
export interface Speed {
  name: string;
  /** Millions of instructions a second. */
  mips: number;
  /** Millions of steps a second of the yardstick, measured beside it. */
  yardstick: number;
  /** The least ratio of the first to the second, if there is a goal. */
  goal: number | undefined;
}

/** What is measured: paths relative to the root. */
export interface Subjects {
  module: WebAssembly.Module;
  mixed: Uint8Array;
  kernel: Uint8Array;
  tree: Uint8Array;
  disk: Uint8Array;
}

interface Timed {
  instructions: number;
  milliseconds: number;
}

function runToEnd(machine: EmbeddedMachine, turns: number, way: Way): Timed {
  machine.core.setTurns(turns);
  if (way === "interpreted") {
    machine.interpretOnly();
  }
  const milliseconds = timed(() => {
    while (machine.run(SLICE) === "running") {}
  });
  return { instructions: Number(machine.instructions), milliseconds };
}

function runMixed(
  { module, mixed, tree }: Subjects,
  harts: number,
  rounds: number,
  turns: number,
  way: Way = "translated",
): Timed {
  const kernel = configure(mixed, harts, rounds);
  const settings = { harts, ramMebibytes: RAM_MEBIBYTES, seed: 1n, sstc: true, aclint: false, kernel, tree };
  const machine = new EmbeddedMachine(module, { ...settings, disk: undefined, faults: [] }, () => undefined);
  return runToEnd(machine, turns, way);
}

/** The settings of a boot of Neuron with these kinds of chaos. */
export function bootSettings({ kernel, tree, disk }: Subjects, chaos: number): MachineSettings {
  return {
    harts: 4,
    ramMebibytes: BOOT_MEBIBYTES,
    seed: 1n,
    sstc: true,
    aclint: false,
    kernel,
    tree,
    disk: { content: diskOfBytes(disk), slot: 0, legacy: false },
    faults: [],
    chaos,
  };
}

function runBoot(subjects: Subjects, turns: number, way: Way): Timed {
  const machine = new EmbeddedMachine(subjects.module, bootSettings(subjects, 0), () => undefined);
  return runToEnd(machine, turns, way);
}

/** Explored seeds, as by ./nx explore --chaos --from SNAPSHOT_LINE: each call goes back to the snapshot and runs one. */
function exploreFromSnapshot(subjects: Subjects): () => Timed {
  const run = new Run(subjects.module, bootSettings(subjects, parseChaos("all")));
  let text = "";
  run.onByte = (byte) => {
    text += String.fromCharCode(byte);
    return text.includes(SNAPSHOT_LINE);
  };
  if (run.advanceTo(CLOCK_MAX) !== "stopped") {
    throw new Error(`the console does not say "${SNAPSHOT_LINE}"`);
  }
  run.onByte = undefined;
  const moment = run.moment();
  const before = run.machine.instructions;
  let seed = 0n;
  return () => {
    seed += 1n;
    const milliseconds = timed(() => {
      run.goTo(moment);
      run.reseed(seed);
      run.advanceTo(CLOCK_MAX);
    });
    return { instructions: Number(run.machine.instructions - before), milliseconds };
  };
}

function measure(name: string, goal: number | undefined, run: () => Timed): Speed {
  const speed: Speed = { name, mips: 0, yardstick: 0, goal };
  for (let index = 0; index < RUNS; index++) {
    const { instructions, milliseconds } = run();
    speed.mips = Math.max(speed.mips, instructions / milliseconds / 1000);
    speed.yardstick = Math.max(speed.yardstick, measureYardstick());
  }
  return speed;
}

/** Length of turns, rounds of work a hart, and the goal. */
const mixedCases: readonly (readonly [turns: number, rounds: number, goal: number | undefined])[] = [
  [65536, 4000, RATIO_TRANSLATED],
  [1024, 4000, undefined],
  [64, 2000, undefined],
  [16, 1000, undefined],
  [4, 500, undefined],
  [1, 400, RATIO_EXACT],
];

/** All figures of this machine. */
export function machineFigures(subjects: Subjects): Speed[] {
  // In the first runs, V8's optimising compiler works in the background.
  runMixed(subjects, 4, 1000, 0);
  runMixed(subjects, 4, 100, 1);
  for (let boot = 0; boot < BOOTS_BEFORE; boot++) {
    runBoot(subjects, 65536, "translated");
  }
  const exploreOne = exploreFromSnapshot(subjects);
  for (let seed = 0; seed < SEEDS_BEFORE; seed++) {
    exploreOne();
  }
  measureYardstick();
  return [
    measure("U-mode, 1 hart, turns drawn", RATIO_TRANSLATED, () => runMixed(subjects, 1, 8000, 0)),
    measure("U-mode, 1 hart, interpreted", RATIO_INTERPRETED, () =>
      runMixed(subjects, 1, 8000, 0, "interpreted"),
    ),
    ...mixedCases.map(([turns, rounds, goal]) =>
      measure(`U-mode, 4 harts, turns of ${turns}`, goal, () => runMixed(subjects, 4, rounds, turns)),
    ),
    measure("Neuron's boot, 4 harts", RATIO_BOOT, () => runBoot(subjects, 65536, "translated")),
    measure("Neuron's boot, interpreted", undefined, () => runBoot(subjects, 65536, "interpreted")),
    measure("every chaos, from a snapshot", RATIO_EXPLORED, exploreOne),
  ];
}

/** How many instructions the guest takes for one more round. QEMU does not say. */
function instructionsPerRound(subjects: Subjects): number {
  const instructionsFor = (rounds: number): number => runMixed(subjects, 1, rounds, 65536).instructions;
  return (instructionsFor(200) - instructionsFor(100)) / 100;
}

/** Runs a program, and then prints its processor time (POSIX `times`: the shell's, then that of its children). */
const TELLS_TIMES = '"$@" || exit; times';

/** Milliseconds of processor time that QEMU takes for the guest with these options. Undefined without QEMU. */
function qemuMilliseconds(
  subjects: Subjects,
  rounds: number,
  options: readonly string[],
): number | undefined {
  const file = join(root, "build/bench/qemu.elf");
  writeFileSync(file, configure(subjects.mixed, 1, rounds));
  const args = ["-machine", "virt", "-m", "64M", "-smp", "1", "-display", "none", "-serial", "null"];
  const { status, stdout } = spawnSync(
    "sh",
    ["-c", TELLS_TIMES, "sh", qemuProgram(), ...args, "-monitor", "none", ...options, "-kernel", file],
    { timeout: QEMU_TIMEOUT_MS, encoding: "utf8" },
  );
  return status === 0 ? millisecondsOf(stdout) : undefined;
}

/** The children's time in the output of `times`, a line such as `0m1.25s 0m0.07s` (user and system). */
export function millisecondsOf(times: string): number | undefined {
  const found = [...times.matchAll(/(\d+)m(\d+[.,]\d+)s/g)].slice(-2);
  if (found.length < 2) {
    return undefined;
  }
  const seconds = found.map(
    ([, minutes, rest = ""]) => Number(minutes) * 60 + Number(rest.replace(",", ".")),
  );
  return seconds.reduce((sum, each) => sum + each, 0) * 1000;
}

/** Both machines on the same guest: millions of instructions a second. */
export interface BesideQemu {
  machine: number;
  /** QEMU, as fast as it can. */
  qemu: number;
  /** QEMU with -icount, which counts instructions as this machine does. */
  qemuCounting: number;
}

/** One measurement of QEMU's speed with these options. The time for its start does not count. */
function qemuSpeed(subjects: Subjects, rounds: number, perRound: number, options: readonly string[]): number {
  const short = qemuMilliseconds(subjects, 1, options);
  const long = qemuMilliseconds(subjects, rounds, options);
  return short === undefined || long === undefined
    ? Number.NaN
    : (perRound * (rounds - 1)) / (long - short) / 1000;
}

/** Measures this machine and QEMU in turn. Undefined without QEMU. */
export function besideQemu(subjects: Subjects): BesideQemu | undefined {
  const rounds = 40_000;
  const perRound = instructionsPerRound(subjects);
  const best: BesideQemu = { machine: 0, qemu: 0, qemuCounting: 0 };
  for (let run = 0; run < RUNS; run++) {
    const { instructions, milliseconds } = runMixed(subjects, 1, rounds / 4, 65536);
    best.machine = Math.max(best.machine, instructions / milliseconds / 1000);
    best.qemu = Math.max(best.qemu, qemuSpeed(subjects, rounds, perRound, []));
    best.qemuCounting = Math.max(
      best.qemuCounting,
      qemuSpeed(subjects, rounds, perRound, ["-icount", "shift=0"]),
    );
  }
  return Number.isNaN(best.qemu + best.qemuCounting) ? undefined : best;
}

/** Reads the files of the build. */
export function subjectsFrom(wasm: string, mixed: string): Subjects {
  const read = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(root, file)));
  return {
    module: new WebAssembly.Module(read(wasm)),
    mixed: read(mixed),
    kernel: read("build/neuron.elf"),
    tree: read("build/virt-nexus.dtb"),
    disk: read("build/pkgfs.img"),
  };
}
