// A recording: everything that a run follows from, in one file, so that it can be replayed on any computer.
//
// The file has kernel, device tree and disk, compressed, because the next build makes other ones. It does not have the
// machine, only the hash of its module. If a replay ends differently on another machine, it says that the machine is another.
//
// Nothing here is Node's: the caller says how bytes are compressed and hashed. recording.ts does so for Node.

import { VIRTIO_SLOTS } from "../../../build/gen/host/machine/core/devices/virtio-mmio.ts";
import { HARTS_MAX, RAM_BYTES_MAX } from "../../../build/gen/host/machine/core/layout.ts";
import {
  anything,
  decimal,
  integer,
  list,
  members,
  mismatch,
  object,
  oneOf,
  optional,
  readJson,
  type Shape,
  text,
  truth,
} from "../../../host/json.ts";
import { type DiskContent, type DiskFault, diskOfBytes, type MachineSettings } from "../machine.ts";
import { PC_REGISTER, type RunEvent } from "../run.ts";

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
  /** Undefined if the run was interrupted. */
  end: RunEnd | undefined;
  /** SHA-256 of the machine's module. */
  module: string;
}

/** What a recording needs of its host. */
export interface RecordingTools {
  /** Bytes compressed (zlib) and in base64. */
  pack: (bytes: Uint8Array) => string;
  /** The reverse; at most `bytesMax` bytes. @throws any error if the text is not such bytes, or too many */
  unpack: (text: string, bytesMax: number) => Uint8Array;
  /** SHA-256 as 64 hexadecimal digits. */
  hash: (bytes: Uint8Array) => string;
}

const FORMAT = "neuron recording";
const VERSION = 1;

const SECTOR_BYTES = 512;

const RAM_MEBIBYTES_MAX = RAM_BYTES_MAX / 2 ** 20;
const SLOT_LAST = VIRTIO_SLOTS - 1;

/** The largest disk that a recording can have. */
export const DISK_BYTES_MAX = 256 * 2 ** 20;

/** The recording as the text of a file. @throws Error if the disk is too large */
export function encodeRecordingWith(tools: RecordingTools, recording: Recording): string {
  const { pack } = tools;
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
    events: recording.events.map((event) => [String(event.at), ...encodeEvent(event, pack)]),
    end: recording.end && { ...recording.end, clock: String(recording.end.clock) },
  };
  return `${JSON.stringify({ ...file, digest: digestOf(file, tools) }, undefined, 1)}\n`;
}

/** SHA-256 of everything in a recording's file except this hash. */
function digestOf(file: object, { hash }: RecordingTools): string {
  return hash(new TextEncoder().encode(JSON.stringify(file)));
}

/** Reads a recording. @throws Error that says what is wrong with it */
export function decodeRecordingWith(tools: RecordingTools, file: string): Recording {
  return readJson(file, "it", recordingFile(tools));
}

/** Bytes that were compressed. A short text can stand for more than there is memory, so their number is limited. */
const packedBy =
  ({ unpack }: RecordingTools): Shape<Uint8Array> =>
  (value, place) => {
    try {
      return unpack(text(value, place), DISK_BYTES_MAX);
    } catch {
      throw mismatch(place, "compressed bytes");
    }
  };

/** An event: the clock, its kind, and what it is about. */
const runEvent =
  (packed: Shape<Uint8Array>): Shape<RunEvent> =>
  (value, place) => {
    const row = list(anything)(value, place);
    const field = <Type>(index: number, shape: Shape<Type>): Type => shape(row[index], `${place}[${index}]`);
    const at = field(0, decimal);
    switch (field(1, oneOf("input", "seed", "memory", "register"))) {
      case "input":
        return { at, input: field(2, integer(0, 0xff)) };
      case "seed":
        return { at, seed: field(2, decimal) };
      case "memory":
        return { at, address: field(2, integer()), bytes: field(3, packed) };
      case "register":
        return {
          at,
          hart: field(2, integer(0, HARTS_MAX - 1)),
          register: field(3, integer(0, PC_REGISTER)),
          value: field(4, decimal),
        };
    }
  };

const fault: Shape<DiskFault> = (value, place) => {
  const row = list(anything)(value, place);
  return {
    kind: integer()(row[0], `${place}[0]`),
    first: decimal(row[1], `${place}[1]`),
    last: decimal(row[2], `${place}[2]`),
  };
};

/** The file without its head and its digest. */
const contentBy = (packed: Shape<Uint8Array>) =>
  object({
    module: text,
    settings: object({
      harts: integer(1, HARTS_MAX),
      ramMebibytes: integer(1, RAM_MEBIBYTES_MAX),
      seed: decimal,
      sstc: optional(truth),
      aclint: optional(truth),
      zbb: optional(truth),
      chaos: integer(),
      kernel: packed,
      tree: packed,
      firmware: optional(packed),
      disk: optional(object({ slot: integer(0, SLOT_LAST), legacy: optional(truth), content: packed })),
      faults: list(fault),
    }),
    events: list(runEvent(packed)),
    end: optional(object({ clock: decimal, consoleHash: text, stateHash: text })),
  });

const recordingFile =
  (tools: RecordingTools): Shape<Recording> =>
  (value, place) => {
    const { digest, ...file } = members(value, place);
    if (file.format !== FORMAT) {
      throw new Error("it is not a recording");
    }
    if (file.version !== VERSION) {
      throw new Error(`it is of version ${String(file.version)}`);
    }
    const { settings, ...others } = contentBy(packedBy(tools))(file, place);
    const { sstc = false, aclint = false, zbb = false, firmware, disk, ...machine } = settings;
    const recording = {
      ...others,
      settings: {
        ...machine,
        sstc,
        aclint,
        zbb,
        ...(firmware && { firmware }),
        disk: disk && { slot: disk.slot, legacy: disk.legacy ?? false, content: diskOfImage(disk.content) },
      },
    };
    if (recording.events.some((event) => "hart" in event && event.hart >= settings.harts)) {
      throw new Error("it writes a register that does not exist");
    }
    // Older recordings have none. Checked last, because any other error says more.
    if (digest !== undefined && digest !== digestOf(file, tools)) {
      throw new Error("it was changed after it was recorded");
    }
    return recording;
  };

function diskBytes(content: DiskContent): Uint8Array {
  if (content.byteCount > DISK_BYTES_MAX) {
    throw new Error("the disk is too large to be recorded");
  }
  const bytes = new Uint8Array(content.byteCount);
  content.read(0, bytes);
  return bytes;
}

function diskOfImage(image: Uint8Array): DiskContent {
  if (image.byteLength === 0 || image.byteLength % SECTOR_BYTES !== 0) {
    throw new Error(`its disk has ${image.byteLength} bytes, which are no sectors`);
  }
  return diskOfBytes(image);
}

/** An event without its clock: its kind, and what it is about. */
function encodeEvent(event: RunEvent, pack: RecordingTools["pack"]): (string | number)[] {
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
