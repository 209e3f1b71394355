// A recording: everything that a run was made of, in one file, so that it can be gone through again anywhere.
//
// Kernel, device tree and disk are in it, compressed, because tomorrow's build makes others. What is not in it is the
// machine: its module's hash is, and a replay on another one says so when it ends differently.

import { createHash } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { VIRTIO_SLOTS } from "../../build/gen/host/machine/core/devices/virtio-mmio.ts";
import { HARTS_MAX, RAM_BYTES_MAX } from "../../build/gen/host/machine/core/layout.ts";
import type { DiskContent, MachineSettings } from "./machine.ts";
import { PC_REGISTER, type RunEvent } from "./run.ts";

/** How a run ended. */
export interface RunEnd {
  /** The clock at the end, in instructions. */
  clock: bigint;
  consoleHash: string;
  stateHash: string;
}

export interface Recording {
  settings: MachineSettings;
  events: readonly RunEvent[];
  /** Undefined if the run was broken off. */
  end: RunEnd | undefined;
  /** SHA-256 of the machine's module. */
  module: string;
}

const FORMAT = "neuron recording";
const VERSION = 1;

const SECTOR_BYTES = 512;

const RAM_MEBIBYTES_MAX = RAM_BYTES_MAX / 2 ** 20;
const SLOT_LAST = VIRTIO_SLOTS - 1;

/** A disk larger than this is not put into a recording. */
export const DISK_BYTES_MAX = 256 * 2 ** 20;

/** The recording as the text of a file. @throws Error if the disk is too large for one */
export function encodeRecording(recording: Recording): string {
  const { kernel, tree, firmware, disk, seed, faults, ...others } = recording.settings;
  const file = {
    format: FORMAT,
    version: VERSION,
    module: recording.module,
    settings: {
      ...others,
      seed: String(seed),
      faults: faults.map(({ kind, first, last }) => [kind, String(first), String(last)]),
      disk: disk && { slot: disk.slot, legacy: disk.legacy, content: pack(diskBytes(disk.content)) },
      kernel: pack(kernel),
      tree: pack(tree),
      ...(firmware && { firmware: pack(firmware) }),
    },
    events: recording.events.map((event) => [String(event.at), ...encodeEvent(event)]),
    end: recording.end && { ...recording.end, clock: String(recording.end.clock) },
  };
  return `${JSON.stringify({ ...file, digest: digestOf(file) }, undefined, 1)}\n`;
}

/** SHA-256 over all of a recording's file but this very number. */
function digestOf(file: object): string {
  return hashOf(Buffer.from(JSON.stringify(file)));
}

/** Reads a recording. @throws Error that says what is wrong with it */
export function decodeRecording(text: string): Recording {
  const { digest, ...file } = objectOf(parse(text), "the file");
  if (file.format !== FORMAT) {
    throw new Error("it is not a recording");
  }
  if (file.version !== VERSION) {
    throw new Error(`it is of version ${String(file.version)}`);
  }
  const settings = objectOf(file.settings, "settings");
  const harts = numberOf(settings.harts, "harts", 1, HARTS_MAX);
  const end = file.end === undefined ? undefined : objectOf(file.end, "end");
  const recording = {
    module: textOf(file.module, "module"),
    settings: {
      harts,
      ramMebibytes: numberOf(settings.ramMebibytes, "ramMebibytes", 1, RAM_MEBIBYTES_MAX),
      seed: bigintOf(settings.seed, "seed"),
      sstc: settings.sstc === true,
      aclint: settings.aclint === true,
      chaos: numberOf(settings.chaos, "chaos"),
      kernel: unpack(settings.kernel, "kernel"),
      tree: unpack(settings.tree, "tree"),
      ...(settings.firmware !== undefined && { firmware: unpack(settings.firmware, "firmware") }),
      disk: settings.disk === undefined ? undefined : decodeDisk(objectOf(settings.disk, "disk")),
      faults: listOf(settings.faults, "faults").map((row) => {
        const [kind, first, last] = listOf(row, "a fault");
        return {
          kind: numberOf(kind, "kind"),
          first: bigintOf(first, "first"),
          last: bigintOf(last, "last"),
        };
      }),
    },
    events: listOf(file.events, "events").map((row) => decodeEvent(row, harts)),
    end: end && {
      clock: bigintOf(end.clock, "clock"),
      consoleHash: textOf(end.consoleHash, "consoleHash"),
      stateHash: textOf(end.stateHash, "stateHash"),
    },
  };
  // Those of before had none. Asked last: whatever else is wrong says more.
  if (digest !== undefined && digest !== digestOf(file)) {
    throw new Error("it was changed after it was recorded");
  }
  return recording;
}

