/**
 * Numbers modulo p = 2^255 - 19, in which Ed25519 computes (RFC 8032, section 5.1).
 *
 * A number is five unsigned limbs in radix 2^51: limb i stands for 2^(51 i), and what overflows the top is added at the
 * bottom, times 19. Limbs have 13 spare bits, so most sums are not carried at all. There are two kinds of numbers:
 *
 *     tight   each limb < 2^51 + 2^18: what multiply, square, carry, negate and decode leave
 *     loose   each limb < 2^54: what these and encode take
 *
 * In between, the caller counts: limbs of left + right are below the sum of both bounds, and those of left - right below
 * the left bound plus 2^53. What is subtracted must be below 2^53 - 2^7, as any tight number is, and the sum of three.
 *
 * Here and in the files beside this one, time depends on values. That is safe: signature, key and message are all
 * public.
 */

import { multiplyHigh, outOfLine } from "./intrinsics";

const LIMB_BITS: u64 = 51;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/** 2^255 = p + 19: what one beyond the top limb is at the bottom. */
const WRAP: u64 = 19;

/** 4 p, limb by limb, each at least 2^53 - 2^7: added before a subtraction, so that no limb goes below zero. */
const FOUR_P_LOWEST: u64 = 4 * ((1 << LIMB_BITS) - 19);
const FOUR_P: u64 = 4 * ((1 << LIMB_BITS) - 1);

/** A loose limb has this many bits; with LOOSE_SHIFT more it fills a word. */
const LOOSE_BITS: u64 = 54;
const LOOSE_SHIFT: u64 = 64 - LOOSE_BITS;

/** Bytes of a number in memory. */
export const FIELD_BYTES: usize = 5 * 8;

/** Bytes of a number as it is written. */
export const ENCODED_BYTES: usize = 32;

/**
 *     0       8       16      24      32      40
 *     | limb0 | limb1 | limb2 | limb3 | limb4 |      u64 each
 */
@unmanaged
@final
export class Field {
  private limb0: u64;
  private limb1: u64;
  private limb2: u64;
  private limb3: u64;
  private limb4: u64;

  copyFrom(other: Field): void {
    this.set(other.limb0, other.limb1, other.limb2, other.limb3, other.limb4);
  }

  /** Becomes a small number, below 2^51: tight. */
  setSmall(value: u64): void {
    this.set(value, 0, 0, 0, 0);
  }

  /** Becomes left + right, not carried; either may be this one. */
  add(left: Field, right: Field): void {
    this.set(
      left.limb0 + right.limb0,
      left.limb1 + right.limb1,
      left.limb2 + right.limb2,
      left.limb3 + right.limb3,
      left.limb4 + right.limb4,
    );
  }

  /** Becomes left - right, not carried; either may be this one. Limbs of `right` are below 2^53 - 2^7. */
  subtract(left: Field, right: Field): void {
    this.set(
      left.limb0 + FOUR_P_LOWEST - right.limb0,
      left.limb1 + FOUR_P - right.limb1,
      left.limb2 + FOUR_P - right.limb2,
      left.limb3 + FOUR_P - right.limb3,
      left.limb4 + FOUR_P - right.limb4,
    );
  }

  /** Becomes 0 - itself, tight. Its limbs are below 2^53 - 2^7. */
  negate(): void {
    ZERO.setSmall(0);
    this.subtract(ZERO, this);
    this.carry();
  }

  /** Takes a loose number and leaves it tight. */
  carry(): void {
    this.setCarried(this.limb0, this.limb1, this.limb2, this.limb3, this.limb4);
  }

