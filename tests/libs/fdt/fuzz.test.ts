// The reader returns for any blob, and stays inside it: each blob ends where memory ends, so one byte
// too far traps.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { BlobWriter, sampleTree, token } from "./blob.ts";
import { fdtGuest } from "./face.ts";

/** Words that tend to break readers. */
const badWords = [0, 1, 2, 3, 4, 9, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_fffc, 0xffff_ffff];

const changes = fc.array(
  fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...badWords), fc.nat({ max: 0x400 }), fc.nat())),
  { maxLength: 6 },
);

describe("device-tree reader, on any bytes", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await fdtGuest();
    edge = new Edge(g, 1 << 16);
  });

  test("random bytes behind a magic number neither trap nor hang it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 400 }), (bytes) => {
        const blob = Buffer.alloc(bytes.length & ~7);
        blob.set(bytes.subarray(0, blob.length));
        blob.writeUInt32BE(0xd00dfeed, 0);
        if (g.call("open", edge.put(blob), blob.length) === 0) {
          g.call64("walk");
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a tree with some words changed neither traps nor hangs it", () => {
    fc.assert(
      fc.property(changes, fc.nat({ max: 64 }), (words, cut) => {
        const blob = sampleTree().finish();
        for (const [place, word] of words) {
          blob.writeUInt32BE(word >>> 0, (place % (blob.length / 4)) * 4);
        }
        const shorter = blob.subarray(0, blob.length - cut * 8);
        if (g.call("open", edge.put(shorter), shorter.length) === 0) {
          g.call64("walk");
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a tree that changes after it was checked neither traps nor hangs it", () => {
    fc.assert(
      fc.property(changes, (words) => {
        const blob = sampleTree().finish();
        const address = edge.put(blob);
        expect(g.call("open", address, blob.length)).toBe(0);
        const view = g.view();
        for (const [place, word] of words) {
          view.setUint32(address + (place % (blob.length / 4)) * 4, word >>> 0);
        }
        g.call64("walk");
      }),
      { numRuns: 2000 },
    );
  });

  /** Opens a tree, and then puts another word in place of the one at `at` of the structure block. */
  function openThenChange(tree: BlobWriter, at: number, word: number): void {
    const blob = tree.finish();
    const address = edge.put(blob);
    expect(g.call("open", address, blob.length)).toBe(0);
    g.view().setUint32(address + tree.structureStart + at, word);
  }

  test("a node that nests too deep since the check is not visited", () => {
    const tree = new BlobWriter();
    for (let depth = 0; depth < 16; depth += 1) {
      tree.begin("");
    }
    const at = tree.at;
    // Two words that are no more than NOPs become a node without a name.
    tree.nop().bytes([0, 0, 0, token.nop]);
    for (let depth = 0; depth < 16; depth += 1) {
      tree.end();
    }
    openThenChange(tree.last(), at, token.begin);
    for (let depth = 0; depth < 16; depth += 1) {
      expect(g.call("next")).toBe(1);
    }
    expect(g.call("next")).toBe(0);
    expect(g.call("depth")).toBe(15);
  });

  test("a node that ends twice since the check leaves the depth as it was", () => {
    const tree = new BlobWriter().begin("");
    const at = tree.at;
    openThenChange(tree.nop().end().last(), at, token.end);
    expect(g.call("next")).toBe(1);
    expect(g.call("next")).toBe(0);
    expect(g.call("depth")).toBe(0);
  });

  test("a tree that no longer begins with its root has none", () => {
    openThenChange(new BlobWriter().nop().begin("").end().last(), 0, token.end);
    expect(g.call("findRoot")).toBe(0);
  });
});