/** A disk that is in memory. */
export function diskOfBytes(bytes: Uint8Array): DiskContent {
  return {
    byteCount: bytes.byteLength,
    read: (offset, target) => {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      target.fill(0, part.length);
    },
  };
}

/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function diskBytes(content: DiskContent): Uint8Array {
  if (content.byteCount > DISK_BYTES_MAX) {
    throw new Error("the disk is too large to be recorded");
  }
  const bytes = new Uint8Array(content.byteCount);
  content.read(0, bytes);
  return bytes;
}

function decodeDisk(disk: Record<string, unknown>): MachineSettings["disk"] {
  const content = diskOfBytes(unpack(disk.content, "disk"));
  if (content.byteCount === 0 || content.byteCount % SECTOR_BYTES !== 0) {
    throw new Error(`its disk has ${content.byteCount} bytes, which are no sectors`);
  }
  return { slot: numberOf(disk.slot, "slot", 0, SLOT_LAST), legacy: disk.legacy === true, content };
}

/** An event without its clock: its kind, and what it is about. */
function encodeEvent(event: RunEvent): (string | number)[] {
  if ("input" in event) {
    return ["input", event.input];
  }
  if ("seed" in event) {
    return ["seed", String(event.seed)];
  }
  if ("bytes" in event) {
    return ["memory", event.address, pack(event.bytes)];
  }
  return ["register", event.hart, event.register, String(event.value)];
}

function decodeEvent(row: unknown, harts: number): RunEvent {
  const [clock, kind, first, second, third] = listOf(row, "an event");
  const at = bigintOf(clock, "at");
  if (kind === "input") {
    return { at, input: numberOf(first, "input", 0, 0xff) };
  }
  if (kind === "seed") {
    return { at, seed: bigintOf(first, "seed") };
  }
  if (kind === "memory") {
    return { at, address: numberOf(first, "address"), bytes: unpack(second, "memory") };
  }
  if (kind === "register") {
    const [hart, register] = [numberOf(first, "hart"), numberOf(second, "register")];
    if (hart >= harts || register > PC_REGISTER) {
      throw new Error("it writes a register that is not there");
    }
    return { at, hart, register, value: bigintOf(third, "value") };
  }
  throw new Error(`it has an event of an unknown kind: ${String(kind)}`);
}

function pack(bytes: Uint8Array): string {
  return deflateSync(bytes).toString("base64");
}

function unpack(value: unknown, name: string): Uint8Array {
  try {
    return new Uint8Array(inflateSync(Buffer.from(textOf(value, name), "base64")));
  } catch {
    throw new Error(`its ${name} is damaged`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is not a recording");
  }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    throw new Error(`its ${name} is missing`);
  }
  return { ...value };
}

function listOf(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) {
    throw new Error(`its ${name} is missing`);
  }
  return value;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw new Error(`its ${name} is missing`);
  }
  return value;
}

function numberOf(value: unknown, name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new Error(`its ${name} is no number`);
  }
  if (value < min || value > max) {
    throw new Error(`its ${name} is ${value}, and has to be from ${min} to ${max}`);
  }
  return value;
}

function bigintOf(value: unknown, name: string): bigint {
  if (typeof value !== "string" || !/^[0-9]{1,20}$/.test(value)) {
    throw new Error(`its ${name} is no number`);
  }
  return BigInt(value);
}
