/**
 * Numbers modulo p = 2^255 - 19, in which Ed25519 computes (RFC 8032, section 5.1).
 *
 * A number is ten signed limbs in radix 2^25.5: limb i stands for 2^ceil(25.5 i), so limbs have 26 and 25 bits in turn,
 * and a carry out of the top is added at the bottom, times 19. Limbs may be negative and are not reduced fully. A number
 * is *small* if it has been carried, as products and decoded numbers have:
 *
 *     |limb| < 2^25 + 2^16 for even i, 2^24 + 2^16 for odd i
 *
 * Sums and differences are not carried. A factor may be a sum of up to four small numbers: its limbs are below 2^27.1 and
 * 2^26.1, so a product's limb, of ten terms, is below 10 · 19 · 2^54.2 < 2^62 and does not overflow an i64. Each caller in
 * point.ts says how many small numbers a sum has. Here and in the files beside this one, time depends on values. That is
 * safe: signature, key and message are all public.
 */

const LIMB_COUNT: u32 = 10;

/** Bytes of a number in memory. */
export const FIELD_BYTES: usize = LIMB_COUNT * 8;

/** Bytes of a number as it is written. */
export const ENCODED_BYTES: usize = 32;

/**
 *     0       8       16           72      80
 *     | limb0 | limb1 |     …      | limb9 |      i64 each
 */
@unmanaged
@final
export class Field {
  // A private member: no other view can be passed for this one.
  private limb0: i64;

  /** Limb `index`, below LIMB_COUNT. */
  limb(index: u32): i64 {
    return load<i64>(changetype<usize>(this) + ((<usize>index) << 3));
  }

  setLimb(index: u32, value: i64): void {
    store<i64>(changetype<usize>(this) + ((<usize>index) << 3), value);
  }

  copyFrom(other: Field): void {
    memory.copy(changetype<usize>(this), changetype<usize>(other), FIELD_BYTES);
  }

  /** Becomes a small number, below 2^24. */
  setSmall(value: i64): void {
    memory.fill(changetype<usize>(this), 0, FIELD_BYTES);
    this.setLimb(0, value);
  }

