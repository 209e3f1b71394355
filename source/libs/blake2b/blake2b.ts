/**
 * BLAKE2b (RFC 7693) without a key, fed in pieces of any length.
 *
 * It is made for words of 64 bits, so RV64 spends 22 instructions on a byte, where SHA-256 takes 55. The state is a
 * view over BLAKE2B_STATE_BYTES of the caller's memory, so several can run at once and nothing allocates. Whole blocks
 * of 128 bytes are taken where they lie; only what may be the end is copied.
 *
 *     hash.begin().update(address, length).finish(digest, 32);
 */

/** Bytes of the whole digest; a caller may want only the first of them. */
export const BLAKE2B_BYTES: u32 = 64;

const BLOCK_BYTES: u32 = 128;

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

/**
 * In which order each of the twelve rounds takes the sixteen words of a block, as their offsets (section 2.7). The last
 * two rounds repeat the first two.
 */
const ORDERS = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 112, 80, 32, 64, 72, 120, 104, 48, 8, 96,
  0, 16, 88, 56, 40, 24, 88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32, 56, 72, 24, 8, 104,
  96, 88, 112, 16, 48, 40, 80, 32, 0, 120, 64, 72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24,
  104, 16, 96, 48, 80, 0, 88, 64, 24, 32, 104, 56, 40, 120, 112, 8, 72, 96, 40, 8, 120, 112, 104, 32, 80, 0,
  56, 48, 24, 72, 16, 64, 88, 104, 88, 56, 112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80, 48, 120, 112,
  72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40, 80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96,
  104, 0, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 112, 80, 32, 64, 72, 120, 104, 48,
  8, 96, 0, 16, 88, 56, 40, 24,
]);

/** Bytes of one round's order, and of all. */
const ORDER_BYTES: usize = 16;
const ORDERS_BYTES: usize = 12 * ORDER_BYTES;

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

  /** One block, of which `used` bytes count, into the chaining value (section 3.2). `last` is all ones for the last. */
  private compress(block: usize, used: u32, last: u64): void {
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
    // A round a turn. Its sixteen words fill the registers: a word more, and the compiler would keep some on the stack.
    for (let order: usize = ORDERS; order < ORDERS + ORDERS_BYTES; order += ORDER_BYTES) {
      // The columns …
      v0 += v4 + word(block, order, 0);
      v12 = rotr<u64>(v12 ^ v0, 32);
      v8 += v12;
      v4 = rotr<u64>(v4 ^ v8, 24);
      v0 += v4 + word(block, order, 1);
      v12 = rotr<u64>(v12 ^ v0, 16);
      v8 += v12;
      v4 = rotr<u64>(v4 ^ v8, 63);
      v1 += v5 + word(block, order, 2);
      v13 = rotr<u64>(v13 ^ v1, 32);
      v9 += v13;
      v5 = rotr<u64>(v5 ^ v9, 24);
      v1 += v5 + word(block, order, 3);
      v13 = rotr<u64>(v13 ^ v1, 16);
      v9 += v13;
      v5 = rotr<u64>(v5 ^ v9, 63);
      v2 += v6 + word(block, order, 4);
      v14 = rotr<u64>(v14 ^ v2, 32);
      v10 += v14;
      v6 = rotr<u64>(v6 ^ v10, 24);
      v2 += v6 + word(block, order, 5);
      v14 = rotr<u64>(v14 ^ v2, 16);
      v10 += v14;
      v6 = rotr<u64>(v6 ^ v10, 63);
      v3 += v7 + word(block, order, 6);
      v15 = rotr<u64>(v15 ^ v3, 32);
      v11 += v15;
      v7 = rotr<u64>(v7 ^ v11, 24);
      v3 += v7 + word(block, order, 7);
      v15 = rotr<u64>(v15 ^ v3, 16);
      v11 += v15;
      v7 = rotr<u64>(v7 ^ v11, 63);
      // … and the diagonals.
      v0 += v5 + word(block, order, 8);
      v15 = rotr<u64>(v15 ^ v0, 32);
      v10 += v15;
      v5 = rotr<u64>(v5 ^ v10, 24);
      v0 += v5 + word(block, order, 9);
      v15 = rotr<u64>(v15 ^ v0, 16);
      v10 += v15;
      v5 = rotr<u64>(v5 ^ v10, 63);
      v1 += v6 + word(block, order, 10);
      v12 = rotr<u64>(v12 ^ v1, 32);
      v11 += v12;
      v6 = rotr<u64>(v6 ^ v11, 24);
      v1 += v6 + word(block, order, 11);
      v12 = rotr<u64>(v12 ^ v1, 16);
      v11 += v12;
      v6 = rotr<u64>(v6 ^ v11, 63);
      v2 += v7 + word(block, order, 12);
      v13 = rotr<u64>(v13 ^ v2, 32);
      v8 += v13;
      v7 = rotr<u64>(v7 ^ v8, 24);
      v2 += v7 + word(block, order, 13);
      v13 = rotr<u64>(v13 ^ v2, 16);
      v8 += v13;
      v7 = rotr<u64>(v7 ^ v8, 63);
      v3 += v4 + word(block, order, 14);
      v14 = rotr<u64>(v14 ^ v3, 32);
      v9 += v14;
      v4 = rotr<u64>(v4 ^ v9, 24);
      v3 += v4 + word(block, order, 15);
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

/** The word of the block that comes at `place` in a round's order. */
function word(block: usize, order: usize, place: usize): u64 {
  return load<u64>(block + <usize>load<u8>(order + place));
}

/** How much memory a Blake2b needs, in bytes (8-byte aligned): its fields and a block. */
export const BLAKE2B_STATE_BYTES: u32 = <u32>offsetof<Blake2b>() + BLOCK_BYTES;