  /**
   * Becomes left · right, tight; both may be loose, and either may be this one.
   *
   * Limb k of the product is a sum S of five products of limbs, those beyond the top times 19. One product is below
   * 2^108, and S is at most 77 of them: too much for a word. It is taken apart at bit 54 as S = 2^54 high + rest. For
   * `high`, each product's upper part is rounded down by itself, so it is short of S / 2^54 by less than 5, and
   * 0 <= rest < 5 · 2^54. So `rest` is known by its lower 64 bits, which wrapping sums give.
   */
  multiply(left: Field, right: Field): void {
    outOfLine();
    const a0 = left.limb0;
    const a1 = left.limb1;
    const a2 = left.limb2;
    const a3 = left.limb3;
    const a4 = left.limb4;
    const b0 = right.limb0;
    const b1 = right.limb1;
    const b2 = right.limb2;
    const b3 = right.limb3;
    const b4 = right.limb4;
    // 19 b: below 2^59.
    const w1 = WRAP * b1;
    const w2 = WRAP * b2;
    const w3 = WRAP * b3;
    const w4 = WRAP * b4;
    this.setProduct(
      a0 * b0 + a1 * w4 + a2 * w3 + a3 * w2 + a4 * w1,
      high(a0, b0) + high(a1, w4) + high(a2, w3) + high(a3, w2) + high(a4, w1),
      a0 * b1 + a1 * b0 + a2 * w4 + a3 * w3 + a4 * w2,
      high(a0, b1) + high(a1, b0) + high(a2, w4) + high(a3, w3) + high(a4, w2),
      a0 * b2 + a1 * b1 + a2 * b0 + a3 * w4 + a4 * w3,
      high(a0, b2) + high(a1, b1) + high(a2, b0) + high(a3, w4) + high(a4, w3),
      a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + a4 * w4,
      high(a0, b3) + high(a1, b2) + high(a2, b1) + high(a3, b0) + high(a4, w4),
      a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
      high(a0, b4) + high(a1, b3) + high(a2, b2) + high(a3, b1) + high(a4, b0),
    );
  }

  /** Becomes other², tight: 15 products where multiply has 25. `other` may be loose, and may be this one. */
  square(other: Field): void {
    outOfLine();
    const a0 = other.limb0;
    const a1 = other.limb1;
    const a2 = other.limb2;
    const a3 = other.limb3;
    const a4 = other.limb4;
    // Twice a: below 2^55. 38 a: below 2^60. The sums are those of multiply, so its bounds hold.
    const d0 = 2 * a0;
    const d1 = 2 * a1;
    const w3 = WRAP * a3;
    const w4 = WRAP * a4;
    const v3 = 2 * w3;
    const v4 = 2 * w4;
    this.setProduct(
      a0 * a0 + a1 * v4 + a2 * v3,
      high(a0, a0) + high(a1, v4) + high(a2, v3),
      a1 * d0 + a2 * v4 + a3 * w3,
      high(a1, d0) + high(a2, v4) + high(a3, w3),
      a2 * d0 + a1 * a1 + a3 * v4,
      high(a2, d0) + high(a1, a1) + high(a3, v4),
      a3 * d0 + a2 * d1 + a4 * w4,
      high(a3, d0) + high(a2, d1) + high(a4, w4),
      a4 * d0 + a3 * d1 + a2 * a2,
      high(a4, d0) + high(a3, d1) + high(a2, a2),
    );
  }

  /** The number that 32 bytes stand for, their top bit left out. It may be p or more, and is tight. */
  decode(at: usize): void {
    // The bytes may stand anywhere.
    const word0 = load<u64>(at, 0, 1);
    const word1 = load<u64>(at, 8, 1);
    const word2 = load<u64>(at, 16, 1);
    const word3 = load<u64>(at, 24, 1);
    this.set(
      word0 & LIMB_MASK,
      ((word0 >> 51) | (word1 << 13)) & LIMB_MASK,
      ((word1 >> 38) | (word2 << 26)) & LIMB_MASK,
      ((word2 >> 25) | (word3 << 39)) & LIMB_MASK,
      (word3 >> 12) & LIMB_MASK,
    );
  }

