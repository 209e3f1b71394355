// Runs of apps/chaos, which has services ended while it reads, and checks every byte: on the embedded machine, without and
// with everything that hardware may do, and on QEMU.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import { parseChaos } from "../../machine/host/chaos.ts";
import type { BuildOutputs } from "../../toolchain/compile.ts";
import { qemuMachine } from "../../tools/boot/machines/qemu.ts";
import { type BootRequest, bootOnce } from "../../tools/boot/run.ts";
import { filesOf } from "../../tools/boot/session.ts";
import { type Subject, startRun } from "../kernel/run.ts";
import { type Story, storyOf, type TimedLine } from "./story.ts";

/** Ticks of the machine's clock in a millisecond. */
export const CLOCK_PER_MILLISECOND = 320_000;
/** A round takes two seconds of the guest's time; many times that. */
export const CLOCK_PER_ROUND_MAX = 20_000n * BigInt(CLOCK_PER_MILLISECOND);
/** On QEMU the guest's time passes as ours. Many times what a round takes. */
const SECONDS_PER_ROUND_MAX = 20;

/** A boot, and rounds before memory is measured. */
const SPARE_ROUNDS = 30;

/** One run, which can be repeated. */
export interface Plan {
  /** What ends: the words of apps/chaos. */
  readonly victims: string;
  readonly rounds: number;
  readonly seed: bigint;
  readonly harts: number;
}

/** @param isHostile with every kind of chaos that the machine knows */
export function runOnMachine(subject: Subject, plan: Plan, isHostile: boolean): Story {
  const { victims, rounds, harts } = plan;
  const run = startRun(subject, harts, `chaos ${victims} ${rounds}`, chanceOf(plan, isHostile));
  const lines: TimedLine[] = [];
  let text = "";
  run.onByte = (byte) => {
    if (byte === NEWLINE) {
      lines.push({ text: text.trimEnd(), at: Number(run.clock) / CLOCK_PER_MILLISECOND });
      text = "";
    } else {
      text += String.fromCharCode(byte);
    }
    return false;
  };
  run.advanceTo(BigInt(rounds + SPARE_ROUNDS) * CLOCK_PER_ROUND_MAX);
  return storyOf(lines, rounds);
}

const NEWLINE = 10;

/** What the embedded machine draws from, and which kinds of chaos. */
export function chanceOf({ seed }: Plan, isHostile: boolean): { seed: bigint; chaos: number } {
  return { seed, chaos: isHostile ? parseChaos("all") : 0 };
}

export async function runOnQemu(outputs: BuildOutputs, disk: string, plan: Plan): Promise<Story> {
  const { victims, rounds } = plan;
  const request = { ...requestOf(plan, disk), run: `chaos ${victims} ${rounds}` };
  const report = await bootOnce(qemuMachine(), filesOf(outputs), request, () => undefined);
  return storyOf(
    report.lines.map((text) => ({ text, at: undefined })),
    rounds,
  );
}

/** QEMU for a plan, but for what runs on it. */
export function requestOf({ rounds, harts }: Plan, disk: string): Omit<BootRequest, "run"> {
  return {
    smp: harts,
    profile: "bringup",
    disk,
    legacy: false,
    slot: 0,
    machineTree: false,
    sstc: true,
    aclint: false,
    timeoutSeconds: (rounds + SPARE_ROUNDS) * SECONDS_PER_ROUND_MAX,
    log: undefined,
  };
}

/** Writes the disk where QEMU can read it. Gives its path. */
export function diskFile(disk: Uint8Array): string {
  const folder = join(root, "build/bench");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "chaos.img");
  writeFileSync(file, disk);
  return file;
}
