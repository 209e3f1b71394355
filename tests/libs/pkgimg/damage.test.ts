// A byte that changed anywhere in an image is found; bytes of any kind neither trap nor hang the reader. Images
// end where memory ends, and an image of random words is sealed, so that the hashes do not hide what is behind.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { pkgimgGuest } from "./face.ts";
import { BLOCK_BYTES, Forge, sampleFiles, superblock } from "./forge.ts";

const badWords = [
  ...[0, 1, 2, 63, 64, 255, 256, 4095, 4096, 0x7fff_ffff, 0x8000_0000, 0xffff_f000, 0xffff_ffff],
  // Around both ends of the sample's data.
  ...[12_287, 12_288, 12_296, 17_288, 28_671, 28_672, 28_680],
];
const word = fc.oneof(fc.constantFrom(...badWords), fc.nat({ max: 0x4000 }), fc.nat());

describe("package image reader, on damaged images", () => {
  let g: Guest;
  let edge: Edge;
  let pathAt: number;

  beforeAll(async () => {
    g = await pkgimgGuest();
    pathAt = g.put(Buffer.from("fixtures"));
    edge = new Edge(g, 1 << 20);
  });

  /** Mounts and reads everything there is; true if nothing was refused. */
  function isAccepted(bytes: Uint8Array): boolean {
    const error = g.call("open", edge.put(bytes), Math.floor(bytes.length / BLOCK_BYTES)) || g.call("check");
    if (error !== 0) {
      return false;
    }
    for (let index = 0; index < g.call("entryCount"); index += 1) {
      if (g.call("content", index) !== 0) {
        return false;
      }
    }
    return true;
  }

  /** Uses the image as if the index had not been checked. */
  function use(bytes: Uint8Array): void {
    if (g.call("open", edge.put(bytes), Math.floor(bytes.length / BLOCK_BYTES)) !== 0) {
      return;
    }
    g.call("check");
    g.call("lookUp", pathAt, 8);
    let child = g.call("first", pathAt, 8);
    for (let steps = 0; child !== -1 && steps < 100; steps += 1) {
      child = g.call("next", pathAt, 8);
    }
    for (let index = 0; index < Math.min(g.call("entryCount") >>> 0, 10); index += 1) {
      g.call("content", index);
    }
  }

  test("a flipped bit in any byte of the superblock's fields is refused", () => {
    for (let offset = 0; offset < 512; offset += 1) {
      // 0 to 1, in the kind of signature, would be the other kind there is: whose bytes then do not verify.
      const mask = offset === superblock.signatureKind ? 0x80 : 1;
      const accepted = isAccepted(new Forge(sampleFiles).flip(offset, mask).bytes);
      expect([offset, accepted]).toEqual([offset, false]);
    }
  });

  test("a flipped bit anywhere behind the superblock's fields is refused", () => {
    const { length } = new Forge(sampleFiles).bytes;
    fc.assert(
      fc.property(fc.integer({ min: 512, max: length - 1 }), fc.nat({ max: 7 }), (offset, bit) => {
        expect(isAccepted(new Forge(sampleFiles).flip(offset, 1 << bit).bytes)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("a flipped bit in each region, and at each block's last byte, is refused", () => {
    const { length } = new Forge(sampleFiles).bytes;
    for (let block = 1; block < length / BLOCK_BYTES; block += 1) {
      for (const offset of [0, 64, 2048, 4095]) {
        expect(isAccepted(new Forge(sampleFiles).flip(block * BLOCK_BYTES + offset).bytes)).toBe(false);
      }
    }
  });

  test("an image that is cut off anywhere is refused", () => {
    const { bytes } = new Forge(sampleFiles);
    for (let end = 0; end < bytes.length; end += BLOCK_BYTES) {
      expect(isAccepted(bytes.subarray(0, end))).toBe(false);
    }
  });

  test("any words in the superblock neither trap nor hang it", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 15 }), word), { maxLength: 5 }), (changes) => {
        const forge = new Forge(sampleFiles);
        for (const [place, value] of changes) {
          forge.set(8 + place * 4, value);
        }
        use(forge.sealSuperblock().bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test("any words in a sealed index neither trap nor hang it", () => {
    const change = fc.tuple(fc.nat({ max: 5 * 16 - 1 }), word);
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 6 }),
        fc.uint8Array({ maxLength: 60 }),
        (changes, strings) => {
          const forge = new Forge(sampleFiles).setStrings(strings);
          for (const [place, value] of changes) {
            forge.set(forge.at("indexBlock", place * 4), value);
          }
          use(forge.seal().bytes);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
