/**
 * Numbers modulo p = 2^255 - 19, in which Ed25519 computes (RFC 8032, section 5.1).
 *
 * A number is ten signed limbs in radix 2^25.5: limb i stands for 2^ceil(25.5 i), so limbs have 26 and 25 bits in turn,
 * and a carry out of the top is added at the bottom, times 19. Limbs may be negative and are not reduced fully. Every
 * function here takes and leaves only small ("carried") ones:
 *
 *     |limb| < 2^25 + 2^16 for even i, 2^24 + 2^16 for odd i
 *
 * With that, a product's limb is below 10 · 2^50 · 2 · 19 < 2^59 and never overflows an i64. Here and in the files
 * beside this one, time depends on values. That is safe: signature, key and message are all public.
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

  /** Becomes left + right; either may be this one. */
  add(left: Field, right: Field): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.setLimb(i, left.limb(i) + right.limb(i));
    }
    this.carry();
  }

  /** Becomes left - right; either may be this one. */
  subtract(left: Field, right: Field): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.setLimb(i, left.limb(i) - right.limb(i));
    }
    this.carry();
  }

  negate(): void {
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      this.setLimb(i, -this.limb(i));
    }
  }

  /** Becomes left · right; either may be this one. */
  multiply(left: Field, right: Field): void {
    const sums = PRODUCT;
    memory.fill(sums, 0, FIELD_BYTES);
    for (let i: u32 = 0; i < LIMB_COUNT; i++) {
      const factor = left.limb(i);
      for (let j: u32 = 0; j < LIMB_COUNT; j++) {
        // Two limbs at odd places: 2^(ceil(25.5 i) + ceil(25.5 j)) is twice what their sum's place stands for.
        let product = factor * right.limb(j);
        if ((i & j & 1) === 1) {
          product <<= 1;
        }
        let place = i + j;
        if (place >= LIMB_COUNT) {
          place -= LIMB_COUNT;
          product *= 19;
        }
        const at = sums + ((<usize>place) << 3);
        store<i64>(at, load<i64>(at) + product);
      }
    }
    memory.copy(changetype<usize>(this), sums, FIELD_BYTES);
    this.carry();
  }

  square(other: Field): void {
    this.multiply(other, other);
  }

  /** Becomes base^(2^252 - 3), which is base^((p - 5) / 8): the root of section 5.1.3. `base` must not be this one. */
  powerForRoot(base: Field): void {
    this.power(base, 251, ROOT_ZEROS);
  }

  /** Becomes 1 / base, as base^(p - 2) = base^(2^255 - 21); 0 for 0. `base` must not be this one. */
  invert(base: Field): void {
    this.power(base, 254, INVERSE_ZEROS);
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

  /** Square and multiply; the exponent's bits from `top` on down are all ones but those in the mask `zeros`. */
  private power(base: Field, top: u32, zeros: u32): void {
    this.copyFrom(base);
    let bit = top;
    while (bit > 0) {
      bit--;
      this.square(this);
      if (bit >= 32 || ((zeros >> bit) & 1) === 0) {
        this.multiply(this, base);
      }
    }
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

/** The zero bits of 2^252 - 3 and of 2^255 - 21, both below bit 32. */
const ROOT_ZEROS: u32 = 0b10;
const INVERSE_ZEROS: u32 = 0b1_0100;

/** Where the functions above build a result. None of them calls another one that uses it. */
const PRODUCT: usize = memory.data(FIELD_BYTES, 8);
const REDUCED = changetype<Field>(memory.data(FIELD_BYTES, 8));
const DIFFERENCE = changetype<Field>(memory.data(FIELD_BYTES, 8));
const ENCODED: usize = memory.data(ENCODED_BYTES, 8);

/** Bits of limb `index`: 26 and 25 in turn. */
function bitsOf(index: u32): u32 {
  return 26 - (index & 1);
}
