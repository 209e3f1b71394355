// How fast Neuron reads the disk on QEMU, beside a program that has the whole machine for itself (bench/guest/disk).
//
// Both read the same sectors of the same file, in runs of QEMU whose options differ in the program alone. They run in turn,
// several times, and each reads in many short stretches. A stretch is timed by the guest's own `time` register, so the start of
// QEMU does not count. Of each kind, the best stretch counts: other programs only make stretches slower.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SPAN_SECTORS } from "../../build/gen/host/source/apps/bench/disk/reads.ts";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import { memoryMebibytes, treeForRun } from "../../toolchain/dts/contract.ts";
import type { MachineOptions } from "../../tools/boot/machines/machine.ts";
import { qemuMachine } from "../../tools/boot/machines/qemu.ts";
import { newNonce } from "../../tools/boot/nonce.ts";
import { noise } from "../kernel/disk.ts";

const SECTOR_BYTES = 512;
const MEBIBYTE = 2 ** 20;
const ROUNDS = 5;
const TIMEOUT_MS = 60_000;
const PLACE = "build/bench";
/** Ticks of the `time` register in a second, on QEMU's `virt`. */
const TIMEBASE = 10_000_000;
const HARTS = [1, 4] as const;

/** What runs: paths relative to the root. */
export interface Programs {
  kernel: string;
  tree: string;
  image: string;
  reader: string;
}

/** One kind of reads on one number of harts, in MiB a second: the best stretches of all rounds. */
export interface Throughput {
  harts: number;
  sectors: number;
  depth: number;
  neuron: number;
  /** The program without a system, which sleeps until the interrupt as Neuron does; and which polls. */
  byInterrupt: number;
  byPolling: number;
  /** The same program, which sleeps, and changes its address space as often as Neuron does. */
  withChanges: number;
}

/** A line of one of the guests. */
export interface Line {
  sectors: number;
  depth: number;
  /** In MiB a second. */
  speed: number;
  /** How the program without a system waits. Neuron says nothing. */
  way: "interrupt" | "polling" | "changes" | undefined;
}

/** Runs both several times. @throws Problem if one does not come to its end, or if there is no QEMU */
export async function measureThroughput(
  programs: Programs,
  tell: (text: string) => void,
): Promise<Throughput[]> {
  const disk = makeDisk(programs.image);
  const found: Throughput[] = [];
  for (const harts of HARTS) {
    const neuron: Line[] = [];
    const alone: Line[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      tell(`reading the disk on QEMU, ${harts} harts, round ${round} of ${ROUNDS}`);
      alone.push(...(await run(programs.reader, programs.tree, disk, harts)));
      neuron.push(...(await run(programs.kernel, programs.tree, disk, harts)));
    }
    found.push(...compare(harts, neuron, alone));
  }
  return found;
}

/** For each kind of reads, the best stretches. */
export function compare(harts: number, neuron: readonly Line[], alone: readonly Line[]): Throughput[] {
  const kinds = new Map(neuron.map(({ sectors, depth }) => [`${sectors} ${depth}`, { sectors, depth }]));
  return [...kinds.values()].map(({ sectors, depth }) => {
    const best = (lines: readonly Line[], way: Line["way"]): number =>
      Math.max(
        ...lines
          .filter((line) => line.sectors === sectors && line.depth === depth && line.way === way)
          .map(({ speed }) => speed),
      );
    return {
      harts,
      sectors,
      depth,
      neuron: best(neuron, undefined),
      byInterrupt: best(alone, "interrupt"),
      byPolling: best(alone, "polling"),
      withChanges: best(alone, "changes"),
    };
  });
}

/** The package image, filled up to what is read. The host has all of it in its memory. */
function makeDisk(image: string): string {
  const disk = Buffer.alloc(SPAN_SECTORS * SECTOR_BYTES, noise(MEBIBYTE));
  readFileSync(join(root, image)).copy(disk);
  const file = join(root, PLACE, "disk.img");
  mkdirSync(join(root, PLACE), { recursive: true });
  writeFileSync(file, disk);
  return file;
}

/** Boots one program, and returns what it printed about its reads. */
async function run(program: string, tree: string, disk: string, harts: number): Promise<Line[]> {
  const contract = readFileSync(join(root, tree));
  const treeFile = join(root, PLACE, "disk.dtb");
  const ofTree = { smp: harts, sstc: true, aclint: false, nonce: newNonce(), run: "bench throughput" };
  const bytes = treeForRun(contract, ofTree);
  writeFileSync(treeFile, bytes);
  const options: MachineOptions = {
    kernel: join(root, program),
    tree: { bytes, path: () => treeFile },
    smp: harts,
    memoryMebibytes: memoryMebibytes(contract),
    sstc: true,
    aclint: false,
    disk: { file: disk, legacy: false, slot: 0 },
  };
  let text = "";
  const machine = await qemuMachine().start(options, (bytes) => {
    text += Buffer.from(bytes).toString("latin1");
  });
  const timer = setTimeout(machine.stop, TIMEOUT_MS);
  await machine.ended;
  clearTimeout(timer);
  const lines = linesOf(text);
  if (lines.length === 0) {
    const hints = text.trim().split("\n").slice(-5);
    throw new Problem(`${program} did not report how fast it read the disk`, { hints });
  }
  return lines;
}

/** The lines about reads in what a guest printed. */
export function linesOf(text: string): Line[] {
  const pattern = /: sectors=(\d+) depth=(\d+) reads=(\d+) ticks=(\d+)(?: by (interrupt|polling|changes))?/g;
  return [...text.matchAll(pattern)].map(([, sectors, depth, reads, ticks, way]) => ({
    sectors: Number(sectors),
    depth: Number(depth),
    speed: (Number(reads) * Number(sectors) * SECTOR_BYTES * TIMEBASE) / Number(ticks) / MEBIBYTE,
    way: way === "interrupt" || way === "polling" || way === "changes" ? way : undefined,
  }));
}
