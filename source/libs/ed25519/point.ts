/**
 * Points of the curve edwards25519, -x² + y² = 1 + d x² y² (RFC 8032, section 5.1).
 *
 * A point is kept as (X : Y : Z : T) with x = X/Z, y = Y/Z, x y = T/Z. The formulas of section 5.1.4 hold for every
 * pair of points on this curve, equal, opposite or neutral, so there are no special cases below. Letters are the RFC's.
 */

import { ENCODED_BYTES, FIELD_BYTES, Field } from "./field";

/** Bytes of a point in memory. */
export const POINT_BYTES: usize = 4 * FIELD_BYTES;

/** d = -121665/121666, twice d, and a square root of -1 (2^((p-1)/4)), as they are written: little-endian. */
const D: usize = memory.data<u64>([
  0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73,
]);
const TWICE_D: usize = memory.data<u64>([
  0xebd69b9426b2f159, 0x00e0149a8283b156, 0x198e80f2eef3d130, 0x2406d9dc56dffce7,
]);
const ROOT_OF_MINUS_ONE: usize = memory.data<u64>([
  0xc4ee1b274a0ea0b0, 0x2f431806ad2fe478, 0x2b4d00993dfbd7a7, 0x2b8324804fc1df0b,
]);

/** The base point B, as it is written: y = 4/5, x even. */
const BASE: usize = memory.data<u64>([
  0x6666666666666658, 0x6666666666666666, 0x6666666666666666, 0x6666666666666666,
]);

/** Where the top bit of a written point is, which says whether x is odd. */
const LAST_BYTE: usize = 31;

const TEMPORARY_COUNT: usize = 6;
/** Numbers on the way to a result. No function below calls another while it needs one of them. */
const TEMPORARIES: usize = memory.data(TEMPORARY_COUNT * FIELD_BYTES, 8);
const WRITTEN: usize = memory.data(ENCODED_BYTES, 8);

/**
 *     0   80  160 240 320
 *     | X | Y | Z | T |
 */
@unmanaged
@final
export class Point {
  // A private member: no other view can be passed for this one.
  private first: u64;

  get x(): Field {
    return changetype<Field>(changetype<usize>(this));
  }

  get y(): Field {
    return changetype<Field>(changetype<usize>(this) + FIELD_BYTES);
  }

  get z(): Field {
    return changetype<Field>(changetype<usize>(this) + 2 * FIELD_BYTES);
  }

  get t(): Field {
    return changetype<Field>(changetype<usize>(this) + 3 * FIELD_BYTES);
  }

  /** Becomes the neutral point (0, 1). */
  setNeutral(): void {
    this.x.setSmall(0);
    this.y.setSmall(1);
    this.z.setSmall(1);
    this.t.setSmall(0);
  }

  setBase(): void {
    const isOnCurve = this.decode(BASE);
    assert(isOnCurve);
  }

  isNeutral(): bool {
    return this.x.isZero() && this.y.equals(this.z);
  }

  negate(): void {
    this.x.negate();
    this.t.negate();
  }

  /** Becomes left + right; either may be this one. */
  add(left: Point, right: Point): void {
    const a = temporary(0);
    const b = temporary(1);
    const c = temporary(2);
    const d = temporary(3);
    const other = temporary(4);
    a.subtract(left.y, left.x);
    other.subtract(right.y, right.x);
    a.multiply(a, other);
    b.add(left.y, left.x);
    other.add(right.y, right.x);
    b.multiply(b, other);
    other.decode(TWICE_D);
    c.multiply(left.t, right.t);
    c.multiply(c, other);
    d.multiply(left.z, right.z);
    d.add(d, d);
    const e = other;
    e.subtract(b, a);
    const f = temporary(5);
    f.subtract(d, c);
    c.add(d, c);
    b.add(b, a);
    this.compose(e, f, c, b);
  }

  /** Becomes 2 · other, which may be this one. */
  double(other: Point): void {
    const a = temporary(0);
    const b = temporary(1);
    const c = temporary(2);
    const e = temporary(3);
    const g = temporary(4);
    const h = temporary(5);
    a.square(other.x);
    b.square(other.y);
    c.square(other.z);
    c.add(c, c);
    h.add(a, b);
    e.add(other.x, other.y);
    e.square(e);
    e.subtract(h, e);
    g.subtract(a, b);
    c.add(c, g);
    this.compose(e, c, g, h);
  }

  /** What both formulas end in: X = E F, Y = G H, Z = F G, T = E H. */
  private compose(e: Field, f: Field, g: Field, h: Field): void {
    this.x.multiply(e, f);
    this.y.multiply(g, h);
    this.z.multiply(f, g);
    this.t.multiply(e, h);
  }

  /**
   * The point that 32 bytes stand for (section 5.1.3): y, and in the top bit whether x is odd.
   *
   * @returns false if they stand for none: y is not below p, nothing on the curve has that y, or x is 0 and "odd"
   */
  decode(at: usize): bool {
    const y = this.y;
    y.decode(at);
    const isOddWanted = load<u8>(at + LAST_BYTE) >> 7 === 1;
    y.encode(WRITTEN);
    if (isOddWanted) {
      store<u8>(WRITTEN + LAST_BYTE, load<u8>(WRITTEN + LAST_BYTE) | 0x80);
    }
    // Encoding the point again gives other bytes if y was p or more: the input was a second encoding of the point.
    if (memory.compare(WRITTEN, at, ENCODED_BYTES) !== 0) {
      return false;
    }
    if (!this.findX()) {
      return false;
    }
    if (this.x.isOdd() !== isOddWanted) {
      if (this.x.isZero()) {
        return false;
      }
      this.x.negate();
    }
    this.z.setSmall(1);
    this.t.multiply(this.x, y);
    return true;
  }

  /** One of the two x that y has: x² = u / v with u = y² - 1 and v = d y² + 1. False if that is no square. */
  private findX(): bool {
    const x = this.x;
    const u = temporary(0);
    const v = temporary(1);
    const power = temporary(2);
    const candidate = temporary(3);
    u.square(this.y);
    candidate.decode(D);
    v.multiply(u, candidate);
    candidate.setSmall(1);
    u.subtract(u, candidate);
    v.add(v, candidate);

    // x = u v³ (u v⁷)^((p-5)/8), one exponentiation instead of a division and a root.
    power.square(v);
    power.multiply(power, v);
    candidate.multiply(u, power);
    power.square(power);
    power.multiply(power, v);
    power.multiply(power, u);
    x.powerForRoot(power);
    x.multiply(x, candidate);

    // Now v x² is u, or -u (then x times the root of -1 is one), or there is no x.
    power.square(x);
    power.multiply(power, v);
    if (power.equals(u)) {
      return true;
    }
    u.negate();
    if (!power.equals(u)) {
      return false;
    }
    candidate.decode(ROOT_OF_MINUS_ONE);
    x.multiply(x, candidate);
    return true;
  }

  /** Writes the point as 32 bytes (section 5.1.2). */
  encode(at: usize): void {
    const inverse = temporary(0);
    const x = temporary(1);
    const y = temporary(2);
    inverse.invert(this.z);
    x.multiply(this.x, inverse);
    y.multiply(this.y, inverse);
    y.encode(at);
    if (x.isOdd()) {
      store<u8>(at + LAST_BYTE, load<u8>(at + LAST_BYTE) | 0x80);
    }
  }
}

function temporary(index: u32): Field {
  return changetype<Field>(TEMPORARIES + <usize>index * FIELD_BYTES);
}
