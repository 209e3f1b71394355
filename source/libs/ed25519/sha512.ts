/**
 * SHA-512 (FIPS 180-4), fed in pieces of any length: the hash inside Ed25519.
 *
 * The same shape as sha256/sha256.ts, with words and blocks of twice the size: a view over SHA512_STATE_BYTES of the
 * caller's memory, so nothing allocates.
 *
 *     hash.begin().update(address, length).finish(digest);
 */

/** Bytes of a digest. */
export const SHA512_DIGEST_BYTES: u32 = 64;

const BLOCK_BYTES: u32 = 128;
/** The message schedule: 80 words. */
const SCHEDULE_BYTES: u32 = 80 * 8;

/**
 * Where the padding leaves room for the length in bits: the last 16 bytes of a block (section 5.1.2). The first eight
 * of them stay zero, since no message here has 2^61 bytes.
 */
const LENGTH_OFFSET: u32 = 112;

/** The 80 round constants: the first 64 bits of the fractions of the first primes' cube roots (section 4.2.3). */
const ROUND_CONSTANTS = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
  0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
  0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
  0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
  0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
  0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
  0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
  0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
  0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
  0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
  0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
  0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
  0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);

/**
 *     0         64      72             200              840
 *     | h0 … h7 | total | rest (block) | schedule w0…79 |
 *
 * `total` counts all bytes so far; its low seven bits say how many of them wait in `rest`.
 */
@unmanaged
@final
export class Sha512 {
  private h0: u64;
  private h1: u64;
  private h2: u64;
  private h3: u64;
  private h4: u64;
  private h5: u64;
  private h6: u64;
  private h7: u64;
  private total: u64;

  /** Starts a new digest. Has to come first: the memory may hold anything. Initial value: section 5.3.5. */
  begin(): Sha512 {
    this.h0 = 0x6a09e667f3bcc908;
    this.h1 = 0xbb67ae8584caa73b;
    this.h2 = 0x3c6ef372fe94f82b;
    this.h3 = 0xa54ff53a5f1d36f1;
    this.h4 = 0x510e527fade682d1;
    this.h5 = 0x9b05688c2b3e6c1f;
    this.h6 = 0x1f83d9abfb41bd6b;
    this.h7 = 0x5be0cd19137e2179;
    this.total = 0;
    return this;
  }

  /** Takes `length` bytes at `source` into the digest. */
  update(source: usize, length: u32): Sha512 {
    let at = source;
    let left = length;
    const waiting = <u32>this.total & (BLOCK_BYTES - 1);
    this.total += <u64>length;

    if (waiting !== 0) {
      const taken = min<u32>(left, BLOCK_BYTES - waiting);
      memory.copy(this.rest + <usize>waiting, at, <usize>taken);
      at += <usize>taken;
      left -= taken;
      if (waiting + taken < BLOCK_BYTES) {
        return this;
      }
      this.compress(this.rest);
    }
    while (left >= BLOCK_BYTES) {
      this.compress(at);
      at += <usize>BLOCK_BYTES;
      left -= BLOCK_BYTES;
    }
    memory.copy(this.rest, at, <usize>left);
    return this;
  }

  /** Pads, and stores the 64 bytes at `digest`. The state has to be begun again before its next use. */
  finish(digest: usize): void {
    const rest = this.rest;
    const bits = this.total << 3;
    let used = <u32>this.total & (BLOCK_BYTES - 1);
    store<u8>(rest + <usize>used, 0x80);
    used += 1;
    if (used > LENGTH_OFFSET) {
      memory.fill(rest + <usize>used, 0, <usize>(BLOCK_BYTES - used));
      this.compress(rest);
      used = 0;
    }
    memory.fill(rest + <usize>used, 0, <usize>(BLOCK_BYTES - used));
    store<u64>(rest + <usize>LENGTH_OFFSET, bswap<u64>(bits), 8);
    this.compress(rest);

    store<u64>(digest, bswap<u64>(this.h0), 0);
    store<u64>(digest, bswap<u64>(this.h1), 8);
    store<u64>(digest, bswap<u64>(this.h2), 16);
    store<u64>(digest, bswap<u64>(this.h3), 24);
    store<u64>(digest, bswap<u64>(this.h4), 32);
    store<u64>(digest, bswap<u64>(this.h5), 40);
    store<u64>(digest, bswap<u64>(this.h6), 48);
    store<u64>(digest, bswap<u64>(this.h7), 56);
  }

  private get rest(): usize {
    return changetype<usize>(this) + offsetof<Sha512>();
  }

  private get schedule(): usize {
    return this.rest + <usize>BLOCK_BYTES;
  }

  /** One block into the chaining value (section 6.4.2). */
  private compress(block: usize): void {
    const w = this.schedule;
    for (let t: usize = 0; t < 128; t += 8) {
      store<u64>(w + t, bswap<u64>(load<u64>(block + t)));
    }
    for (let t: usize = 128; t < 640; t += 8) {
      const w15 = load<u64>(w + t - 120);
      const w2 = load<u64>(w + t - 16);
      const sigma0 = rotr<u64>(w15, 1) ^ rotr<u64>(w15, 8) ^ (w15 >> 7);
      const sigma1 = rotr<u64>(w2, 19) ^ rotr<u64>(w2, 61) ^ (w2 >> 6);
      store<u64>(w + t, sigma1 + load<u64>(w + t - 56) + sigma0 + load<u64>(w + t - 128));
    }

    let a = this.h0;
    let b = this.h1;
    let c = this.h2;
    let d = this.h3;
    let e = this.h4;
    let f = this.h5;
    let g = this.h6;
    let h = this.h7;
    for (let t: usize = 0; t < 640; t += 8) {
      const sum1 = rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41);
      const choice = (e & f) ^ (~e & g);
      const t1 = h + sum1 + choice + load<u64>(ROUND_CONSTANTS + t) + load<u64>(w + t);
      const sum0 = rotr<u64>(a, 28) ^ rotr<u64>(a, 34) ^ rotr<u64>(a, 39);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + sum0 + majority;
    }
    this.h0 += a;
    this.h1 += b;
    this.h2 += c;
    this.h3 += d;
    this.h4 += e;
    this.h5 += f;
    this.h6 += g;
    this.h7 += h;
  }
}

/** How much memory a Sha512 needs, in bytes (8-byte aligned): its fields, a block, the 80-word schedule. */
export const SHA512_STATE_BYTES: u32 = <u32>offsetof<Sha512>() + BLOCK_BYTES + SCHEDULE_BYTES;
