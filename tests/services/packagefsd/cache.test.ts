// The cache alone, compared with a list in the order of use. Then the cache in the service, seen by what the service reads from
// the disk.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guest } from "../../harness/guest.ts";
import { BLOCK_BYTES, image, large, odd, partsOf, sameBytes } from "./images.ts";
import { start } from "./running.ts";

const LINE_COUNT = 256;
const LINES_ADDRESS = 0x1000_0000;
const SECTORS_PER_BLOCK = BLOCK_BYTES / 512;

describe("lines", () => {
  const text = `export { addressOf, clear, contains, find, publish, release, take } from "services/packagefsd/cache";`;

  test("after any operations, a lookup finds what was published and not displaced by newer use", async () => {
    const g = await guest({ text });
    const step = fc.record({
      kind: fc.constantFrom("find", "contains", "fill", "fill", "fail"),
      block: fc.nat(600),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1500, size: "max" }), (steps) => {
        g.call("clear");
        /** Blocks in the order of use, least recently used first. -1 is an empty line. */
        let model: number[] = Array.from({ length: LINE_COUNT }, () => -1);
        const places = new Map<number, number>();
        for (const { kind, block } of steps) {
          const isThere = model.includes(block);
          if (kind === "contains") {
            expect(g.call("contains", block)).toBe(isThere ? 1 : 0);
          } else if (kind === "find" || isThere) {
            const address = g.call("find", block);
            expect(address).toBe(isThere ? places.get(block) : 0);
            if (isThere) {
              model = [...model.filter((each) => each !== block), block];
            }
          } else {
            const index = g.call("take");
            const [, ...rest] = model;
            if (kind === "fail") {
              g.call("release", index);
              model = [-1, ...rest];
            } else {
              g.call("publish", index, block);
              model = [...rest, block];
              places.set(block, g.call("addressOf", index));
            }
          }
        }
        const addresses = model.filter((block) => block >= 0).map((block) => g.call("find", block));
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const address of addresses) {
          expect((address - LINES_ADDRESS) % BLOCK_BYTES).toBe(0);
          expect(address - LINES_ADDRESS).toBeLessThan(LINE_COUNT * BLOCK_BYTES);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("lines that are taken at the same time are different lines", async () => {
    const g = await guest({ text });
    g.call("clear");
    const taken = Array.from({ length: 10 }, () => g.call("take"));
    expect(new Set(taken).size).toBe(10);
    for (const index of taken) {
      g.call("release", index);
    }
    expect(g.call("take")).toBe(taken.at(-1));
  });

  test("when all are taken, the one that is given back is the next, and none is lost", async () => {
    const g = await guest({ text });
    g.call("clear");
    const taken = Array.from({ length: LINE_COUNT }, () => g.call("take"));
    expect(new Set(taken).size).toBe(LINE_COUNT);
    g.call("release", taken[0] ?? 0);
    expect(g.call("take")).toBe(taken[0]);
    expect(new Set(Array.from({ length: LINE_COUNT }, () => g.call("take"))).size).toBe(LINE_COUNT);
  });
});

describe("what is read from the disk", () => {
  const firstOfLarge = partsOf(image).data;

  test("a block that was read is not read again", async () => {
    const { disk, client } = await start(image);
    const vmo = client(1).attach(4 * BLOCK_BYTES);
    const file = client(1).open("fixtures/odd");
    client(1).read(vmo, file, 0, odd.length);
    const readCount = disk.reads.length;
    const before = client(1).call("info");
    expect(client(1).read(vmo, file, 0, odd.length).content).toEqual(odd);
    expect(disk.reads).toHaveLength(readCount);
    const after = client(1).call("info");
    expect(Number(after.cacheHits) - Number(before.cacheHits)).toBe(4);
    expect(after.cacheMisses).toBe(before.cacheMisses);
  });

  test("reading from front to back fetches 32 blocks with each request, up to the end of the file", async () => {
    const { disk, client } = await start(image);
    const vmo = client(1).attach(BLOCK_BYTES);
    const file = client(1).open("bin/large");
    disk.reads.length = 0;
    for (let offset = 0; offset < large.length; offset += BLOCK_BYTES) {
      const { status, content } = client(1).read(vmo, file, offset, BLOCK_BYTES);
      expect(status).toBe("ok");
      expect(sameBytes(content, large.subarray(offset, offset + BLOCK_BYTES))).toBe(true);
    }
    // Mounting has read the first block already. The single blocks are of the hash tree.
    const wanted: { lba: number; count: number }[] = [];
    const last = firstOfLarge + Math.ceil(large.length / BLOCK_BYTES);
    for (let block = firstOfLarge + 1; block < last; block += 32) {
      wanted.push({
        lba: block * SECTORS_PER_BLOCK,
        count: Math.min(32, last - block) * SECTORS_PER_BLOCK,
      });
    }
    expect(disk.reads.filter(({ count }) => count > SECTORS_PER_BLOCK)).toEqual(
      wanted.filter(({ count }) => count > SECTORS_PER_BLOCK),
    );
    const levelBlocks = Math.ceil((partsOf(image).tree - 1) / 128) + 1;
    expect(disk.reads.length).toBeLessThanOrEqual(wanted.length + levelBlocks);
  });

  test("reading in random places fetches only what is asked for", async () => {
    const { disk, client } = await start(image);
    const vmo = client(1).attach(BLOCK_BYTES);
    const file = client(1).open("bin/large");
    disk.reads.length = 0;
    for (const block of [300, 17, 120]) {
      client(1).read(vmo, file, block * BLOCK_BYTES + 1, 100);
    }
    const content = disk.reads.filter(({ lba }) => lba < partsOf(image).tree * SECTORS_PER_BLOCK);
    expect(content).toEqual(
      [300, 17, 120].map((block) => ({
        lba: (firstOfLarge + block) * SECTORS_PER_BLOCK,
        count: SECTORS_PER_BLOCK,
      })),
    );
  });

  test("the least recently used blocks make room, and a read never displaces its own blocks", async () => {
    const { disk, client } = await start(image);
    const vmo = client(1).attach(131_072 + BLOCK_BYTES);
    const file = client(1).open("bin/large");
    for (let offset = 0; offset < large.length; offset += 131_072) {
      const { content } = client(1).read(vmo, file, offset, 131_072);
      expect(sameBytes(content, large.subarray(offset, offset + 131_072))).toBe(true);
    }
    disk.reads.length = 0;
    // 2 MB were read through a cache of 1 MiB: it has the last part, and not the first.
    const end = large.length - 100_000;
    expect(sameBytes(client(1).read(vmo, file, end, 100_000).content, large.subarray(end))).toBe(true);
    expect(disk.reads).toEqual([]);
    const { content } = client(1).read(vmo, file, 5, 131_072);
    expect(sameBytes(content, large.subarray(5, 5 + 131_072))).toBe(true);
    expect(disk.reads.length).toBeGreaterThan(0);
  });

  test("mounting reads index and strings in large requests", async () => {
    const { disk } = await start(image);
    expect(disk.reads.length).toBeLessThanOrEqual(8);
  });
});
