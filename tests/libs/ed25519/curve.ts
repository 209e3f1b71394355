// edwards25519 in big integers, slow and plain: what the tests make keys and signatures from that no honest signer makes.
// Affine coordinates and RFC 8032's definitions as they stand there, so that it shares nothing with what it judges.

import { createHash } from "node:crypto";
import { defined } from "../../harness/defined.ts";

export const PRIME = 2n ** 255n - 19n;
export const ORDER_OF_BASE = 2n ** 252n + 27742317777372353535851937790883648493n;

export interface AffinePoint {
  readonly x: bigint;
  readonly y: bigint;
}

export const modulo = (value: bigint, by = PRIME): bigint => ((value % by) + by) % by;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) {
      result = modulo(result * square);
    }
    square = modulo(square * square);
  }
  return result;
}

const invert = (value: bigint): bigint => power(value, PRIME - 2n);
const d = modulo(-121665n * invert(121666n));

export const neutral: AffinePoint = { x: 0n, y: 1n };

/** The x of a point with that y, odd or even as wanted; undefined if there is none. */
function xOf(y: bigint, isOdd: boolean): bigint | undefined {
  const square = modulo((y * y - 1n) * invert(d * y * y + 1n));
  let x = power(square, (PRIME + 3n) / 8n);
  if (modulo(x * x) !== square) {
    x = modulo(x * power(2n, (PRIME - 1n) / 4n));
  }
  if (modulo(x * x) !== square) {
    return undefined;
  }
  return (x & 1n) === (isOdd ? 1n : 0n) ? x : modulo(-x);
}

const baseY = modulo(4n * invert(5n));
export const base: AffinePoint = { x: defined(xOf(baseY, false)), y: baseY };

export function add(left: AffinePoint, right: AffinePoint): AffinePoint {
  const both = modulo(d * left.x * right.x * left.y * right.y);
  return {
    x: modulo((left.x * right.y + right.x * left.y) * invert(1n + both)),
    y: modulo((left.y * right.y + left.x * right.x) * invert(1n - both)),
  };
}

export function multiply(point: AffinePoint, scalar: bigint): AffinePoint {
  let result = neutral;
  let double = point;
  for (let left = scalar; left > 0n; left >>= 1n) {
    if (left & 1n) {
      result = add(result, double);
    }
    double = add(double, double);
  }
  return result;
}

export function encodeLittle(value: bigint, byteLength = 32): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

export function decodeLittle(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

export function encodePoint({ x, y }: AffinePoint): Uint8Array {
  return encodeLittle(y | ((x & 1n) << 255n));
}

/** The eight points P with 8 P = neutral: multiples of one of order eight, which any point times L leads to. */
export function smallOrderPoints(): AffinePoint[] {
  for (let y = 2n; ; y += 1n) {
    const x = xOf(y, false);
    if (x === undefined) {
      continue;
    }
    const point = multiply({ x, y }, ORDER_OF_BASE);
    if (multiply(point, 4n).y === 1n) {
      continue;
    }
    return Array.from({ length: 8 }, (_, factor) => multiply(point, BigInt(factor)));
  }
}

/** k of section 5.1.7: what a signature's hash is as a scalar. */
export function challengeOf(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return modulo(
    decodeLittle(createHash("sha512").update(r).update(key).update(message).digest()),
    ORDER_OF_BASE,
  );
}

/** A signature by the secret scalar `secret` with the nonce `nonce`. The key may be any bytes. */
export function forge(
  secret: bigint,
  nonce: bigint,
  key: Uint8Array,
  message: Uint8Array,
  r = encodePoint(multiply(base, nonce)),
): Uint8Array {
  const s = modulo(nonce + challengeOf(r, key, message) * secret, ORDER_OF_BASE);
  return Buffer.concat([r, encodeLittle(s)]);
}
