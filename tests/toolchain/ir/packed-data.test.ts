// A task's static data as records: what start-up makes of them has to be the data, zeros included.

import fc from "fast-check";
import { expect, test } from "vitest";
import { pack } from "../../../toolchain/ir/packed-data.ts";

const BASE = 0x0100_0000;

/** What source/runtime/entry.S does, in memory that begins at BASE and is zero. */
function unpack(records: Uint8Array, byteLength: number): Uint8Array {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const memory = new Uint8Array(byteLength);
  let at = 0;
  for (;;) {
    const address = view.getUint32(at, true);
    const bytes = view.getUint32(at + 4, true);
    at += 8;
    if (bytes === 0) {
      expect(at).toBe(records.length);
      return memory;
    }
    expect([address % 8, bytes % 8]).toEqual([0, 0]);
    memory.set(records.subarray(at, at + bytes), address - BASE);
    at += bytes;
  }
}

test("any data comes back, and only zeros are left out", () => {
  const piece = fc.tuple(fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const data = Buffer.concat(pieces.flatMap(([zeros, bytes]) => [Buffer.alloc(zeros), bytes]));
      const whole = Math.ceil(data.length / 8) * 8;
      const memory = unpack(pack(data, BASE), whole);
      expect(Buffer.from(memory).equals(Buffer.concat([data, Buffer.alloc(whole - data.length)]))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("zeros take no bytes, at the beginning, in the middle and at the end", () => {
  const data = new Uint8Array(3 * 4096);
  data[4096] = 1;
  data[8191] = 2;
  // Two records of a word each, and the end.
  expect(pack(data, BASE).length).toBe(2 * 16 + 8);
  expect(pack(new Uint8Array(4096), BASE)).toEqual(new Uint8Array(8));
});

test("a single word of zeros between two others does not begin a record", () => {
  const data = new Uint8Array(24).fill(7, 0, 8).fill(7, 16);
  expect(pack(data, BASE).length).toBe(8 + 24 + 8);
});
