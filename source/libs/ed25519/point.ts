/**
 * Points of the curve edwards25519, -x² + y² = 1 + d x² y² (RFC 8032, section 5.1).
 *
 * A point is kept as (X : Y : Z : T) with x = X/Z, y = Y/Z, x y = T/Z. The formulas of section 5.1.4 hold for every
 * pair of points on this curve, equal, opposite or neutral, so there are no special cases below. Letters are the RFC's.
 */

import { ENCODED_BYTES, FIELD_BYTES, Field } from "./field";
import { invert, powerForRoot } from "./powers";

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

/** The base point B: y = 4/5, x even. */
const BASE_X: usize = memory.data<u64>([
  0xc9562d608f25d51a, 0x692cc7609525a7b2, 0xc0a4e231fdd6dc5c, 0x216936d3cd6e53fe,
]);
const BASE_Y: usize = memory.data<u64>([
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
    this.x.decode(BASE_X);
    this.y.decode(BASE_Y);
    this.z.setSmall(1);
    this.t.multiply(this.x, this.y);
  }

  isNeutral(): bool {
    return this.x.isZero() && this.y.equals(this.z);
  }

  negate(): void {
    this.x.negate();
    this.t.negate();
  }

  /** Becomes left + right, or left - right if `isMinus`; either may be this one. */
  add(left: Point, right: Summand, isMinus: bool): void {
    const a = temporary(0);
    const b = temporary(1);
    const c = temporary(2);
    const d = temporary(3);
    // -(x, y) is (-x, y): sum and difference of its coordinates change places, and T changes its sign.
    a.subtract(left.y, left.x);
    a.multiply(a, isMinus ? right.sum : right.difference);
    b.add(left.y, left.x);
    b.multiply(b, isMinus ? right.difference : right.sum);
    c.multiply(left.t, right.t);
    d.multiply(left.z, right.z);
    // Two small numbers each: d, e, h; three: f, g.
    d.add(d, d);
    const e = temporary(4);
    const f = temporary(5);
    e.subtract(b, a);
    b.add(b, a);
    if (isMinus) {
      f.add(d, c);
      c.subtract(d, c);
    } else {
      f.subtract(d, c);
      c.add(d, c);
    }
    this.compose(e, f, c, b);
    this.t.multiply(e, b);
  }

  /**
   * Becomes 2 · other, which may be this one. T is needed only by `add`, and costs a multiplication: without `hasT` it is
   * left as it was.
   */
  double(other: Point, hasT: bool): void {
    const a = temporary(0);
    const b = temporary(1);
    const c = temporary(2);
    const e = temporary(3);
    const g = temporary(4);
    const h = temporary(5);
    a.square(other.x);
    b.square(other.y);
    c.square(other.z);
    // Two small numbers each: h, g, x + y; three: e; four: c.
    c.add(c, c);
    h.add(a, b);
    e.add(other.x, other.y);
    e.square(e);
    e.subtract(h, e);
    g.subtract(a, b);
    c.add(c, g);
    this.compose(e, c, g, h);
    if (hasT) {
      this.t.multiply(e, h);
    }
  }

  /** What both formulas end in: X = E F, Y = G H, Z = F G; and T = E H. */
  private compose(e: Field, f: Field, g: Field, h: Field): void {
    this.x.multiply(e, f);
    this.y.multiply(g, h);
    this.z.multiply(f, g);
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
    powerForRoot(x, power);
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
    invert(inverse, this.z);
    x.multiply(this.x, inverse);
    y.multiply(this.y, inverse);
    y.encode(at);
    if (x.isOdd()) {
      store<u8>(at + LAST_BYTE, load<u8>(at + LAST_BYTE) | 0x80);
    }
  }
}

/**
 * A point as the right side of a sum, with what `add` takes from it: y + x, y - x, z, and 2 d t.
 *
 *     0     80           160 240     320
 *     | sum | difference | Z | 2 d T |
 */
@unmanaged
@final
export class Summand {
  // A private member: no other view can be passed for this one.
  private first: u64;

  get sum(): Field {
    return changetype<Field>(changetype<usize>(this));
  }

  get difference(): Field {
    return changetype<Field>(changetype<usize>(this) + FIELD_BYTES);
  }

  get z(): Field {
    return changetype<Field>(changetype<usize>(this) + 2 * FIELD_BYTES);
  }

  get t(): Field {
    return changetype<Field>(changetype<usize>(this) + 3 * FIELD_BYTES);
  }

  /** Becomes `point`. */
  set(point: Point): void {
    this.sum.add(point.y, point.x);
    this.difference.subtract(point.y, point.x);
    this.z.copyFrom(point.z);
    this.t.decode(TWICE_D);
    this.t.multiply(this.t, point.t);
  }
}

/** Bytes of a Summand in memory. */
export const SUMMAND_BYTES: usize = 4 * FIELD_BYTES;

function temporary(index: u32): Field {
  return changetype<Field>(TEMPORARIES + <usize>index * FIELD_BYTES);
}
