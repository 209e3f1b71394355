// 100,000 files: what mounting and looking up cost, counted in what is asked of the disk and never in time.

import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import type { Guest } from "../../harness/guest.ts";
import { pkgimgGuest, words } from "../../libs/pkgimg/face.ts";
import { BLOCK_BYTES, content, partsOf, signedImage } from "./images.ts";
import { type Running, start } from "./running.ts";

const FILE_COUNT = 100_000;
const READ_BLOCKS_MAX = 32;
const LEVELS_MAX = 3;

/** Directories of a hundred; one file in five hundred has content, so that the index is most of the image. */
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
    // Index and paths are walked side by side, and the one tree block that is kept speaks for one of them.
    expect(g.call("readCount")).toBeLessThanOrEqual(1 + 2 * (data - 1) + LEVELS_MAX);
    expect(data).toBeGreaterThan(1500);
  });

  test("its memory is the same whatever the image", () => {
    // 22 KiB that the caller gives, checked when compiled; and nothing in the module allocates.
    expect(g.call("stateFits")).toBe(1);
  });

  test("a file is found in as many steps as a binary search has, each a few blocks", () => {
    let most = 0;
    for (const number of samples) {
      const before = g.call("readCount");
      const entry = lookUp(defined(files[number]?.path));
      expect(entry).toBeGreaterThanOrEqual(0);
      most = Math.max(most, g.call("readCount") - before);
    }
    // A step reads one block of the index and up to two of paths; each may need a block of each of the tree's levels.
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

  test("mounts in a number of reads that follows from the size of the index alone", () => {
    expect(running.kernel.lines[0]).toBe("pkgfs: mounted from virtio-blk ro");
    // Index and paths come by runs of 32 blocks; the two are walked side by side, and each tree block comes by itself.
    const treeBlocksOfIndex = Math.ceil(data / 128) + 2;
    const runs = Math.ceil(data / READ_BLOCKS_MAX);
    expect(running.disk.reads.length).toBeLessThanOrEqual(runs + treeBlocksOfIndex + 8);
    const sectors = running.disk.reads.reduce((sum, read) => sum + read.count, 0);
    expect(sectors / 8).toBeLessThanOrEqual(data + treeBlocksOfIndex + 8 + 2 * READ_BLOCKS_MAX);
  });

  test("then opens a file with at most a few blocks for each step of the search, in the memory that it had", () => {
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

  test("and lists a directory of a thousand without going through what is below", () => {
    const before = running.disk.reads.length;
    const results = running.client(1).call("list", { path: "packages", cursor: 0 });
    expect(results.status).toBe("ok");
    expect(running.disk.reads.length - before).toBeLessThanOrEqual(9 * (log2 + 1) * 2);
  });
});
