// BLAKE2b against RFC 7693 and other published vectors, and against node:crypto for any bytes in any pieces.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";

const text = `
import { Blake2b, BLAKE2B_STATE_BYTES } from "blake2b/blake2b";
export { hashWithZbb } from "blake2b/blake2b";
const state = memory.data(512, 8);
const digest = memory.data(64, 8);
export function stateBytes(): u32 { return BLAKE2B_STATE_BYTES; }
export function fill(): usize { memory.fill(state, 0xa5, 512); return state; }
export function begin(): void { changetype<Blake2b>(state).begin(); }
export function update(source: usize, length: u32): void { changetype<Blake2b>(state).update(source, length); }
export function finish(length: u32): usize {
  memory.fill(digest, 0x5a, 64);
  changetype<Blake2b>(state).finish(digest, length);
  return digest;
}
`;

const reference = (bytes: Uint8Array): string => createHash("blake2b512").update(bytes).digest("hex");

describe.each([
  ["without Zbb", 0],
  ["with Zbb", 1],
])("BLAKE2b %s", (_, zbb) => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await guest({ text });
    g.call("hashWithZbb", zbb);
    edge = new Edge(g, 1 << 18);
  });

  function digest(pieces: readonly Uint8Array[]): string {
    g.call("fill");
    g.call("begin");
    for (const piece of pieces) {
      g.call("update", edge.put(piece), piece.length);
    }
    return Buffer.from(g.get(g.call("finish", 64), 64)).toString("hex");
  }

  test.each([
    // RFC 7693, appendix A.
    [
      "abc",
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    ],
    [
      "",
      "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
    ],
    [
      "The quick brown fox jumps over the lazy dog",
      "a8add4bdddfd93e4877d2746e62817b116364a1fa7bc148d95090bc7333b3673f82401cf7aa2e4cb1ecd90296e3f14cb5413f8ed77be73045b13914cdcd6a918",
    ],
  ])("of %j", (words, expected) => {
    expect(digest([Buffer.from(words)])).toBe(expected);
  });

  test("of every length around the block's edges", () => {
    for (let length = 0; length <= 400; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 255);
      expect([length, digest([bytes])]).toEqual([length, reference(bytes)]);
    }
  });

  test("of a block and a bit in every two pieces", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => (index * 7) & 255);
    for (const total of [128, 129, 256, 257, 300]) {
      for (let first = 0; first <= total; first += 1) {
        const pieces = [bytes.subarray(0, first), bytes.subarray(first, total)];
        expect([total, first, digest(pieces)]).toEqual([total, first, reference(bytes.subarray(0, total))]);
      }
    }
  });

  test("of any bytes in any pieces is the one that node:crypto gives", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 8 }), (pieces) => {
        expect(digest(pieces)).toBe(reference(Buffer.concat(pieces)));
      }),
      { numRuns: 300 },
    );
  });

  test("gives only the first bytes when fewer are asked for", () => {
    g.call("begin");
    expect(Buffer.from(g.get(g.call("finish", 32), 64)).toString("hex")).toBe(
      reference(new Uint8Array(0)).slice(0, 64) + "5a".repeat(32),
    );
  });

  test("keeps to the memory that it asks for", () => {
    const state = g.call("fill");
    const stateBytes = g.call("stateBytes");
    digest([Buffer.from("x".repeat(1000))]);
    expect(new Set(g.get(state + stateBytes, 512 - stateBytes))).toEqual(new Set([0xa5]));
  });
});
