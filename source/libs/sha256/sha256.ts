/**
 * SHA-256 (FIPS 180-4), fed in pieces of any length.
 *
 * The state is a view over SHA256_STATE_BYTES of the caller's memory, so several can run at once and nothing
 * allocates. Whole 64-byte blocks are taken where they lie; only a rest shorter than a block is copied.
 *
 *     hash.begin().update(address, length).finish(digest);
 */

/** Bytes of a digest. */
export const SHA256_DIGEST_BYTES: u32 = 32;

const BLOCK_BYTES: u32 = 64;
/** The message schedule: 64 words. */
const SCHEDULE_BYTES: u32 = 64 * 4;

/** Where the padding leaves room for the length in bits: the last eight bytes of a block (section 5.1.1). */
const LENGTH_OFFSET: u32 = 56;

/** The 64 round constants: the first 32 bits of the fractions of the first primes' cube roots (section 4.2.2). */
const ROUND_CONSTANTS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

/**
 *     0         32      40             104              360
 *     | h0 … h7 | total | rest (block) | schedule w0…63 |
 *
 * `total` counts all bytes so far; its low six bits say how many of them wait in `rest`.
 */
@unmanaged
@final
export class Sha256 {
  private h0: u32;
  private h1: u32;
  private h2: u32;
  private h3: u32;
  private h4: u32;
  private h5: u32;
  private h6: u32;
  private h7: u32;
  private total: u64;

  /** Starts a new digest. Has to come first: the memory may hold anything. Initial value: section 5.3.3. */
  begin(): Sha256 {
    this.h0 = 0x6a09e667;
    this.h1 = 0xbb67ae85;
    this.h2 = 0x3c6ef372;
    this.h3 = 0xa54ff53a;
    this.h4 = 0x510e527f;
    this.h5 = 0x9b05688c;
    this.h6 = 0x1f83d9ab;
    this.h7 = 0x5be0cd19;
    this.total = 0;
    return this;
  }

  /** Takes `length` bytes at `source` into the digest. */
  update(source: usize, length: u32): Sha256 {
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

  /** Pads, and stores the 32 bytes at `digest`. The state has to be begun again before its next use. */
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
    memory.fill(rest + <usize>used, 0, <usize>(LENGTH_OFFSET - used));
    store<u64>(rest + <usize>LENGTH_OFFSET, bswap<u64>(bits));
    this.compress(rest);

    store<u32>(digest, bswap<u32>(this.h0), 0);
    store<u32>(digest, bswap<u32>(this.h1), 4);
    store<u32>(digest, bswap<u32>(this.h2), 8);
    store<u32>(digest, bswap<u32>(this.h3), 12);
    store<u32>(digest, bswap<u32>(this.h4), 16);
    store<u32>(digest, bswap<u32>(this.h5), 20);
    store<u32>(digest, bswap<u32>(this.h6), 24);
    store<u32>(digest, bswap<u32>(this.h7), 28);
  }

  private get rest(): usize {
    return changetype<usize>(this) + offsetof<Sha256>();
  }

  private get schedule(): usize {
    return this.rest + <usize>BLOCK_BYTES;
  }

  /** One block into the chaining value (section 6.2.2). */
  private compress(block: usize): void {
    const w = this.schedule;
    for (let t: usize = 0; t < 64; t += 4) {
      store<u32>(w + t, bswap<u32>(load<u32>(block + t)));
    }
    for (let t: usize = 64; t < 256; t += 4) {
      const w15 = load<u32>(w + t - 60);
      const w2 = load<u32>(w + t - 8);
      const sigma0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
      const sigma1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
      store<u32>(w + t, sigma1 + load<u32>(w + t - 28) + sigma0 + load<u32>(w + t - 64));
    }

    let a = this.h0;
    let b = this.h1;
    let c = this.h2;
    let d = this.h3;
    let e = this.h4;
    let f = this.h5;
    let g = this.h6;
    let h = this.h7;
    // Eight rounds a turn: then every variable is again where it began, and none has to be moved.
    for (let t: usize = 0; t < 256; t += 32) {
      h += roundKey(w, t) + mix(e, f, g);
      d += h;
      h += fold(a, b, c);
      g += roundKey(w, t + 4) + mix(d, e, f);
      c += g;
      g += fold(h, a, b);
      f += roundKey(w, t + 8) + mix(c, d, e);
      b += f;
      f += fold(g, h, a);
      e += roundKey(w, t + 12) + mix(b, c, d);
      a += e;
      e += fold(f, g, h);
      d += roundKey(w, t + 16) + mix(a, b, c);
      h += d;
      d += fold(e, f, g);
      c += roundKey(w, t + 20) + mix(h, a, b);
      g += c;
      c += fold(d, e, f);
      b += roundKey(w, t + 24) + mix(g, h, a);
      f += b;
      b += fold(c, d, e);
      a += roundKey(w, t + 28) + mix(f, g, h);
      e += a;
      a += fold(b, c, d);
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

/** What round t / 4 adds: its word of the schedule `w`, and its constant. */
function roundKey(w: usize, t: usize): u32 {
  return load<u32>(w + t) + load<u32>(ROUND_CONSTANTS + t);
}

/**
 * Twice the word, side by side: its lower half shifted right is the word rotated, by one instruction instead of three.
 */
function doubled(word: u32): u64 {
  return ((<u64>word) << 32) | <u64>word;
}

/** Σ1 and Ch of section 4.1.2. */
function mix(e: u32, f: u32, g: u32): u32 {
  const twice = doubled(e);
  return <u32>((twice >> 6) ^ (twice >> 11) ^ (twice >> 25)) + (g ^ (e & (f ^ g)));
}

/** Σ0 and Maj. */
function fold(a: u32, b: u32, c: u32): u32 {
  const twice = doubled(a);
  return <u32>((twice >> 2) ^ (twice >> 13) ^ (twice >> 22)) + (b ^ ((a ^ b) & (b ^ c)));
}

/** How much memory a Sha256 needs, in bytes (8-byte aligned): its fields, a block, the 64-word schedule. */
export const SHA256_STATE_BYTES: u32 = <u32>offsetof<Sha256>() + BLOCK_BYTES + SCHEDULE_BYTES;
