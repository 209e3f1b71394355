// A large image: built from sources that come in pieces, in a process whose heap would not hold them. And an image of many
// small files, built in little memory, with little room for each.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { list, number, object, pair, readJson } from "../../../host/json.ts";
import { ImageReader } from "../../../tools/image/reader.ts";
import { root } from "../../harness/guest.ts";

const MEBIBYTE = 1 << 20;

/** Builds an image of `argv[3]` MiB in `argv[2]`, and prints the most memory that the process ever had, in bytes. */
const program = `
import { writeImageFile } from "./host/pkgimg/files.ts";
const [, , out, size] = process.argv;
const byteLength = Number(size) * ${MEBIBYTE};
function* read() {
  for (let at = 0; at < byteLength; at += 65536) yield Buffer.alloc(65536, at >> 16);
}
const told = [];
const small = Array.from({ length: 500 }, (_, n) => ({ path: "small/" + n, byteLength: 3, read: () => [Buffer.from("abc")] }));
writeImageFile(out, [{ path: "large", byteLength, read }, ...small], { onProgress: (done, total) => told.push([done, total]) });
process.stdout.write(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024, told }));
`;

/** The same for an image in `argv[2]` of all files below `argv[3]`. */
const manyProgram = `
import { keepHeapSmall, sourcesFromFolder, writeImageFile } from "./host/pkgimg/files.ts";
const [, , out, from] = process.argv;
keepHeapSmall();
writeImageFile(out, sourcesFromFolder(from));
process.stdout.write(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
`;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nx-large-"));
  for (const [name, contents] of [
    ["build.mjs", program],
    ["many.mjs", manyProgram],
  ] as const) {
    const stdin = { contents, resolveDir: root, loader: "ts" as const };
    await build({ stdin, bundle: true, platform: "node", format: "esm", outfile: join(folder, name) });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function buildInChild(
  mebibytes: number,
): Promise<{ peakBytes: number; told: [number, number][]; file: string }> {
  const file = join(folder, `${mebibytes}.img`);
  // Less than a third of what is built.
  const words = ["--max-old-space-size=32", join(folder, "build.mjs"), file, String(mebibytes)];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const built = object({ peakBytes: number, told: list(pair(number, number)) });
  return { ...readJson(stdout, "what was built", built), file };
}

test("a 100 MB image is built in constant memory, with progress, and every block of it verifies", async () => {
  const small = await buildInChild(8);
  const large = await buildInChild(100);
  expect(statSync(large.file).size).toBeGreaterThan(100 * MEBIBYTE);
  // Beside a hash for each block, nothing grows with the image; buffers that wait for collection make the difference.
  expect(large.peakBytes - small.peakBytes).toBeLessThan(48 * MEBIBYTE);

  const total = 100 * MEBIBYTE + 1500;
  expect(large.told.length).toBeGreaterThanOrEqual(100);
  expect(large.told.length).toBeLessThan(110);
  expect(large.told.map(([done]) => done)).toEqual(
    [...large.told.map(([done]) => done)].sort((a, b) => a - b),
  );
  expect(large.told.at(-1)).toEqual([total, total]);

  const image = await ImageReader.open(large.file);
  image.verify();
  image.close();
  writeFileSync(large.file, "");
});

test("100,000 files of 5 bytes take less than 10 MB of image, and some 40 MB more memory to build than 100", async () => {
  const many = join(folder, "many");
  for (let group = 0; group < 1000; group += 1) {
    const place = join(many, `group-${group}`);
    mkdirSync(place, { recursive: true });
    for (let number = 0; number < 100; number += 1) {
      writeFileSync(join(place, `file-${number}`), String(10_000 + number + group));
    }
  }
  const buildAll = async (from: string): Promise<{ peakBytes: number; file: string }> => {
    const file = join(folder, "many.img");
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "many.mjs"), file, from]);
    return { ...readJson(stdout, "what was built", object({ peakBytes: number })), file };
  };
  const few = await buildAll(join(many, "group-0"));
  const all = await buildAll(many);
  expect(statSync(all.file).size).toBeLessThan(10 * MEBIBYTE);
  expect(all.peakBytes - few.peakBytes).toBeLessThan(48 * MEBIBYTE);

  const image = await ImageReader.open(all.file);
  expect(image.entryCount).toBe(100_000);
  image.verify();
  image.close();
}, 120_000);
