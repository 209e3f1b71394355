// SHA-256 (FIPS 180-4), because a page that was not fetched over https has no crypto.subtle, and a seed's nonce is a hash.

const BLOCK_BYTES = 64;
const ROUNDS = 64;
const WORD_SPAN = 2 ** 32;

/** Square roots and cube roots of the first primes: the first 32 bits behind the point (4.2.2, 5.3.3). */
const primes = firstPrimes(ROUNDS);
const roundWords = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const startWords = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/** A hash that is fed in parts. */
export class Sha256 {
  private readonly state = startWords.slice();
  private readonly words = new Uint32Array(ROUNDS);
  private readonly rest = new Uint8Array(BLOCK_BYTES);
  private restBytes = 0;
  private total = 0;

  update(bytes: Uint8Array): this {
    this.total += bytes.length;
    let at = 0;
    if (this.restBytes > 0) {
      at = Math.min(BLOCK_BYTES - this.restBytes, bytes.length);
      this.rest.set(bytes.subarray(0, at), this.restBytes);
      this.restBytes += at;
      if (this.restBytes < BLOCK_BYTES) {
        return this;
      }
      this.block(this.rest, 0);
      this.restBytes = 0;
    }
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
      this.block(bytes, at);
    }
    this.rest.set(bytes.subarray(at));
    this.restBytes = bytes.length - at;
    return this;
  }

  /** 64 hexadecimal digits. Nothing may be fed after it. */
  hex(): string {
    const bits = this.total * 8;
    const end = new Uint8Array(this.restBytes < 56 ? 64 - this.restBytes : 128 - this.restBytes);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(bits / WORD_SPAN));
    view.setUint32(end.length - 4, bits >>> 0);
    this.update(end);
    return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  private block(bytes: Uint8Array, at: number): void {
    const { words, state } = this;
    for (let index = 0; index < 16; index += 1) {
      const place = at + index * 4;
      words[index] =
        (byteAt(bytes, place) << 24) |
        (byteAt(bytes, place + 1) << 16) |
        (byteAt(bytes, place + 2) << 8) |
        byteAt(bytes, place + 3);
    }
    for (let index = 16; index < ROUNDS; index += 1) {
      const early = wordAt(words, index - 15);
      const late = wordAt(words, index - 2);
      const low = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
      const high = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
      words[index] = (wordAt(words, index - 16) + low + wordAt(words, index - 7) + high) | 0;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let index = 0; index < ROUNDS; index += 1) {
      const high = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choice = (e & f) ^ (~e & g);
      const one = (h + high + choice + wordAt(roundWords, index) + wordAt(words, index)) | 0;
      const low = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const two = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, index) => {
      state[index] = (wordAt(state, index) + word) | 0;
    });
  }
}

/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return new Sha256().update(bytes).hex();
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function wordAt(words: Uint32Array, at: number): number {
  return words[at] ?? 0;
}

function rotate(word: number, count: number): number {
  return (word >>> count) | (word << (32 - count));
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * WORD_SPAN);
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number += 1) {
    if (found.every((prime) => number % prime !== 0)) {
      found.push(number);
    }
  }
  return found;
}