  /** Becomes left + right, not carried; either may be this one. */
  add(left: Field, right: Field): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.setLimb(i, left.limb(i) + right.limb(i));
    }
  }

  /** Becomes left - right, not carried; either may be this one. */
  subtract(left: Field, right: Field): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.setLimb(i, left.limb(i) - right.limb(i));
    }
  }

  negate(): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.setLimb(i, -this.limb(i));
    }
  }

  /** Becomes left · right; either may be this one. */
  multiply(left: Field, right: Field): void {
    const f0 = left.limb(0);
    const f1 = left.limb(1);
    const f2 = left.limb(2);
    const f3 = left.limb(3);
    const f4 = left.limb(4);
    const f5 = left.limb(5);
    const f6 = left.limb(6);
    const f7 = left.limb(7);
    const f8 = left.limb(8);
    const f9 = left.limb(9);
    const g0 = right.limb(0);
    const g1 = right.limb(1);
    const g2 = right.limb(2);
    const g3 = right.limb(3);
    const g4 = right.limb(4);
    const g5 = right.limb(5);
    const g6 = right.limb(6);
    const g7 = right.limb(7);
    const g8 = right.limb(8);
    const g9 = right.limb(9);
    // Two limbs at odd places: 2^(ceil(25.5 i) + ceil(25.5 j)) is twice what their sum's place stands for.
    const f1x2 = f1 << 1;
    const f3x2 = f3 << 1;
    const f5x2 = f5 << 1;
    const f7x2 = f7 << 1;
    const f9x2 = f9 << 1;
    // What goes beyond the top comes back at the bottom, times 19.
    const g1x19 = g1 * 19;
    const g2x19 = g2 * 19;
    const g3x19 = g3 * 19;
    const g4x19 = g4 * 19;
    const g5x19 = g5 * 19;
    const g6x19 = g6 * 19;
    const g7x19 = g7 * 19;
    const g8x19 = g8 * 19;
    const g9x19 = g9 * 19;
    this.setLimb(
      0,
      f0 * g0 +
        f1x2 * g9x19 +
        f2 * g8x19 +
        f3x2 * g7x19 +
        f4 * g6x19 +
        f5x2 * g5x19 +
        f6 * g4x19 +
        f7x2 * g3x19 +
        f8 * g2x19 +
        f9x2 * g1x19,
    );
    this.setLimb(
      1,
      f0 * g1 +
        f1 * g0 +
        f2 * g9x19 +
        f3 * g8x19 +
        f4 * g7x19 +
        f5 * g6x19 +
        f6 * g5x19 +
        f7 * g4x19 +
        f8 * g3x19 +
        f9 * g2x19,
    );
    this.setLimb(
      2,
      f0 * g2 +
        f1x2 * g1 +
        f2 * g0 +
        f3x2 * g9x19 +
        f4 * g8x19 +
        f5x2 * g7x19 +
        f6 * g6x19 +
        f7x2 * g5x19 +
        f8 * g4x19 +
        f9x2 * g3x19,
    );
    this.setLimb(
      3,
      f0 * g3 +
        f1 * g2 +
        f2 * g1 +
        f3 * g0 +
        f4 * g9x19 +
        f5 * g8x19 +
        f6 * g7x19 +
        f7 * g6x19 +
        f8 * g5x19 +
        f9 * g4x19,
    );
    this.setLimb(
      4,
      f0 * g4 +
        f1x2 * g3 +
        f2 * g2 +
        f3x2 * g1 +
        f4 * g0 +
        f5x2 * g9x19 +
        f6 * g8x19 +
        f7x2 * g7x19 +
        f8 * g6x19 +
        f9x2 * g5x19,
    );
    this.setLimb(
      5,
      f0 * g5 +
        f1 * g4 +
        f2 * g3 +
        f3 * g2 +
        f4 * g1 +
        f5 * g0 +
        f6 * g9x19 +
        f7 * g8x19 +
        f8 * g7x19 +
        f9 * g6x19,
    );
    this.setLimb(
      6,
      f0 * g6 +
        f1x2 * g5 +
        f2 * g4 +
        f3x2 * g3 +
        f4 * g2 +
        f5x2 * g1 +
        f6 * g0 +
        f7x2 * g9x19 +
        f8 * g8x19 +
        f9x2 * g7x19,
    );
    this.setLimb(
      7,
      f0 * g7 + f1 * g6 + f2 * g5 + f3 * g4 + f4 * g3 + f5 * g2 + f6 * g1 + f7 * g0 + f8 * g9x19 + f9 * g8x19,
    );
    this.setLimb(
      8,
      f0 * g8 +
        f1x2 * g7 +
        f2 * g6 +
        f3x2 * g5 +
        f4 * g4 +
        f5x2 * g3 +
        f6 * g2 +
        f7x2 * g1 +
        f8 * g0 +
        f9x2 * g9x19,
    );
    this.setLimb(
      9,
      f0 * g9 + f1 * g8 + f2 * g7 + f3 * g6 + f4 * g5 + f5 * g4 + f6 * g3 + f7 * g2 + f8 * g1 + f9 * g0,
    );
    this.carry();
  }

  /** Becomes other²; it may be this one. As `multiply`, with each pair of limbs taken once. */
  square(other: Field): void {
    const f0 = other.limb(0);
    const f1 = other.limb(1);
    const f2 = other.limb(2);
    const f3 = other.limb(3);
    const f4 = other.limb(4);
    const f5 = other.limb(5);
    const f6 = other.limb(6);
    const f7 = other.limb(7);
    const f8 = other.limb(8);
    const f9 = other.limb(9);
    // A pair stands twice in the product, and counts double where both of its places are odd.
    const f0x2 = f0 << 1;
    const f1x2 = f1 << 1;
    const f2x2 = f2 << 1;
    const f3x2 = f3 << 1;
    const f4x2 = f4 << 1;
    const f5x2 = f5 << 1;
    const f6x2 = f6 << 1;
    const f7x2 = f7 << 1;
    const f8x2 = f8 << 1;
    const f9x2 = f9 << 1;
    const f5x19 = f5 * 19;
    const f6x19 = f6 * 19;
    const f7x19 = f7 * 19;
    const f7x38 = f7 * 38;
    const f8x19 = f8 * 19;
    const f9x19 = f9 * 19;
    const f9x38 = f9 * 38;
    this.setLimb(0, f0 * f0 + f1x2 * f9x38 + f2x2 * f8x19 + f3x2 * f7x38 + f4x2 * f6x19 + f5x2 * f5x19);
    this.setLimb(1, f0x2 * f1 + f2x2 * f9x19 + f3x2 * f8x19 + f4x2 * f7x19 + f5x2 * f6x19);
    this.setLimb(2, f0x2 * f2 + f1x2 * f1 + f3x2 * f9x38 + f4x2 * f8x19 + f5x2 * f7x38 + f6 * f6x19);
    this.setLimb(3, f0x2 * f3 + f1x2 * f2 + f4x2 * f9x19 + f5x2 * f8x19 + f6x2 * f7x19);
    this.setLimb(4, f0x2 * f4 + f1x2 * f3x2 + f2 * f2 + f5x2 * f9x38 + f6x2 * f8x19 + f7x2 * f7x19);
    this.setLimb(5, f0x2 * f5 + f1x2 * f4 + f2x2 * f3 + f6x2 * f9x19 + f7x2 * f8x19);
    this.setLimb(6, f0x2 * f6 + f1x2 * f5x2 + f2x2 * f4 + f3x2 * f3 + f7x2 * f9x38 + f8 * f8x19);
    this.setLimb(7, f0x2 * f7 + f1x2 * f6 + f2x2 * f5 + f3x2 * f4 + f8x2 * f9x19);
    this.setLimb(8, f0x2 * f8 + f1x2 * f7x2 + f2x2 * f6 + f3x2 * f5x2 + f4 * f4 + f9x2 * f9x19);
    this.setLimb(9, f0x2 * f9 + f1x2 * f8 + f2x2 * f7 + f3x2 * f6 + f4x2 * f5);
    this.carry();
  }

  /** The number that 32 bytes stand for, their top bit left out. It may be p or more. */
  decode(at: usize): void {
    let bit: u32 = 0;
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      // A limb and the bits before it in its first byte are 32 bits at most.
      const word = load<u32>(at + <usize>(bit >> 3)) >> (bit & 7);
      this.setLimb(i, <i64>(word & (((<u32>1) << bitsOf(i)) - 1)));
      bit += bitsOf(i);
    }
    this.carry();
  }

  /** Writes the number, reduced to 0 … p - 1, as 32 bytes. */
  encode(at: usize): void {
    const limbs = REDUCED;
    limbs.copyFrom(this);
    limbs.carry();
    // Whether p goes into it -1, 0 or 1 times: the carry out of the top if 19 is added at the bottom.
    let quotient: i64 = (19 * limbs.limb(9) + ((<i64>1) << 24)) >> 25;
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      quotient = (limbs.limb(i) + quotient) >> <i64>bitsOf(i);
    }
    limbs.setLimb(0, limbs.limb(0) + 19 * quotient);

    let carried: i64 = 0;
    let waiting: u64 = 0;
    let waitingBits: u32 = 0;
    let target = at;
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      const whole = limbs.limb(i) + carried;
      carried = whole >> <i64>bitsOf(i);
      waiting |= (<u64>(whole - (carried << (<i64>bitsOf(i))))) << (<u64>waitingBits);
      waitingBits += bitsOf(i);
      while (waitingBits >= 8) {
        store<u8>(target, <u8>waiting);
        target += 1;
        waiting >>= 8;
        waitingBits -= 8;
      }
    }
    store<u8>(target, <u8>waiting);
  }

  isZero(): bool {
    this.encode(ENCODED);
    return (
      (load<u64>(ENCODED, 0) | load<u64>(ENCODED, 8) | load<u64>(ENCODED, 16) | load<u64>(ENCODED, 24)) === 0
    );
  }

  /** Whether it is odd when reduced: the "sign" of an x-coordinate (section 5.1.2). */
  isOdd(): bool {
    this.encode(ENCODED);
    return (load<u8>(ENCODED) & 1) === 1;
  }

  equals(other: Field): bool {
    const difference = DIFFERENCE;
    difference.subtract(this, other);
    return difference.isZero();
  }

  /** Carries the excess of each limb to the next one. It rounds to the nearest, so limbs may be negative. */
  private carry(): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.carryOut(i);
    }
    this.carryOut(0);
  }

  private carryOut(index: u32): void {
    const bits = <i64>bitsOf(index);
    const limb = this.limb(index);
    const over = (limb + ((<i64>1) << (bits - 1))) >> bits;
    this.setLimb(index, limb - (over << bits));
    if (index === LIMB_COUNT - 1) {
      this.setLimb(0, this.limb(0) + 19 * over);
    } else {
      this.setLimb(index + 1, this.limb(index + 1) + over);
    }
  }
}

/** Where the functions above build a result. None of them calls another one that uses it. */
const REDUCED = changetype<Field>(memory.data(FIELD_BYTES, 8));
const DIFFERENCE = changetype<Field>(memory.data(FIELD_BYTES, 8));
const ENCODED: usize = memory.data(ENCODED_BYTES, 8);

/** Bits of limb `index`: 26 and 25 in turn. */
function bitsOf(index: u32): u32 {
  return 26 - (index & 1);
}
