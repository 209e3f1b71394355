// QEMU with other disks than ours: a program that adds to the arguments that ./nx gives to QEMU, and images to add.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { qemuMachine, qemuProgram } from "../../../tools/boot/machines/qemu.ts";
import { type BootReport, type BootRequest, bootOnce } from "../../../tools/boot/run.ts";
import { filesOf } from "../../../tools/boot/session.ts";
import { buildOnce, usualRequest } from "./machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-disks-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;

/** An image file with this content. */
export function imageOf(content: Uint8Array): string {
  const file = join(scratch, `${made++}.img`);
  writeFileSync(file, content);
  return file;
}

/** Arguments for one more disk, in a slot of the bus. */
export function anotherDisk(file: string, slot: number, readOnly = true): string[] {
  const id = `disk${slot}`;
  return [
    ...["-drive", `if=none,id=${id},format=raw,readonly=${readOnly ? "on" : "off"},file=${file}`],
    ...["-device", `virtio-blk-device,drive=${id},bus=virtio-mmio-bus.${slot}`],
  ];
}

/** Boots QEMU once, with `more` behind its usual arguments. */
export async function bootWith(
  more: readonly string[],
  change: Partial<BootRequest> = {},
): Promise<BootReport> {
  const program = join(scratch, `qemu${made++}`);
  const quoted = more.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  writeFileSync(program, `#!/bin/sh\nexec ${qemuProgram()} "$@" ${quoted}\n`);
  chmodSync(program, 0o755);
  const outputs = await buildOnce();
  return await bootOnce(qemuMachine(program), filesOf(outputs), { ...usualRequest, ...change }, () => {});
}
