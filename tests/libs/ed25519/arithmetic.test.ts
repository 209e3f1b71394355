// What Ed25519's verification computes with, compared with big integers: numbers modulo p and modulo L, limbs as full as
// they may be, and sums of multiples of points.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";
import {
  base,
  decodeLittle,
  encodeLittle,
  encodePoint,
  modulo,
  multiply,
  ORDER_OF_BASE,
  PRIME,
} from "./curve.ts";
import { face } from "./face.ts";

let g: Guest;
beforeAll(async () => {
  g = await guest({ text: face });
});

function put(...parts: readonly Uint8Array[]): void {
  g.bytes().set(Buffer.concat(parts), g.call("place"));
}

describe("the arithmetic, compared with big integers", () => {
  const edges = [
    0n,
    1n,
    2n,
    18n,
    19n,
    PRIME - 1n,
    PRIME,
    PRIME + 1n,
    2n ** 255n - 1n,
    2n ** 254n,
    (1n << 128n) - 1n,
  ];
  const numbers = fc.oneof(
    fc.constantFrom(...edges),
    fc.bigInt({ min: 0n, max: 2n ** 255n - 1n }),
    fc.bigInt({ min: 0n, max: 1000n }).map((below) => PRIME + 18n - below),
  );

  function power(base: bigint, exponent: bigint): bigint {
    let result = 1n;
    for (const bit of exponent.toString(2)) {
      result = modulo(result * result);
      if (bit === "1") {
        result = modulo(result * base);
      }
    }
    return result;
  }

  test.each([
    ["add", 0, (a: bigint, b: bigint) => modulo(a + b)],
    ["subtract", 1, (a: bigint, b: bigint) => modulo(a - b)],
    ["multiply", 2, (a: bigint, b: bigint) => modulo(a * b)],
    ["square", 3, (a: bigint) => modulo(a * a)],
    ["invert", 4, (_a: bigint, b: bigint) => power(b, PRIME - 2n)],
    ["powerForRoot", 5, (_a: bigint, b: bigint) => power(b, (PRIME - 5n) / 8n)],
    ["negate", 6, (a: bigint) => modulo(-a)],
  ])("%s modulo p", (_name, operation, expected) => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        put(encodeLittle(a), encodeLittle(b));
        expect(decodeLittle(g.get(g.call("field", operation), 32))).toBe(expected(a, b));
      }),
      { numRuns: 300 },
    );
  });

  describe("limbs as full as they may be", () => {
    const LOOSE = 2n ** 54n;
    const TIGHT = 2n ** 51n + 2n ** 18n;
    const SUBTRACTED = 2n ** 53n - 2n ** 7n;
    const limbsBelow = (limit: bigint) => {
      const limb = fc.oneof(
        fc.constantFrom(0n, limit - 1n, limit >> 1n, 2n ** 51n - 1n, 2n ** 51n),
        fc.bigInt({ min: 0n, max: limit - 1n }),
      );
      return fc.oneof(fc.constant(Array(5).fill(limit - 1n)), fc.array(limb, { minLength: 5, maxLength: 5 }));
    };
    const numberOf = (limbs: readonly bigint[]): bigint =>
      limbs.reduceRight((value, limb) => (value << 51n) + limb, 0n);
    const encoded = (limbs: readonly bigint[]): Uint8Array[] => limbs.map((limb) => encodeLittle(limb, 8));

    test.each([
      ["multiply", 0, LOOSE, TIGHT, (a: bigint, b: bigint) => a * b],
      ["square", 1, LOOSE, TIGHT, (a: bigint) => a * a],
      ["carry", 2, LOOSE, TIGHT, (a: bigint) => a],
      ["subtract", 3, SUBTRACTED, LOOSE, (a: bigint, b: bigint) => a - b],
    ])("%s", (_name, operation, taken, left, expected) => {
      fc.assert(
        fc.property(limbsBelow(taken), limbsBelow(taken), (a, b) => {
          put(...encoded(a), ...encoded(b));
          const bytes = g.get(g.call("limbs", operation), 40);
          const result = [0, 8, 16, 24, 32].map((at) => decodeLittle(bytes.subarray(at, at + 8)));
          expect(modulo(numberOf(result))).toBe(modulo(expected(numberOf(a), numberOf(b))));
          expect(result.every((limb) => limb < left)).toBe(true);
          expect(decodeLittle(g.get(g.call("written"), 32))).toBe(modulo(numberOf(result)));
        }),
        { numRuns: 500 },
      );
    });
  });

  test("s·B + k·P, for scalars with every kind of digits", () => {
    const edges = [0n, 1n, 2n, 15n, 16n, 31n, 32n, ORDER_OF_BASE - 1n, 2n ** 252n - 1n, 2n ** 252n];
    const scalars = fc.oneof(
      fc.constantFrom(...edges),
      fc.constantFrom(1n, 3n, 5n, 15n, 17n, 31n).map((step) => {
        const repeated = BigInt(`0b${step.toString(2).padStart(6, "0").repeat(42)}`);
        return repeated % ORDER_OF_BASE;
      }),
      fc.bigInt({ min: 0n, max: ORDER_OF_BASE - 1n }),
    );
    const factors = [1n, ORDER_OF_BASE - 1n, 3n ** 150n % ORDER_OF_BASE];
    const points = factors.map((factor) => ({ factor, point: multiply(base, factor) }));
    fc.assert(
      fc.property(scalars, scalars, fc.constantFrom(...points), (s, k, { factor, point }) => {
        put(encodeLittle(s), encodeLittle(k), encodePoint(point));
        expect(g.call("combined")).toBe(1);
        const expected = encodePoint(multiply(base, modulo(s + k * factor, ORDER_OF_BASE)));
        expect(Buffer.from(g.get(g.call("written"), 32))).toEqual(Buffer.from(expected));
      }),
      { numRuns: 30 },
    );
  });

  test("reduction modulo L, and the comparison with L", () => {
    const wide = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 512n - 1n }),
      fc.bigInt({ min: 0n, max: 2n ** 258n }).map((factor) => (factor * ORDER_OF_BASE) & (2n ** 512n - 1n)),
      fc.constantFrom(0n, ORDER_OF_BASE - 1n, ORDER_OF_BASE, ORDER_OF_BASE + 1n, 2n ** 512n - 1n),
    );
    fc.assert(
      fc.property(wide, (number) => {
        put(encodeLittle(number, 64));
        expect(g.call("isBelow") !== 0).toBe(modulo(number, 2n ** 256n) < ORDER_OF_BASE);
        expect(decodeLittle(g.get(g.call("reduce"), 32))).toBe(number % ORDER_OF_BASE);
      }),
      { numRuns: 500 },
    );
  });

  test("of L and the numbers around it only those below it are scalars", () => {
    const isBelow = (number: bigint): boolean => {
      put(encodeLittle(number));
      return g.call("isBelow") !== 0;
    };
    expect(isBelow(ORDER_OF_BASE - 1n)).toBe(true);
    expect(isBelow(ORDER_OF_BASE)).toBe(false);
    // L has zeros from bit 128 to bit 191: this number is above L, but its lower half is below L's.
    expect(isBelow(2n ** 252n + 2n ** 128n)).toBe(false);
  });
});
