// Writes a region of an image from front to back, in large pieces, and notes the hash of each of its blocks.

import { BLOCK_BYTES, HASH_BYTES } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { imageHash } from "./hash.ts";
import type { ImageTarget } from "./image.ts";

/** How many bytes are written at once. */
const PIECE_BYTES = 1 << 20;

/** A region that is being written. */
export class BlockWriter {
  readonly #target: ImageTarget;
  readonly #hashes: Buffer;
  readonly #piece: Buffer;
  /** Where the piece goes in the image, in bytes. */
  #start: number;
  /** How much of the piece is filled. The rest is zero. */
  #filled = 0;

  /**
   * @param hashes gets the hash of block n of the image at n times HASH_BYTES
   * @param block the region's first block
   * @param blockCount how many blocks it has
   */
  constructor(target: ImageTarget, hashes: Buffer, block: number, blockCount: number) {
    this.#target = target;
    this.#hashes = hashes;
    this.#piece = Buffer.alloc(Math.min(PIECE_BYTES, blockCount * BLOCK_BYTES));
    this.#start = block * BLOCK_BYTES;
  }

  /** Puts bytes at an offset of the image, which is not before the end of the last ones. A gap between them is zero. */
  put(offset: number, bytes: Uint8Array): void {
    this.#skipTo(offset);
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, this.#piece.length - this.#filled);
      this.#piece.set(count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#piece.length) {
        this.#flush();
      }
    }
  }

  /** Writes the rest, with zeros at the end of its last block. */
  end(): void {
    this.#filled = Math.ceil(this.#filled / BLOCK_BYTES) * BLOCK_BYTES;
    this.#flush();
  }

  /** Leaves zeros up to an offset. It is less than a block away, as no gap between two files is larger. */
  #skipTo(offset: number): void {
    const filled = offset - this.#start;
    this.#filled = Math.min(filled, this.#piece.length);
    if (this.#filled === this.#piece.length) {
      this.#flush();
      this.#filled = offset - this.#start;
    }
  }

  #flush(): void {
    const piece = this.#piece.subarray(0, this.#filled);
    this.#target.write(this.#start, piece);
    for (let at = 0; at < piece.length; at += BLOCK_BYTES) {
      const hash = imageHash(piece.subarray(at, at + BLOCK_BYTES));
      hash.copy(this.#hashes, ((this.#start + at) / BLOCK_BYTES) * HASH_BYTES);
    }
    this.#start += piece.length;
    this.#piece.fill(0, 0, this.#filled);
    this.#filled = 0;
  }
}
