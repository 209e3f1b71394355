// A cursor over a Wasm file: bytes, LEB128 numbers, names. Every read is bounded by the file's (or a
// section's) end, and a file that is cut off is an error with its offset, never an undefined.

import { refusal, ToolchainError } from "./error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How many bytes a LEB128 number may have: ceil(32 / 7) and ceil(64 / 7). */
const LEB32_BYTES_MAX = 5;
const LEB64_BYTES_MAX = 10;

/** An error in the file itself, which asc's output never has. */
export function malformed(what: string, offset: number): ToolchainError {
  const message = `malformed Wasm at byte ${offset}: ${what}`;
  return new ToolchainError(message, [refusal(message)]);
}

export class Bytes {
  readonly data: Uint8Array;
  /** Offset in the file of the next byte. */
  position: number;
  /** One past the last byte that may be read. */
  readonly end: number;

  constructor(data: Uint8Array, position = 0, end = data.length) {
    if (end > data.length) {
      throw malformed("a part ends beyond the file's end", position);
    }
    this.data = data;
    this.position = position;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  byte(): number {
    const value = this.position < this.end ? this.data[this.position] : undefined;
    if (value === undefined) {
      throw malformed("unexpected end", this.position);
    }
    this.position++;
    return value;
  }

  /** Steps over `length` bytes and gives them (a view, not a copy). */
  take(length: number): Uint8Array {
    const start = this.position;
    if (length > this.end - start) {
      throw malformed(`${length} bytes are more than the rest`, start);
    }
    this.position = start + length;
    return this.data.subarray(start, start + length);
  }

  /** A cursor over the next `length` bytes; this one steps over them. */
  part(length: number): Bytes {
    const start = this.position;
    this.take(length);
    return new Bytes(this.data, start, start + length);
  }

  /** LEB128, unsigned, 32 bits: counts, indices, offsets. */
  u32(): number {
    return Number(BigInt.asUintN(32, this.leb(LEB32_BYTES_MAX, false)));
  }

  /** LEB128, signed, 32 or 64 bits (33 for block types: read as 64). */
  s32(): bigint {
    return BigInt.asIntN(32, this.leb(LEB32_BYTES_MAX, true));
  }

  s64(): bigint {
    return BigInt.asIntN(64, this.leb(LEB64_BYTES_MAX, true));
  }

  name(): string {
    const start = this.position;
    const bytes = this.take(this.u32());
    try {
      return utf8.decode(bytes);
    } catch {
      throw malformed("a name is not UTF-8", start);
    }
  }

  /** A vector: its count, then each item by `read`. The count is bounded by the bytes that are left. */
  list<Item>(read: () => Item): Item[] {
    const start = this.position;
    const count = this.u32();
    if (count > this.end - this.position) {
      throw malformed(`a list of ${count} items does not fit`, start);
    }
    return Array.from({ length: count }, read);
  }

  private leb(bytesMax: number, signed: boolean): bigint {
    const start = this.position;
    let value = 0n;
    for (let index = 0; index < bytesMax; index++) {
      const byte = this.byte();
      const shift = BigInt(7 * index);
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) !== 0) {
        continue;
      }
      return signed && (byte & 0x40) !== 0 ? value - (1n << (shift + 7n)) : value;
    }
    throw malformed("a number is too long", start);
  }
}
