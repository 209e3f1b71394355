/**
 * BLAKE2b (RFC 7693) without a key, fed in pieces of any length.
 *
 * It is made for words of 64 bits, so RV64 spends 18 instructions on a byte, where SHA-256 takes 55; with Zbb, which
 * rotates a word in one instruction, it is 12. The compression is there twice, compiled for either kind of hart, and a
 * program says once which one is to be used. The state is a view over BLAKE2B_STATE_BYTES of the caller's memory, so
 * several can run at once and nothing allocates. Whole blocks of 128 bytes are taken where they lie; only what may be the
 * end is copied.
 *
 *     hash.begin().update(address, length).finish(digest, 32);
 */

import { outOfLine, unrolled, usesZbb } from "./intrinsics";

/** Bytes of the whole digest; a caller may want only the first of them. */
export const BLAKE2B_BYTES: u32 = 64;

const BLOCK_BYTES: u32 = 128;

/** Whether every hart has Zbb. */
let hasZbb: bool = false;

/** Says whether every hart has Zbb: blocks are then compressed with its rotations. Until it is said, none has. */
export function hashWithZbb(has: bool): void {
  hasZbb = has;
}

/** The initial value: the first 64 bits of the fractions of the first primes' square roots (section 2.6). */
const IV0: u64 = 0x6a09e667f3bcc908;
const IV1: u64 = 0xbb67ae8584caa73b;
const IV2: u64 = 0x3c6ef372fe94f82b;
const IV3: u64 = 0xa54ff53a5f1d36f1;
const IV4: u64 = 0x510e527fade682d1;
const IV5: u64 = 0x9b05688c2b3e6c1f;
const IV6: u64 = 0x1f83d9abfb41bd6b;
const IV7: u64 = 0x5be0cd19137e2179;

/** The parameter block's first word: a digest of 64 bytes, no key, no tree (section 2.5). */
const PARAMETERS: u64 = 0x0101_0040;

/** The rounds of a block. The last two take its words in the order of the first two. */
const ROUNDS: u32 = 12;
const ORDERS: u32 = 10;

/**
 *     0         64      72        80             208
 *     | h0 … h7 | total | waiting | rest (block) |
 *
 * `total` counts the bytes that were compressed. The `waiting` bytes behind them, up to a whole block, are in `rest`.
 */
@unmanaged
@final
export class Blake2b {
  private h0: u64;
  private h1: u64;
  private h2: u64;
  private h3: u64;
  private h4: u64;
  private h5: u64;
  private h6: u64;
  private h7: u64;
  private total: u64;
  private waiting: u64;

  /** Starts a new digest. Has to come first: the memory may hold anything. */
  begin(): Blake2b {
    this.h0 = IV0 ^ PARAMETERS;
    this.h1 = IV1;
    this.h2 = IV2;
    this.h3 = IV3;
    this.h4 = IV4;
    this.h5 = IV5;
    this.h6 = IV6;
    this.h7 = IV7;
    this.total = 0;
    this.waiting = 0;
    return this;
  }

  /**
   * Takes `length` bytes at `source` into the digest. The last block is compressed in another way, so a block is
   * compressed only when a byte behind it is known.
   */
  update(source: usize, length: u32): Blake2b {
    let at = source;
    let left = length;
    const waiting = <u32>this.waiting;
    if (waiting !== 0 && left > BLOCK_BYTES - waiting) {
      const taken = BLOCK_BYTES - waiting;
      memory.copy(this.rest + <usize>waiting, at, <usize>taken);
      at += <usize>taken;
      left -= taken;
      this.waiting = 0;
      this.compress(this.rest, BLOCK_BYTES, 0);
    }
    while (left > BLOCK_BYTES) {
      this.compress(at, BLOCK_BYTES, 0);
      at += <usize>BLOCK_BYTES;
      left -= BLOCK_BYTES;
    }
    memory.copy(this.rest + <usize>this.waiting, at, <usize>left);
    this.waiting += <u64>left;
    return this;
  }

  /**
   * Compresses the last block, and stores the first `length` bytes of the digest, up to BLAKE2B_BYTES, at `digest`.
   * The state has to be begun again before its next use.
   */
  finish(digest: usize, length: u32): void {
    const used = <u32>this.waiting;
    memory.fill(this.rest + <usize>used, 0, <usize>(BLOCK_BYTES - used));
    this.compress(this.rest, used, u64.MAX_VALUE);
    // The words are little-endian, as the digest is.
    memory.copy(digest, changetype<usize>(this), <usize>length);
  }

  private get rest(): usize {
    return changetype<usize>(this) + offsetof<Blake2b>();
  }

  /** One block, of which `used` bytes count, into the chaining value. `last` is all ones for the last block. */
  private compress(block: usize, used: u32, last: u64): void {
    if (hasZbb) {
      this.compressWithZbb(block, used, last);
    } else {
      this.compressPlainly(block, used, last);
    }
  }

  /** 18 instructions a byte: a rotation takes three. */
  private compressPlainly(block: usize, used: u32, last: u64): void {
    outOfLine();
    this.mix(block, used, last);
  }

  /** 12 instructions a byte: a rotation takes one. */
  private compressWithZbb(block: usize, used: u32, last: u64): void {
    usesZbb();
    outOfLine();
    this.mix(block, used, last);
  }

