// The reader as the host's tools have it (./nx image): contents come through its own cache of one block, and compressed
// files become what they were.

import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import { words } from "./face.ts";
import { BLOCK_BYTES, CLUSTER_BYTES, entry, Forge, mixed, superblock } from "./forge.ts";

const UNREADABLE = "block could not be read";
const OTHER_DATA = "data does not match its hash";
const CLUSTER = "compressed file cannot be decompressed";

/** A cluster of noise, which is stored as it is; two of text; and a file that is not compressed. */
const noise = mixed("a", 0, CLUSTER_BYTES).content;
const compressed = { path: "a", content: Buffer.concat([noise, Buffer.alloc(2 * CLUSTER_BYTES, "text ")]) };
const files = [compressed, mixed("b", 0, 3 * BLOCK_BYTES)];

describe("the host's image reader", () => {
  let g: Guest;
  let image = new Forge(files, { compress: true });
  let unreadable = -1;

  beforeAll(async () => {
    const readBlock = (block: number, target: number): number => {
      const bytes = image.bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
      if (block === unreadable || bytes.length !== BLOCK_BYTES) {
        return 0;
      }
      g.bytes().set(bytes, target >>> 0);
      return 1;
    };
    g = await guest("source/libs/pkgimg/host.ts", { imports: { host: { readBlock } } });
  });

  /** Opens the image after `change`. */
  function open(change: (forge: Forge) => void = () => {}): string {
    image = new Forge(files, { compress: true });
    unreadable = -1;
    change(image);
    return words(g, g.call("open", image.bytes.length / BLOCK_BYTES));
  }

  const reason = (): string => words(g, g.call("error"));
  const byteOffset = (number: number): number =>
    image.get(image.at("indexBlock", number * 64 + entry.byteOffset));
  const dataOf = (number: number): number => Math.floor(byteOffset(number) / BLOCK_BYTES);

  function cluster(number: number): Uint8Array | undefined {
    expect(g.call("pick", 0)).toBe(0);
    const at = g.call("decompressedCluster", number);
    return at === 0
      ? undefined
      : g.get(at, Math.min(CLUSTER_BYTES, compressed.content.length - number * CLUSTER_BYTES));
  }

  test("reads a good image, and says why it opens no other", () => {
    expect(open()).toBe("ok");
    expect(words(g, g.call("verifyFiles", 0, files.length))).toBe("ok");
    expect(words(g, g.call("verifyBlocks", 1, image.get(superblock.treeBlock) - 1))).toBe("ok");
    for (const number of [0, 1, 2]) {
      const from = number * CLUSTER_BYTES;
      expect(cluster(number)).toEqual(
        new Uint8Array(compressed.content.subarray(from, from + CLUSTER_BYTES)),
      );
    }
    expect(open((forge) => forge.flip(superblock.magic))).toBe("not a package image");
  });

  test("gives no block that cannot be read, or that is another", () => {
    expect(open()).toBe("ok");
    unreadable = dataOf(1);
    expect(g.call("verifiedBlock", unreadable)).toBe(0);
    expect(reason()).toBe(UNREADABLE);
    unreadable = -1;
    image.flip(byteOffset(1));
    expect(g.call("verifiedBlock", dataOf(1))).toBe(0);
    expect(reason()).toBe(OTHER_DATA);
    expect(words(g, g.call("verifyBlocks", dataOf(1), 1))).toBe(OTHER_DATA);
    expect(words(g, g.call("verifyFiles", 0, files.length))).toBe(OTHER_DATA);
  });

  test("gives no cluster whose table cannot be read any more", () => {
    expect(open()).toBe("ok");
    expect(cluster(1)).toBeDefined();
    unreadable = dataOf(0);
    expect(cluster(1)).toBeUndefined();
    expect(reason()).toBe(UNREADABLE);
  });

  test("gives no cluster that cannot be read any more, compressed or not", () => {
    expect(open()).toBe("ok");
    const end = image.get(byteOffset(0));
    expect(end).toBeGreaterThan(CLUSTER_BYTES);
    for (const [number, block] of [
      [0, dataOf(0) + 1],
      [1, Math.floor((byteOffset(0) + end) / BLOCK_BYTES)],
    ] as const) {
      expect(cluster(number)).toBeDefined();
      // The block that was read last is not read again, so another one takes its place.
      expect(g.call("verifiedBlock", dataOf(1) + 2)).not.toBe(0);
      unreadable = block;
      expect(cluster(number)).toBeUndefined();
      expect(reason()).toBe(UNREADABLE);
      unreadable = -1;
    }
  });

  test("gives no cluster that cannot be decompressed", () => {
    const table = byteOffset(0);
    const second = defined(image.bytes[table + 4]);
    expect(second).toBeGreaterThan(0);
    expect(open((forge) => forge.set(table + 4, forge.get(table + 4) - 1).seal())).toBe("ok");
    expect(cluster(1)).toBeUndefined();
    expect(reason()).toBe(CLUSTER);
  });
});
