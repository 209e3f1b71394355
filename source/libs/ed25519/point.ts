/**
 * Points of the curve edwards25519, -x² + y² = 1 + d x² y² (RFC 8032, section 5.1).
 *
 * A point is kept as (X : Y : Z : T) with x = X/Z, y = Y/Z, x y = T/Z, all four tight. The formulas of section 5.1.4 hold
 * for every pair of points on this curve, equal, opposite or neutral, so there are no special cases below. Letters are the
 * RFC's. Behind a sum that is not carried stands what its limbs are below; all are loose, as multiply and square want it
 * (field.ts). "51+" is 2^51 + 2^18, the bound of a tight number, and so "52+" twice that.
 *
 * Only an addition reads T, so a function that ends in a multiplication for T leaves it out if it is told to.
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

/** The base point B: x, which is even, and y = 4/5. */
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
const TEMPORARIES: usize = memory.data(<i32>(TEMPORARY_COUNT * FIELD_BYTES), 8);
const WRITTEN: usize = memory.data(<i32>ENCODED_BYTES, 8);

/**
 *     0   40  80  120 160
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

  copyFrom(other: Point): void {
    memory.copy(changetype<usize>(this), changetype<usize>(other), POINT_BYTES);
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

  /** Becomes left + right, or left - right; `left` may be this one. T is left out unless `needsT`. */
  add(left: Point, right: Summand, isMinus: bool, needsT: bool): void {
    const a = temporary(0);
    const b = temporary(1);
    const c = temporary(2);
    const d = temporary(3);
    const e = temporary(4);
    const f = temporary(5);
    a.subtract(left.y, left.x); // < 2^51+ + 2^53
    b.add(left.y, left.x); // < 2^52+
    // -(x, y) is (-x, y): sum and difference change places, and 2 d T its sign.
    a.multiply(a, isMinus ? right.sum : right.difference);
    b.multiply(b, isMinus ? right.difference : right.sum);
    c.multiply(left.t, right.twiceDT);
    d.multiply(left.z, right.twiceZ);
    e.subtract(b, a); // < 2^51+ + 2^53
    b.add(b, a); // < 2^52+
    f.subtract(d, c); // < 2^51+ + 2^53
    c.add(d, c); // < 2^52+
    if (isMinus) {
      this.compose(e, c, f, b, needsT);
    } else {
      this.compose(e, f, c, b, needsT);
    }
  }

  /** Becomes 2 · other, which may be this one. T is left out unless `needsT`. */
  double(other: Point, needsT: bool): void {
    const a = temporary(0);
    const b = temporary(1);
    const c = temporary(2);
    const e = temporary(3);
    const h = temporary(4);
    e.add(other.x, other.y); // < 2^52+
    e.square(e);
    a.square(other.x);
    b.square(other.y);
    c.square(other.z);
    c.add(c, c); // < 2^52+
    h.add(a, b); // < 2^52+
    e.subtract(h, e); // < 2^52+ + 2^53
    a.subtract(a, b); // G < 2^51+ + 2^53
    c.add(c, a); // F < 2^52+ + 2^51+ + 2^53 < 2^54
    this.compose(e, c, a, h, needsT);
  }

  /** What both formulas end in: X = E F, Y = G H, Z = F G, T = E H. */
  private compose(e: Field, f: Field, g: Field, h: Field, needsT: bool): void {
    this.x.multiply(e, f);
    this.y.multiply(g, h);
    this.z.multiply(f, g);
    if (needsT) {
      this.t.multiply(e, h);
    }
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
    u.carry();
    v.add(v, candidate); // < 2^51+ + 1

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

/** Bytes of a summand in memory. */
export const SUMMAND_BYTES: usize = 4 * FIELD_BYTES;

/**
 * A point as `add` wants its right side: what it would otherwise compute from the same point each time. All are loose.
 *
 *     0       40      80   120     160
 *     | Y + X | Y - X | 2Z | 2 d T |
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

  get twiceZ(): Field {
    return changetype<Field>(changetype<usize>(this) + 2 * FIELD_BYTES);
  }

  get twiceDT(): Field {
    return changetype<Field>(changetype<usize>(this) + 3 * FIELD_BYTES);
  }

  setPoint(point: Point): void {
    this.sum.add(point.y, point.x); // < 2^52+
    this.difference.subtract(point.y, point.x); // < 2^51+ + 2^53
    this.twiceZ.add(point.z, point.z); // < 2^52+
    this.twiceDT.decode(TWICE_D);
    this.twiceDT.multiply(this.twiceDT, point.t);
  }
}

function temporary(index: u32): Field {
  return changetype<Field>(TEMPORARIES + <usize>index * FIELD_BYTES);
}
