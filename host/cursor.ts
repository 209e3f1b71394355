// Reads little-endian numbers and names out of bytes, one after another. ELF and DWARF consist of them.
//
// The one idea: a read past the end throws a RangeError (DataView does), so a broken file cannot make a parser run
// on; the parser catches it once, at the top.

export class Cursor {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  get atEnd(): boolean {
    return this.offset >= this.bytes.length;
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  i8(): number {
    return this.view.getInt8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.advance(8), true);
  }

  /** An offset or a size of 64 bits that has to be small enough for a file. */
  size(): number {
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`size ${value} is too large`);
    }
    return Number(value);
  }

  /** Unsigned LEB128 (DWARF 4, 7.6); values above 2^53 lose their low bits, and none of ours are. */
  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) {
        return value;
      }
    }
  }

  /** Signed LEB128. */
  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) !== 0) {
        continue;
      }
      return (byte & 0x40) !== 0 ? value - scale * 128 : value;
    }
  }

  /** Characters up to a zero, which is skipped. */
  text(): string {
    const end = this.bytes.indexOf(0, this.offset);
    if (end < 0) {
      throw new RangeError("a name does not end with a zero");
    }
    const text = new TextDecoder().decode(this.bytes.subarray(this.offset, end));
    this.offset = end + 1;
    return text;
  }

  skip(count: number): void {
    this.advance(count);
  }

  private advance(count: number): number {
    const offset = this.offset;
    this.offset += count;
    return offset;
  }
}
