// A file has one place in an image, and the bytes behind it are zero: every other place and every other byte is refused.

import { beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { pkgimgGuest, refusalOf } from "./face.ts";
import { BLOCK_BYTES, entry, Forge, file, hashOf, sampleFiles, superblock } from "./forge.ts";

describe("package image reader refuses", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await pkgimgGuest();
    edge = new Edge(g, 1 << 20);
  });

  const refusal = ({ bytes }: Forge): string => refusalOf(g, edge, bytes);

  test("bytes behind a file: up to the next one, to the end of its block, behind an empty one, behind the last", () => {
    // In the data: 0 to 5, 8 to 13, 16 (empty), 4096 to 8192, 8192 to 8195.
    const files = [file("a", 5), file("b", 5), file("c", 0), file("d", BLOCK_BYTES), file("e", 3)];
    const whole = new Forge(files);
    const first = whole.get(superblock.dataBlock);
    expect(whole.get(superblock.dataBlockCount)).toBe(3);
    expect(refusal(whole)).toBe("ok");
    for (const offset of [5, 7, 13, 15, 16, 17, 4095, 8195, 12_287]) {
      const forged = new Forge(files);
      const block = first + Math.floor(offset / BLOCK_BYTES);
      const said = `unused bytes behind the file are not zero (block ${block})`;
      expect([offset, refusal(forged.flip(forged.at("dataBlock", offset)).seal())]).toEqual([offset, said]);
      expect(refusalOf(g, edge, forged.bytes, "openCached")).toBe(said);
    }
  });

  test("a file that ends early, its hash made right for that", () => {
    const forged = new Forge([file("a", 20)]);
    hashOf(file("a", 20).content.subarray(0, 19)).copy(forged.bytes, forged.at("indexBlock", entry.hash));
    expect(refusal(forged.setEntry(0, entry.byteLength, 19).seal())).toBe(
      `unused bytes behind the file are not zero (block ${forged.get(superblock.dataBlock)})`,
    );
  });

  test("every other place of a file, however near", () => {
    for (const [number, right] of [0, 5000, 8192, 12_288, 12_288].entries()) {
      for (let offset = 0; offset <= 16_384; offset += number === 1 ? 1 : 97) {
        const forged = new Forge(sampleFiles);
        forged.setEntry(number, entry.byteOffset, forged.at("dataBlock", offset));
        g.call("open", edge.put(forged.seal().bytes), forged.bytes.length / BLOCK_BYTES);
        expect([number, offset, g.call("check") === 0]).toEqual([number, offset, offset === right]);
      }
    }
  });
});
