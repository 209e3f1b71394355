// A small ELF file, written by hand: what the loader's tests load.

export interface ElfSegment {
  readonly address: number;
  readonly content: Uint8Array;
  /** Bytes in memory; the content's length if nothing is said. */
  readonly memoryBytes?: number;
  /** 1 execute, 2 write, 4 read. */
  readonly flags: number;
}

/** The file's bytes (System V ABI, ELF-64): header, program headers, then the contents. */
export function elfFile(entry: number, segments: readonly ElfSegment[]): Uint8Array {
  const headersEnd = 64 + segments.length * 56;
  const length = segments.reduce((sum, { content }) => sum + content.length, headersEnd);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, 64n, true);
  view.setUint32(48, 1, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let offset = headersEnd;
  for (const [index, { address, content, memoryBytes = content.length, flags }] of segments.entries()) {
    const at = 64 + index * 56;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(address), true);
    view.setBigUint64(at + 24, BigInt(address), true);
    view.setBigUint64(at + 32, BigInt(content.length), true);
    view.setBigUint64(at + 40, BigInt(memoryBytes), true);
    view.setBigUint64(at + 48, 4096n, true);
    file.set(content, offset);
    offset += content.length;
  }
  return file;
}

/** `length` bytes that tell where they came from. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
}
