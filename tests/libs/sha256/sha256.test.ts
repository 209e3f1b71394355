// SHA-256 against the vectors of FIPS 180-4's examples and CAVP, and against node:crypto for any bytes in any pieces.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";

const text = `
import { Sha256, SHA256_STATE_BYTES } from "sha256/sha256";
const state = memory.data(512, 8);
const digest = memory.data(32, 8);
export function stateBytes(): u32 { return SHA256_STATE_BYTES; }
export function fill(): usize { memory.fill(state, 0xa5, 512); return state; }
export function begin(): void { changetype<Sha256>(state).begin(); }
export function update(source: usize, length: u32): void { changetype<Sha256>(state).update(source, length); }
export function finish(): usize { changetype<Sha256>(state).finish(digest); return digest; }
`;

const reference = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("SHA-256", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await guest({ text });
    edge = new Edge(g, 1 << 18);
  });

  function digest(pieces: readonly Uint8Array[]): string {
    g.call("fill");
    g.call("begin");
    for (const piece of pieces) {
      g.call("update", edge.put(piece), piece.length);
    }
    return Buffer.from(g.get(g.call("finish"), 32)).toString("hex");
  }

  test.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    [
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ],
  ])("of %j", (words, expected) => {
    expect(digest([Buffer.from(words)])).toBe(expected);
  });

  test("of a million times the letter a", () => {
    const piece = Buffer.alloc(100_000, "a");
    expect(digest(Array.from({ length: 10 }, () => piece))).toBe(
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    );
  });

  test("of every length around the block's and the padding's edges", () => {
    for (let length = 0; length <= 200; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 255);
      expect([length, digest([bytes])]).toEqual([length, reference(bytes)]);
    }
  });

  test("of any bytes in any pieces is the one that node:crypto gives", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
        expect(digest(pieces)).toBe(reference(Buffer.concat(pieces)));
      }),
      { numRuns: 300 },
    );
  });

  test("keeps to the memory that it asks for", () => {
    const state = g.call("fill");
    const stateBytes = g.call("stateBytes");
    digest([Buffer.from("x".repeat(1000))]);
    expect(new Set(g.get(state + stateBytes, 512 - stateBytes))).toEqual(new Set([0xa5]));
  });
});
