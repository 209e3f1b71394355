// Recordings (.nxr) in a browser. Its compression is a stream, and the format's code is not, so a file is gone through twice:
// first to find what is to be compressed or unpacked, then with the results, in the same order.

import {
  decodeRecordingWith,
  encodeRecordingWith,
  type Recording,
  type RunEnd,
} from "../../machine/host/recording/format.ts";
import type { Run } from "../../machine/host/run.ts";
import { stateParts } from "../../machine/host/state.ts";
import { Sha256, sha256 } from "./sha256.ts";

/** Stands for bytes that are not unpacked yet: a sector, which a disk may be. */
const STAND_IN = new Uint8Array(512);

const BASE64_PIECE = 0x8000;

/** The text of a recording's file. @throws Error that says why there is none */
export async function encodeRecording(recording: Recording): Promise<string> {
  const found: Uint8Array[] = [];
  encodeRecordingWith(
    {
      pack: (bytes) => {
        found.push(bytes);
        return "";
      },
      unpack: () => STAND_IN,
      hash: () => "",
    },
    recording,
  );
  const packed = await Promise.all(
    found.map(async (bytes) => toBase64(await through(bytes, new CompressionStream("deflate")))),
  );
  let next = 0;
  const pack = (): string => {
    const text = packed[next] ?? "";
    next += 1;
    return text;
  };
  return encodeRecordingWith({ pack, unpack: () => STAND_IN, hash: sha256 }, recording);
}

/** Reads a recording's file. @throws Error that says what is wrong with it */
export async function decodeRecording(file: string): Promise<Recording> {
  const found: { text: string; bytesMax: number }[] = [];
  decodeRecordingWith(
    {
      pack: () => "",
      unpack: (text, bytesMax) => {
        found.push({ text, bytesMax });
        return STAND_IN;
      },
      hash: sha256,
    },
    file,
  );
  const unpacked = await Promise.all(found.map(({ text, bytesMax }) => unpack(text, bytesMax)));
  let next = 0;
  const give = (): Uint8Array => {
    const bytes = unpacked[next];
    next += 1;
    if (bytes === undefined) {
      throw new Error("not compressed bytes");
    }
    return bytes;
  };
  return decodeRecordingWith({ pack: () => "", unpack: give, hash: sha256 }, file);
}

/** The present state of a run, in hashes. */
export function endOf(run: Run): RunEnd {
  const hash = new Sha256();
  for (const part of stateParts(run.machine)) {
    hash.update(part);
  }
  return { clock: run.clock, consoleHash: sha256(run.consoleBytes), stateHash: hash.hex() };
}

/** Undefined if the text is not compressed bytes, or stands for too many. */
async function unpack(text: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    const bytes = await through(fromBase64(text), new DecompressionStream("deflate"), bytesMax);
    return bytes;
  } catch {
    return undefined;
  }
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  bytesMax = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const reader = new Blob([bytes.slice()]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    total += part.value.length;
    if (total > bytesMax) {
      await reader.cancel();
      throw new Error("too many bytes");
    }
    parts.push(part.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += BASE64_PIECE) {
    text += String.fromCharCode(...bytes.subarray(at, at + BASE64_PIECE));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
