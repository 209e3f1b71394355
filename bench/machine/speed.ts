// How fast the embedded machine is, in millions of guest instructions a second, and against QEMU on the same guest.
//
// Each figure is the best of several runs. Ratios are between runs that were made in turn in this process's lifetime,
// so that a busy host slows both.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedMachine } from "../../machine/host/machine.ts";
import { root } from "../../toolchain/root.ts";
import { qemuProgram } from "../../tools/boot/qemu.ts";
import { configure } from "./guest.ts";

const runs = 3;
const slice = 5_000_000n;
const ramMebibytes = 64;
const bootMebibytes = 256;
const qemuTimeoutMs = 60_000;

/** One measured thing. */
export interface Speed {
  name: string;
  /** Millions of instructions a second. */
  mips: number;
  /** The goal, if there is one. */
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

function runToEnd(machine: EmbeddedMachine): Timed {
  const begin = performance.now();
  while (machine.run(slice) === "running");
  return { instructions: Number(machine.instructions), milliseconds: performance.now() - begin };
}

function runMixed({ module, mixed, tree }: Subjects, harts: number, rounds: number, turns: number): Timed {
  const kernel = configure(mixed, harts, rounds);
  const settings = { harts, ramMebibytes, seed: 1n, sstc: true, aclint: false, kernel, tree };
  const machine = new EmbeddedMachine(module, { ...settings, disk: undefined, faults: [] }, () => undefined);
  machine.core.setTurns(turns);
  return runToEnd(machine);
}

function runBoot({ module, kernel, tree, disk }: Subjects, turns: number): Timed {
  const read = (offset: number, target: Uint8Array): void =>
    target.set(disk.subarray(offset, offset + target.length));
  const machine = new EmbeddedMachine(
    module,
    {
      harts: 4,
      ramMebibytes: bootMebibytes,
      seed: 1n,
      sstc: true,
      aclint: false,
      kernel,
      tree,
      disk: { content: { byteCount: disk.length, read }, slot: 0, legacy: false },
      faults: [],
    },
    () => undefined,
  );
  machine.core.setTurns(turns);
  return runToEnd(machine);
}

function best(measure: () => Timed): number {
  const speeds = Array.from({ length: runs }, () => {
    const { instructions, milliseconds } = measure();
    return instructions / milliseconds / 1000;
  });
  return Math.max(...speeds);
}

/** Length of turns, rounds of work a hart, and the goal. */
const mixedCases: readonly (readonly [turns: number, rounds: number, goal: number | undefined])[] = [
  [65536, 4000, 200],
  [1024, 4000, undefined],
  [64, 2000, undefined],
  [16, 1000, undefined],
  [4, 500, undefined],
  [1, 400, 40],
];

/** Every figure of this machine. */
export function machineFigures(subjects: Subjects): Speed[] {
  // The first run is V8's: its optimising compiler works in the background meanwhile.
  runMixed(subjects, 4, 1000, 0);
  runMixed(subjects, 4, 100, 1);
  const figures: Speed[] = [
    { name: "U-mode, 1 hart, turns drawn", mips: best(() => runMixed(subjects, 1, 8000, 0)), goal: 200 },
  ];
  for (const [turns, rounds, goal] of mixedCases) {
    const name = `U-mode, 4 harts, turns of ${turns}`;
    figures.push({ name, mips: best(() => runMixed(subjects, 4, rounds, turns)), goal });
  }
  figures.push({ name: "Neuron's boot, 4 harts", mips: best(() => runBoot(subjects, 65536)), goal: 200 });
  return figures;
}

/** The guest's instructions for one more round of work, which QEMU does not tell. */
function instructionsPerRound(subjects: Subjects): number {
  const instructionsFor = (rounds: number): number => runMixed(subjects, 1, rounds, 65536).instructions;
  return (instructionsFor(200) - instructionsFor(100)) / 100;
}

/** Milliseconds that QEMU with -icount takes for the guest; undefined without QEMU. */
function qemuMilliseconds(subjects: Subjects, rounds: number): number | undefined {
  const file = join(root, "build/bench/qemu.elf");
  writeFileSync(file, configure(subjects.mixed, 1, rounds));
  const args = ["-machine", "virt", "-m", "64M", "-smp", "1", "-display", "none", "-serial", "null"];
  const begin = performance.now();
  const { status } = spawnSync(
    qemuProgram(),
    [...args, "-monitor", "none", "-icount", "shift=0", "-kernel", file],
    { timeout: qemuTimeoutMs },
  );
  return status === 0 ? performance.now() - begin : undefined;
}

/** Both machines on the same guest, in turn: millions of instructions a second. Undefined without QEMU. */
export function besideQemu(subjects: Subjects): { machine: number; qemu: number } | undefined {
  const rounds = 40_000;
  const perRound = instructionsPerRound(subjects);
  let machine = 0;
  let qemu = 0;
  for (let run = 0; run < runs; run++) {
    const { instructions, milliseconds } = runMixed(subjects, 1, rounds / 4, 65536);
    machine = Math.max(machine, instructions / milliseconds / 1000);
    // What QEMU takes to start does not count.
    const short = qemuMilliseconds(subjects, 1);
    const long = qemuMilliseconds(subjects, rounds);
    if (short === undefined || long === undefined) return undefined;
    qemu = Math.max(qemu, (perRound * (rounds - 1)) / (long - short) / 1000);
  }
  return { machine, qemu };
}

/** Reads what the build made. */
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
