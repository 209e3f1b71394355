/* SHA-256 of 4 KiB, with the algorithm of source/libs/sha256/sha256.ts. */

#include "pair.h"

enum { MESSAGE_BYTES = 4096, BLOCK_BYTES = 64, LENGTH_OFFSET = 56, DIGEST_WORDS = 8 };

struct Sha256 {
  u32 h[DIGEST_WORDS];
  u64 total;
  u8 rest[BLOCK_BYTES];
  u32 schedule[64];
};

static const u32 roundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u64 doubled(u32 word) { return (u64)word << 32 | word; }

static u32 rotr(u32 word, int by) { return word >> by | word << (32 - by); }

static u32 mix(u32 e, u32 f, u32 g) {
  u64 twice = doubled(e);
  return (u32)(twice >> 6 ^ twice >> 11 ^ twice >> 25) + (g ^ (e & (f ^ g)));
}

static u32 fold(u32 a, u32 b, u32 c) {
  u64 twice = doubled(a);
  return (u32)(twice >> 2 ^ twice >> 13 ^ twice >> 22) + (b ^ ((a ^ b) & (b ^ c)));
}

static void compress(struct Sha256 *hash, const u8 *block) {
  u32 *w = hash->schedule;
  const u32 *k = roundConstants;
  for (usize t = 0; t < 16; t++) {
    w[t] = __builtin_bswap32(((const u32 *)block)[t]);
  }
  for (usize t = 16; t < 64; t++) {
    u32 sigma0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
    u32 sigma1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
  }
  u32 a = hash->h[0], b = hash->h[1], c = hash->h[2], d = hash->h[3];
  u32 e = hash->h[4], f = hash->h[5], g = hash->h[6], h = hash->h[7];
  for (usize t = 0; t < 64; t += 8) {
    h += w[t] + k[t] + mix(e, f, g);
    d += h;
    h += fold(a, b, c);
    g += w[t + 1] + k[t + 1] + mix(d, e, f);
    c += g;
    g += fold(h, a, b);
    f += w[t + 2] + k[t + 2] + mix(c, d, e);
    b += f;
    f += fold(g, h, a);
    e += w[t + 3] + k[t + 3] + mix(b, c, d);
    a += e;
    e += fold(f, g, h);
    d += w[t + 4] + k[t + 4] + mix(a, b, c);
    h += d;
    d += fold(e, f, g);
    c += w[t + 5] + k[t + 5] + mix(h, a, b);
    g += c;
    c += fold(d, e, f);
    b += w[t + 6] + k[t + 6] + mix(g, h, a);
    f += b;
    b += fold(c, d, e);
    a += w[t + 7] + k[t + 7] + mix(f, g, h);
    e += a;
    a += fold(b, c, d);
  }
  hash->h[0] += a;
  hash->h[1] += b;
  hash->h[2] += c;
  hash->h[3] += d;
  hash->h[4] += e;
  hash->h[5] += f;
  hash->h[6] += g;
  hash->h[7] += h;
}

static void begin(struct Sha256 *hash) {
  static const u32 initial[DIGEST_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  __builtin_memcpy(hash->h, initial, sizeof initial);
  hash->total = 0;
}

static void update(struct Sha256 *hash, const u8 *source, usize length) {
  usize waiting = hash->total & (BLOCK_BYTES - 1);
  hash->total += length;
  if (waiting != 0) {
    usize taken = length < BLOCK_BYTES - waiting ? length : BLOCK_BYTES - waiting;
    __builtin_memcpy(hash->rest + waiting, source, taken);
    source += taken;
    length -= taken;
    if (waiting + taken < BLOCK_BYTES) {
      return;
    }
    compress(hash, hash->rest);
  }
  while (length >= BLOCK_BYTES) {
    compress(hash, source);
    source += BLOCK_BYTES;
    length -= BLOCK_BYTES;
  }
  __builtin_memcpy(hash->rest, source, length);
}

static void finish(struct Sha256 *hash, u32 *digest) {
  u64 bits = hash->total << 3;
  usize used = hash->total & (BLOCK_BYTES - 1);
  hash->rest[used] = 0x80;
  used += 1;
  if (used > LENGTH_OFFSET) {
    __builtin_memset(hash->rest + used, 0, BLOCK_BYTES - used);
    compress(hash, hash->rest);
    used = 0;
  }
  __builtin_memset(hash->rest + used, 0, LENGTH_OFFSET - used);
  *(u64 *)(hash->rest + LENGTH_OFFSET) = __builtin_bswap64(bits);
  compress(hash, hash->rest);
  for (usize index = 0; index < DIGEST_WORDS; index++) {
    digest[index] = __builtin_bswap32(hash->h[index]);
  }
}

void sha256Prepare(u8 *memory) { fillWords((u32 *)memory, MESSAGE_BYTES / 4, 1); }

u32 sha256Work(u8 *memory) {
  struct Sha256 *hash = (struct Sha256 *)(memory + MESSAGE_BYTES);
  u32 *digest = (u32 *)(hash + 1);
  begin(hash);
  update(hash, memory, MESSAGE_BYTES);
  finish(hash, digest);
  return foldWords(digest, DIGEST_WORDS);
}
