// QEMU with other disks than ours: a program that adds to the arguments that ./nx gives to QEMU, and images to add.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { qemuMachine, qemuProgram } from "../../../tools/boot/machines/qemu.ts";
import { type BootReport, type BootRequest, bootOnce } from "../../../tools/boot/run.ts";
import { filesOf } from "../../../tools/boot/session.ts";
import { buildOnce, usualRequest } from "./machine.ts";

let made = 0;

/** An image file with this content, in the folder `scratch`. */
export function imageOf(scratch: string, content: Uint8Array): string {
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

/** Boots QEMU once, with `more` behind its usual arguments. The folder `scratch` gets a program that adds them. */
export async function bootWith(
  scratch: string,
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
