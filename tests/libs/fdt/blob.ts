// Writes device tree blobs, right ones and wrong ones: every token and every header word can be set as the test
// likes. It shares nothing with the reader, nor with the compiler in toolchain/dts.

const HEADER_BYTES = 40;

/** Tokens of the structure block. */
export const token = { begin: 1, end: 2, property: 3, nop: 4, last: 9 } as const;

/** Header words by name, with their offsets. */
export const header = {
  magic: 0,
  totalSize: 4,
  structure: 8,
  strings: 12,
  reservations: 16,
  version: 20,
  compatible: 24,
  stringsSize: 32,
  structureSize: 36,
} as const;

/** Builds a blob token by token. */
export class BlobWriter {
  readonly #structure: number[] = [];
  readonly #strings: number[] = [];
  readonly #reservations: bigint[] = [];

  reserve(address: bigint, size: bigint): this {
    this.#reservations.push(address, size);
    return this;
  }

  begin(name: string): this {
    return this.word(token.begin).bytes([...Buffer.from(name), 0]);
  }

  end(): this {
    return this.word(token.end);
  }

  property(name: string, value: Uint8Array | readonly number[] = []): this {
    const nameOffset = this.#strings.length;
    this.#strings.push(...Buffer.from(name), 0);
    return this.word(token.property)
      .word(value.length)
      .word(nameOffset)
      .bytes([...value]);
  }

  nop(): this {
    return this.word(token.nop);
  }

  last(): this {
    return this.word(token.last);
  }

  /** Where the next token goes, as an offset in the structure block. */
  get at(): number {
    return this.#structure.length;
  }

  word(value: number): this {
    this.#structure.push(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
    return this;
  }

  bytes(values: readonly number[]): this {
    this.#structure.push(...values);
    while (this.#structure.length % 4 !== 0) {
      this.#structure.push(0);
    }
    return this;
  }

  /** The blob, its length a multiple of eight. `structureStart` tells where the structure block went. */
  finish(): Buffer {
    const structureStart = this.structureStart;
    const stringsStart = structureStart + this.#structure.length;
    const total = Math.ceil((stringsStart + this.#strings.length) / 8) * 8;
    const blob = Buffer.alloc(total);
    const words: Record<number, number> = {
      [header.magic]: 0xd00dfeed,
      [header.totalSize]: total,
      [header.structure]: structureStart,
      [header.strings]: stringsStart,
      [header.reservations]: HEADER_BYTES,
      [header.version]: 17,
      [header.compatible]: 16,
      [header.stringsSize]: this.#strings.length,
      [header.structureSize]: this.#structure.length,
    };
    for (const [offset, value] of Object.entries(words)) {
      blob.writeUInt32BE(value, Number(offset));
    }
    for (const [index, value] of this.#reservations.entries()) {
      blob.writeBigUInt64BE(value, HEADER_BYTES + index * 8);
    }
    blob.set(this.#structure, structureStart);
    blob.set(this.#strings, stringsStart);
    return blob;
  }

  get structureStart(): number {
    return HEADER_BYTES + (this.#reservations.length / 2 + 1) * 16;
  }
}

/** Big-endian cells. */
export function cells(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) {
    bytes.writeUInt32BE(value >>> 0, index * 4);
  }
  return bytes;
}

/** Strings, each with its zero. */
export function strings(...values: string[]): Buffer {
  return Buffer.from(values.map((value) => `${value}\0`).join(""));
}

/** A small tree with a bit of everything. */
export function sampleTree(): BlobWriter {
  return new BlobWriter()
    .reserve(0x8000_0000n, 0x8_0000n)
    .begin("")
    .property("#address-cells", cells(2))
    .property("#size-cells", cells(2))
    .property("compatible", strings("vendor,board", "riscv-virtio"))
    .nop()
    .begin("cpus")
    .property("#address-cells", cells(1))
    .property("#size-cells", cells(0))
    .property("timebase-frequency", cells(10_000_000))
    .begin("cpu@0")
    .property("reg", cells(0))
    .property("status", strings("okay"))
    .begin("interrupt-controller")
    .property("phandle", cells(7))
    .end()
    .end()
    .begin("cpu@1")
    .property("reg", cells(1))
    .property("status", strings("disabled"))
    .end()
    .end()
    .begin("memory@80000000")
    .property("device_type", strings("memory"))
    .property("reg", cells(0, 0x8000_0000, 0, 0x1000_0000, 1, 0, 0, 0x2000))
    .end()
    .begin("chosen")
    .property("nexus,nonce", strings("0123456789abcdef"))
    .property("empty")
    .property("odd", [1, 2, 3, 4, 5])
    .end()
    .nop()
    .end()
    .last();
}
