// Writes RV64 executables, right ones and wrong ones, byte by byte as the ELF specification says.

/** A program header. What is left out is as in a good text segment. */
export interface SegmentWords {
  readonly type?: number;
  readonly flags?: number;
  readonly offset?: bigint;
  readonly address?: bigint;
  readonly fileBytes?: bigint;
  readonly memoryBytes?: bigint;
}

export const flag = { execute: 1, write: 2, read: 4 } as const;
export const type = { load: 1, dynamic: 2, interpreter: 3, note: 4, threadLocal: 7 } as const;

const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** An executable of `byteLength` bytes that starts at `entry`. */
export function program(segments: readonly SegmentWords[], entry = 0x1_0000n, byteLength = 0x1000): Buffer {
  const file = Buffer.alloc(byteLength);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(243, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(entry, 24);
  file.writeBigUInt64LE(BigInt(FILE_HEADER_BYTES), 32);
  file.writeUInt32LE(1, 48);
  file.writeUInt16LE(FILE_HEADER_BYTES, 52);
  file.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  file.writeUInt16LE(segments.length, 56);
  for (const [index, segment] of segments.entries()) {
    const at = FILE_HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    file.writeUInt32LE(segment.type ?? type.load, at);
    file.writeUInt32LE(segment.flags ?? flag.read | flag.execute, at + 4);
    file.writeBigUInt64LE(segment.offset ?? 0n, at + 8);
    file.writeBigUInt64LE(segment.address ?? 0x1_0000n, at + 16);
    file.writeBigUInt64LE(segment.address ?? 0x1_0000n, at + 24);
    file.writeBigUInt64LE(segment.fileBytes ?? 0x200n, at + 32);
    file.writeBigUInt64LE(segment.memoryBytes ?? segment.fileBytes ?? 0x200n, at + 40);
    file.writeBigUInt64LE(0x1000n, at + 48);
  }
  return file;
}

/** Text, read-only data, and data with zeros behind it; a note and a stack header that say nothing. */
export const sampleSegments: readonly SegmentWords[] = [
  { type: type.note, flags: 0, offset: 0xffff_ffffn },
  { address: 0x1_0000n, fileBytes: 0x200n },
  { flags: flag.read, address: 0x1_1200n, offset: 0x200n, fileBytes: 0x100n },
  {
    flags: flag.read | flag.write,
    address: 0x100_0000n,
    offset: 0x300n,
    fileBytes: 0x10n,
    memoryBytes: 0x5000n,
  },
  { type: 0x6474_e551, flags: 6, fileBytes: 0n },
];
