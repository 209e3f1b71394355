// Images with compressed files: what they become, what is refused of them, and that no bytes of a cluster or of its table
// lead the reader astray, not even with a hash tree that is right.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { ImageFile } from "../../../host/pkgimg/image.ts";
import { defined } from "../../harness/defined.ts";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { pkgimgGuest, refusalOf } from "./face.ts";
import { BLOCK_BYTES, CLUSTER_BYTES, entry, Forge, file, hashOf, mixed, superblock } from "./forge.ts";

/** One cluster; three, of which the second is noise; noise alone; too short to gain a block; empty. */
const files: readonly ImageFile[] = [
  mixed("a/one", 9000, 0),
  mixed("a/three", CLUSTER_BYTES, CLUSTER_BYTES + 3000),
  mixed("b/noise", 0, 9000),
  mixed("b/small", 4000, 0),
  file("c/empty", 0),
];
const COMPRESSED = [true, true, false, false, false];

const forge = (): Forge => new Forge(files, { compress: true });
const entryWord = (image: Forge, number: number, field: number): number =>
  image.get(image.at("indexBlock", number * 64 + field));

let g: Guest;
let edge: Edge;

beforeAll(async () => {
  g = await pkgimgGuest();
  edge = new Edge(g, 1 << 20);
});

const refusal = (image: Forge): string => refusalOf(g, edge, image.bytes);

describe("an image with compressed files", () => {
  test("is read and checked whole, either way", () => {
    expect(refusal(forge())).toBe("ok");
    expect(refusalOf(g, edge, forge().bytes, "openCached")).toBe("ok");
  });

  test("has those compressed that take fewer blocks then, and says the hash of what they become", () => {
    const image = forge();
    const plain = new Forge(files);
    files.forEach(({ content }, number) => {
      const at = image.at("indexBlock", number * 64 + entry.hash);
      expect(image.bytes.subarray(at, at + 32)).toEqual(hashOf(content));
      expect(entryWord(image, number, entry.byteLength)).toBe(content.length);
      const stored = entryWord(image, number, entry.storedLength);
      expect([number, stored > 0]).toEqual([number, COMPRESSED[number]]);
      if (stored > 0) {
        expect(Math.ceil(stored / BLOCK_BYTES)).toBeLessThan(Math.ceil(content.length / BLOCK_BYTES));
      }
    });
    expect(image.bytes.length).toBeLessThan(plain.bytes.length);
  });

  test("is the same, byte for byte, each time, and without the option as if there were none", () => {
    expect(forge().bytes.equals(forge().bytes)).toBe(true);
    const noise = [mixed("b/noise", 0, 9000)];
    expect(new Forge(noise, { compress: true }).bytes.equals(new Forge(noise).bytes)).toBe(true);
  });
});

/** Where the second file's table is: three words, and its clusters behind. */
const table = forge().get(forge().at("indexBlock", 64 + entry.byteOffset));
const ends = [0, 1, 2].map((number) => forge().get(table + number * 4));
const LENGTH = "compressed file is as long as it would be without, or shorter than its table";
const CLUSTER = "compressed file cannot be decompressed";

describe("refused, in an image whose hashes are right", () => {
  const inTable = Math.floor(table / BLOCK_BYTES);
  const blockOf = (end: number): number => Math.floor((table + end) / BLOCK_BYTES);

  test("the table is where the test thinks it is", () => {
    const [, second = 0, third = 0] = ends;
    expect(third).toBe(entryWord(forge(), 1, entry.storedLength));
    // The second cluster is noise, so it is stored as it is.
    expect(second - defined(ends[0])).toBe(CLUSTER_BYTES);
  });

  test.each([
    [
      "a length that is the file's own",
      (f: Forge) => f.setEntry(1, entry.storedLength, CLUSTER_BYTES * 2 + 3000),
      LENGTH,
    ],
    ["a length of no more than the table", (f: Forge) => f.setEntry(1, entry.storedLength, 12), LENGTH],
    ["a file of more than 1 GiB", (f: Forge) => f.setEntry(1, entry.byteLength, 0x4000_0001), LENGTH],
    ["a file of 4 GiB and more", (f: Forge) => f.setEntry(1, entry.byteLength + 4, 1), LENGTH],
  ])("%s", (_, change, said) => {
    const image = forge();
    change(image);
    expect(refusal(image.seal())).toMatch(new RegExp(`^${said} .*entry 1`));
  });

  test.each([
    ["a first cluster of no bytes", 0, 12, inTable],
    ["a first cluster that ends in the table", 0, 8, inTable],
    ["a first cluster longer than what it becomes", 0, 12 + CLUSTER_BYTES + 1, inTable],
    ["a second cluster that ends before it begins", 1, 13, inTable],
    ["a second cluster that ends where it begins", 1, defined(ends[0]), inTable],
    ["a second cluster behind the file", 1, 0x8000_0000, inTable],
    ["a last cluster that does not end with the file", 2, defined(ends[2]) - 1, inTable],
    ["a last cluster behind the file", 2, defined(ends[2]) + 1, inTable],
    ["a first cluster that is cut off", 0, defined(ends[0]) - 1, blockOf(12)],
  ])("%s", (_, number, end, block) => {
    const image = forge()
      .set(table + number * 4, end)
      .seal();
    expect(refusal(image)).toBe(`${CLUSTER} (block ${block})`);
  });

  test("a cluster that becomes something else: the file does not match its hash", () => {
    // A literal of the first cluster, and a byte of the second, which is stored as it is.
    for (const place of [table + 12 + 20, table + defined(ends[0]) + 5000]) {
      const image = forge().flip(place).seal();
      expect(refusal(image)).toMatch(/^file does not match its hash .*entry 1/);
    }
  });

  test("bytes behind a compressed file that are not zero", () => {
    const image = forge();
    const end = table + defined(ends[2]);
    image.bytes[end] = 1;
    expect(refusal(image.seal())).toBe(
      `unused bytes behind the file are not zero (block ${Math.floor(end / BLOCK_BYTES)})`,
    );
  });
});

describe("damage", () => {
  test("a flipped bit in any block is refused", () => {
    const { length } = forge().bytes;
    for (let block = 0; block < length / BLOCK_BYTES; block += 1) {
      for (const offset of [0, 17, 300]) {
        expect([block, offset, refusal(forge().flip(block * BLOCK_BYTES + offset))]).not.toContain("ok");
      }
    }
  });

  test("any bytes in table and clusters, under hashes that are right, neither trap nor hang the reader", () => {
    const begin = forge().at("dataBlock");
    const end = forge().get(superblock.treeBlock) * BLOCK_BYTES;
    const change = fc.tuple(
      fc.oneof(fc.integer({ min: begin, max: end - 1 }), fc.integer({ min: table, max: table + 40 })),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const image = forge();
        for (const [place, byte] of changes) {
          image.bytes[place] = byte;
        }
        refusal(image.seal());
      }),
      { numRuns: 300 },
    );
  });
});
