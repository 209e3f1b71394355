// What the system tests share: everything is built once, and QEMU is run as ./nx boot runs it.
//
// Where QEMU is not installed the tests are skipped, each by its name: `describe.skipIf(!hasQemu)`.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../../../host/root.ts";
import { type BuildOutputs, build } from "../../../toolchain/compile.ts";
import { qemuMachine, qemuProgram } from "../../../tools/boot/machines/qemu.ts";
import { type BootReport, type BootRequest, bootOnce, SELFTEST_RUN } from "../../../tools/boot/run.ts";
import { filesOf } from "../../../tools/boot/session.ts";

/** A boot takes seconds; this is for a machine that is busy with other tests. */
export const BOOT_TIMEOUT_MS = 180_000;

export const hasQemu = isInstalled(qemuProgram());

/** The disk image of this build. */
export const pkgfsImage = join(root, "build/pkgfs.img");

/** Whether a program can be run here. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let built: Promise<BuildOutputs> | undefined;

/** Builds what is stale, once for all tests of a file. */
export async function buildOnce(): Promise<BuildOutputs> {
  built ??= build({ profile: "bringup", progress: { start: () => () => {}, note: () => {} } });
  return await built;
}

/** What a run asks for that does not say otherwise. */
export const usualRequest: BootRequest = {
  smp: 4,
  run: SELFTEST_RUN,
  profile: "bringup",
  disk: pkgfsImage,
  legacy: false,
  slot: 0,
  machineTree: false,
  sstc: true,
  aclint: false,
  timeoutSeconds: BOOT_TIMEOUT_MS / 1000 - 10,
  log: undefined,
};

/** Boots QEMU once; `built` is another build than the usual one. */
export async function bootQemu(change: Partial<BootRequest> = {}, built = buildOnce()): Promise<BootReport> {
  const outputs = await built;
  return await bootOnce(qemuMachine(), filesOf(outputs), { ...usualRequest, ...change }, () => {});
}

/** A report as text, so that a test that fails shows the console. */
export function explain(report: BootReport): string {
  return [...report.problems, report.complaints, ...report.lastLines].join("\n");
}
