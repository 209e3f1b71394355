// What it takes to read a file from the disk, compressed, beside the same file as it is: a program, text, and bytes that do
// not repeat themselves. On a processor without Zbb and on one with it, because hashing is what compression saves.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import { makeRow, type Row, ratioAtMost } from "../row.ts";
import { diskWith, noise } from "./disk.ts";
import { measurePaths } from "./paths.ts";
import type { Subject } from "./run.ts";

const TEXT_FILE = "pkg/fixtures/lines.txt";
const NOISE_BYTES = 65_536;

/** A file, and what its compressed form is meant to take at most beside the file as it is: without Zbb, and with it. */
interface Content {
  readonly name: string;
  readonly ratioMax: number;
  readonly ratioMaxZbb: number;
  read(subject: Subject): Uint8Array;
}

const files: readonly Content[] = [
  { name: "a program", ratioMax: 1, ratioMaxZbb: 1.15, read: ({ shell }) => shell },
  { name: "text", ratioMax: 0.5, ratioMaxZbb: 0.6, read: () => readFileSync(join(root, TEXT_FILE)) },
  // It is stored as it is.
  { name: "noise", ratioMax: 1.01, ratioMaxZbb: 1.01, read: () => noise(NOISE_BYTES) },
];

/** A row for each file and each processor. */
export function measureContent(subject: Subject): Row[] {
  return [false, true].flatMap((zbb) =>
    files.map((file) => {
      const content = file.read(subject);
      const [asItIs, compressed] = [false, true].map((compress) =>
        costOfByte({ ...subject, zbb, disk: diskWith(subject, content, compress) }, content.length),
      );
      return makeRow({
        part: "kernel",
        name: `read a byte of ${file.name}, compressed${zbb ? ", with Zbb" : ""}`,
        measured: compressed ?? Number.NaN,
        unit: "instructions a byte",
        reference: { name: "as it is", measured: asItIs ?? Number.NaN, kind: "yardstick" },
        target: ratioAtMost(zbb ? file.ratioMaxZbb : file.ratioMax),
      });
    }),
  );
}

function costOfByte(subject: Subject, byteLength: number): number {
  const [samples] = measurePaths(subject, 1, "content");
  const [cost] = samples?.rounds ?? [];
  if (cost === undefined) {
    throw new Problem("the guest's program bench did not read its file");
  }
  return cost / byteLength;
}