  /** The compression function F (section 3.2). */
  @inline
  private mix(block: usize, used: u32, last: u64): void {
    unrolled();
    const total = this.total + <u64>used;
    this.total = total;
    let v0 = this.h0;
    let v1 = this.h1;
    let v2 = this.h2;
    let v3 = this.h3;
    let v4 = this.h4;
    let v5 = this.h5;
    let v6 = this.h6;
    let v7 = this.h7;
    let v8 = IV0;
    let v9 = IV1;
    let v10 = IV2;
    let v11 = IV3;
    let v12 = IV4 ^ total;
    let v13 = IV5;
    let v14 = IV6 ^ last;
    let v15 = IV7;
    for (let round: u32 = 0; round < ROUNDS; round++) {
      const order = Order.of(round);
      // The columns …
      v0 += v4 + Order.word(block, order, 0);
      v12 = rotr<u64>(v12 ^ v0, 32);
      v8 += v12;
      v4 = rotr<u64>(v4 ^ v8, 24);
      v0 += v4 + Order.word(block, order, 1);
      v12 = rotr<u64>(v12 ^ v0, 16);
      v8 += v12;
      v4 = rotr<u64>(v4 ^ v8, 63);
      v1 += v5 + Order.word(block, order, 2);
      v13 = rotr<u64>(v13 ^ v1, 32);
      v9 += v13;
      v5 = rotr<u64>(v5 ^ v9, 24);
      v1 += v5 + Order.word(block, order, 3);
      v13 = rotr<u64>(v13 ^ v1, 16);
      v9 += v13;
      v5 = rotr<u64>(v5 ^ v9, 63);
      v2 += v6 + Order.word(block, order, 4);
      v14 = rotr<u64>(v14 ^ v2, 32);
      v10 += v14;
      v6 = rotr<u64>(v6 ^ v10, 24);
      v2 += v6 + Order.word(block, order, 5);
      v14 = rotr<u64>(v14 ^ v2, 16);
      v10 += v14;
      v6 = rotr<u64>(v6 ^ v10, 63);
      v3 += v7 + Order.word(block, order, 6);
      v15 = rotr<u64>(v15 ^ v3, 32);
      v11 += v15;
      v7 = rotr<u64>(v7 ^ v11, 24);
      v3 += v7 + Order.word(block, order, 7);
      v15 = rotr<u64>(v15 ^ v3, 16);
      v11 += v15;
      v7 = rotr<u64>(v7 ^ v11, 63);
      // … and the diagonals.
      v0 += v5 + Order.word(block, order, 8);
      v15 = rotr<u64>(v15 ^ v0, 32);
      v10 += v15;
      v5 = rotr<u64>(v5 ^ v10, 24);
      v0 += v5 + Order.word(block, order, 9);
      v15 = rotr<u64>(v15 ^ v0, 16);
      v10 += v15;
      v5 = rotr<u64>(v5 ^ v10, 63);
      v1 += v6 + Order.word(block, order, 10);
      v12 = rotr<u64>(v12 ^ v1, 32);
      v11 += v12;
      v6 = rotr<u64>(v6 ^ v11, 24);
      v1 += v6 + Order.word(block, order, 11);
      v12 = rotr<u64>(v12 ^ v1, 16);
      v11 += v12;
      v6 = rotr<u64>(v6 ^ v11, 63);
      v2 += v7 + Order.word(block, order, 12);
      v13 = rotr<u64>(v13 ^ v2, 32);
      v8 += v13;
      v7 = rotr<u64>(v7 ^ v8, 24);
      v2 += v7 + Order.word(block, order, 13);
      v13 = rotr<u64>(v13 ^ v2, 16);
      v8 += v13;
      v7 = rotr<u64>(v7 ^ v8, 63);
      v3 += v4 + Order.word(block, order, 14);
      v14 = rotr<u64>(v14 ^ v3, 32);
      v9 += v14;
      v4 = rotr<u64>(v4 ^ v9, 24);
      v3 += v4 + Order.word(block, order, 15);
      v14 = rotr<u64>(v14 ^ v3, 16);
      v9 += v14;
      v4 = rotr<u64>(v4 ^ v9, 63);
    }
    this.h0 ^= v0 ^ v8;
    this.h1 ^= v1 ^ v9;
    this.h2 ^= v2 ^ v10;
    this.h3 ^= v3 ^ v11;
    this.h4 ^= v4 ^ v12;
    this.h5 ^= v5 ^ v13;
    this.h6 ^= v6 ^ v14;
    this.h7 ^= v7 ^ v15;
  }
}

/**
 * In which order the rounds take the sixteen words of a block (section 2.7). When the rounds are unrolled, nothing is left
 * of this but an offset in each load.
 */
@final
class Order {
  /** The order of a round: the first word's number is in the lowest four bits. */
  @inline
  static of(round: u32): u64 {
    switch (round % ORDERS) {
      case 0:
        return 0xfedc_ba98_7654_3210;
      case 1:
        return 0x357b_20c1_6df9_84ae;
      case 2:
        return 0x4917_63ea_df25_0c8b;
      case 3:
        return 0x8f04_a562_ebcd_1397;
      case 4:
        return 0xd386_cb1e_fa42_7509;
      case 5:
        return 0x91ef_57d4_38b0_a6c2;
      case 6:
        return 0xb829_3670_a4de_f15c;
      case 7:
        return 0xa268_4f05_931c_e7bd;
      case 8:
        return 0x5a41_7d2c_803b_9ef6;
      default:
        return 0x0dc3_e9bf_5167_482a;
    }
  }

  /** The word of the block that comes at `place`. */
  @inline
  static word(block: usize, order: u64, place: u32): u64 {
    return load<u64>(block + ((<usize>(order >> (4 * place)) & 15) << 3));
  }
}

/** How much memory a Blake2b needs, in bytes (8-byte aligned): its fields and a block. */
export const BLAKE2B_STATE_BYTES: u32 = <u32>offsetof<Blake2b>() + BLOCK_BYTES;