  /** Writes the number, which may be loose, reduced to 0 … p - 1, as 32 bytes at a multiple of eight. */
  encode(at: usize): void {
    // Twice from the bottom up: the first time the top gives less than 2^4, the second time at most 1, and then limb 0
    // is far from its end. So all limbs are below 2^51, and the number is below 2^255 < 2 p.
    let limb0 = this.limb0;
    let limb1 = this.limb1;
    let limb2 = this.limb2;
    let limb3 = this.limb3;
    let limb4 = this.limb4;
    for (let turn = 0; turn < 2; turn++) {
      limb1 += limb0 >> LIMB_BITS;
      limb2 += limb1 >> LIMB_BITS;
      limb3 += limb2 >> LIMB_BITS;
      limb4 += limb3 >> LIMB_BITS;
      limb0 = (limb0 & LIMB_MASK) + WRAP * (limb4 >> LIMB_BITS);
      limb1 &= LIMB_MASK;
      limb2 &= LIMB_MASK;
      limb3 &= LIMB_MASK;
      limb4 &= LIMB_MASK;
    }
    // With 19 more it reaches 2^255 if it is p or more; what is above bit 254 then falls away.
    let over = (limb0 + WRAP) >> LIMB_BITS;
    over = (limb1 + over) >> LIMB_BITS;
    over = (limb2 + over) >> LIMB_BITS;
    over = (limb3 + over) >> LIMB_BITS;
    over = (limb4 + over) >> LIMB_BITS;
    limb0 += WRAP * over;
    limb1 += limb0 >> LIMB_BITS;
    limb2 += limb1 >> LIMB_BITS;
    limb3 += limb2 >> LIMB_BITS;
    limb4 += limb3 >> LIMB_BITS;
    limb0 &= LIMB_MASK;
    limb1 &= LIMB_MASK;
    limb2 &= LIMB_MASK;
    limb3 &= LIMB_MASK;
    limb4 &= LIMB_MASK;
    store<u64>(at, limb0 | (limb1 << 51), 0);
    store<u64>(at, (limb1 >> 13) | (limb2 << 38), 8);
    store<u64>(at, (limb2 >> 26) | (limb3 << 25), 16);
    store<u64>(at, (limb3 >> 39) | (limb4 << 12), 24);
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

  /** Both are tight. */
  equals(other: Field): bool {
    DIFFERENCE.subtract(this, other);
    return DIFFERENCE.isZero();
  }

  /**
   * Becomes the sum of rest · 2^(51 k) and high · 2^(51 k + 54), where rest = low - 2^54 high (see multiply).
   *
   * high · 2^(51 k + 54) is 8 high · 2^(51 (k + 1)), and 152 high at the bottom. By multiply's bounds a limb is then
   * below 8 · 77 · 2^54 + 5 · 2^54 < 2^64. No product of limb 4 is times 19, so the bottom is below
   * 152 · 5 · 2^54 + 5 · 2^54 < 2^64 as well.
   */
  @inline
  private setProduct(
    low0: u64,
    high0: u64,
    low1: u64,
    high1: u64,
    low2: u64,
    high2: u64,
    low3: u64,
    high3: u64,
    low4: u64,
    high4: u64,
  ): void {
    this.setCarried(
      low0 - (high0 << LOOSE_BITS) + 8 * WRAP * high4,
      low1 - (high1 << LOOSE_BITS) + (high0 << 3),
      low2 - (high2 << LOOSE_BITS) + (high1 << 3),
      low3 - (high3 << LOOSE_BITS) + (high2 << 3),
      low4 - (high4 << LOOSE_BITS) + (high3 << 3),
    );
  }

  /**
   * Each limb, which may be any word, gives what is above its 51 bits to the next one, all at once: less than 2^13, and
   * from the top to the bottom less than 19 · 2^13 < 2^18.
   */
  @inline
  private setCarried(limb0: u64, limb1: u64, limb2: u64, limb3: u64, limb4: u64): void {
    this.set(
      (limb0 & LIMB_MASK) + WRAP * (limb4 >> LIMB_BITS),
      (limb1 & LIMB_MASK) + (limb0 >> LIMB_BITS),
      (limb2 & LIMB_MASK) + (limb1 >> LIMB_BITS),
      (limb3 & LIMB_MASK) + (limb2 >> LIMB_BITS),
      (limb4 & LIMB_MASK) + (limb3 >> LIMB_BITS),
    );
  }

  @inline
  private set(limb0: u64, limb1: u64, limb2: u64, limb3: u64, limb4: u64): void {
    this.limb0 = limb0;
    this.limb1 = limb1;
    this.limb2 = limb2;
    this.limb3 = limb3;
    this.limb4 = limb4;
  }
}

/** Where the functions above keep numbers. None of them calls another one that uses the same. */
const ZERO = changetype<Field>(memory.data(<i32>FIELD_BYTES, 8));
const DIFFERENCE = changetype<Field>(memory.data(<i32>FIELD_BYTES, 8));
const ENCODED: usize = memory.data(<i32>ENCODED_BYTES, 8);

/** What a product is above bit 54, rounded down. `limb` is loose: below 2^54. */
function high(limb: u64, factor: u64): u64 {
  return multiplyHigh(limb << LOOSE_SHIFT, factor);
}
