// A recording as Node reads and writes it: its format is in format.ts; compression and hashes are Node's.

import { createHash } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import type { EmbeddedMachine } from "../machine.ts";
import { stateParts } from "../state.ts";
import { decodeRecordingWith, encodeRecordingWith, type Recording, type RecordingTools } from "./format.ts";

const tools: RecordingTools = {
  pack: (bytes) => deflateSync(bytes).toString("base64"),
  unpack: (text, bytesMax) =>
    new Uint8Array(inflateSync(Buffer.from(text, "base64"), { maxOutputLength: bytesMax })),
  hash: hashOf,
};

/** The recording as the text of a file. @throws Error if the disk is too large */
export function encodeRecording(recording: Recording): string {
  return encodeRecordingWith(tools, recording);
}

/** Reads a recording. @throws Error that says what is wrong with it */
export function decodeRecording(file: string): Recording {
  return decodeRecordingWith(tools, file);
}

/** SHA-256 (64 hexadecimal digits) of a machine's state. */
export function stateHash(machine: EmbeddedMachine): string {
  const hash = createHash("sha256");
  for (const part of stateParts(machine)) {
    hash.update(part);
  }
  return hash.digest("hex");
}

/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
