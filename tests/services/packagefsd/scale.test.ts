// The cost of mounting and looking up with 100,000 files, counted in reads of the disk and not in time.

import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import type { Guest } from "../../harness/guest.ts";
import { pkgimgGuest, words } from "../../libs/pkgimg/face.ts";
import { BLOCK_BYTES, content, partsOf, signedImage } from "./images.ts";
import { type Running, start } from "./running.ts";

const FILE_COUNT = 100_000;
const READ_BLOCKS_MAX = 32;
const LEVELS_MAX = 3;

/** Directories of a hundred files. One file in five hundred has content, so most of the image is index. */
const files = Array.from({ length: FILE_COUNT }, (_, number) => ({
  path: `packages/of-group-${Math.floor(number / 100)}/file-${number}`,
  content: number % 500 === 0 ? content(9000, number) : new Uint8Array(),
}));
const image = signedImage(files);
const { data } = partsOf(image);
const log2 = Math.ceil(Math.log2(FILE_COUNT + 1));

/** Files from all over the image. */
const samples = Array.from({ length: 300 }, (_, number) => (number * 33_377) % FILE_COUNT);

describe("the reader, without a cache", () => {
  let g: Guest;
  let pathAt: number;

  beforeAll(async () => {
    g = await pkgimgGuest();
    pathAt = g.alloc(256);
    const at = g.put(image);
    expect(words(g, g.call("open", at, image.length / BLOCK_BYTES))).toBe("ok");
    expect(g.call("readCount")).toBe(1);
    expect(words(g, g.call("check"))).toBe("ok");
  });

  function lookUp(path: string): number {
    const bytes = Buffer.from(path);
    g.bytes().set(bytes, pathAt);
    return g.call("lookUp", pathAt, bytes.length);
  }

  test("mounting reads the superblock, and each block of index and paths once, with at most one of the tree each", () => {
    // Index and paths are read side by side, and the one tree block that is kept covers only one of them.
    expect(g.call("readCount")).toBeLessThanOrEqual(1 + 2 * (data - 1) + LEVELS_MAX);
    expect(data).toBeGreaterThan(1500);
  });

  test("its memory does not depend on the image", () => {
    // The caller provides 22 KiB, which the compiler checks, and nothing in the module allocates.
    expect(g.call("stateFits")).toBe(1);
  });

  test("a file is found in the steps of a binary search, with a few blocks for each", () => {
    let most = 0;
    for (const number of samples) {
      const before = g.call("readCount");
      const entry = lookUp(defined(files[number]?.path));
      expect(entry).toBeGreaterThanOrEqual(0);
      most = Math.max(most, g.call("readCount") - before);
    }
    // A step reads one block of the index and up to two of paths. Each may need one block of each level of the tree.
    expect(most).toBeLessThanOrEqual((log2 + 1) * 3 * 3);
    const before = g.call("readCount");
    expect(lookUp("packages/of-group-500/file-50000x")).toBe(-1);
    expect(g.call("readCount") - before).toBeLessThanOrEqual((log2 + 1) * 3 * 3);
  });
});

describe("packagefsd", () => {
  let running: Running;
  beforeAll(async () => {
    running = await start(image);
  });

  test("mounts with a number of reads that depends only on the size of the index", () => {
    expect(running.kernel.lines[0]).toBe("pkgfs: mounted from virtio-blk ro");
    // Index and paths are read in runs of 32 blocks, side by side, and each tree block is read separately.
    const treeBlocksOfIndex = Math.ceil(data / 128) + 2;
    const runs = Math.ceil(data / READ_BLOCKS_MAX);
    expect(running.disk.reads.length).toBeLessThanOrEqual(runs + treeBlocksOfIndex + 8);
    const sectors = running.disk.reads.reduce((sum, read) => sum + read.count, 0);
    expect(sectors / 8).toBeLessThanOrEqual(data + treeBlocksOfIndex + 8 + 2 * READ_BLOCKS_MAX);
  });

  test("then opens a file with a few blocks for each step of the search, without more memory", () => {
    const client = running.client(1);
    const vmo = client.attach(BLOCK_BYTES);
    const memoryBytes = running.kernel.guest.bytes().length;
    let most = 0;
    for (const number of samples) {
      const before = running.disk.reads.length;
      const file = client.open(defined(files[number]?.path));
      most = Math.max(most, running.disk.reads.length - before);
      if (number % 500 === 0) {
        expect(client.read(vmo, file, 0, BLOCK_BYTES).status).toBe("ok");
      }
      client.call("close", { file });
    }
    expect(most).toBeLessThanOrEqual((log2 + 1) * 2 + 3);
    expect(running.kernel.guest.bytes().length).toBe(memoryBytes);
  });

  test("and lists a directory of a thousand without reading what is below", () => {
    const before = running.disk.reads.length;
    const results = running.client(1).call("list", { path: "packages", cursor: 0 });
    expect(results.status).toBe("ok");
    expect(running.disk.reads.length - before).toBeLessThanOrEqual(9 * (log2 + 1) * 2);
  });
});
