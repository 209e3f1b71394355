/**
 * A static RV64 executable, checked for a loader.
 *
 * An Executable is a view over ELF_STATE_BYTES of the caller's memory. `open` copies the headers there, checks the
 * copies and keeps what it found: the file may lie in memory that another task can still write, so nothing that was
 * checked is ever read from it a second time. The loader only has to copy bytes.
 *
 *     if (program.open(file, length) !== ElfError.None) …
 *     for (let i: u32 = 0; i < program.segmentCount; i += 1) { const s = program.segment(i); … }
 */

import { PAGE_BYTES, USER_BEGIN, USER_PROGRAM_END, wholePages } from "abi/layout";
import {
  CLASS_64,
  DATA_LITTLE_ENDIAN,
  ELF_MAGIC,
  ElfError,
  FILE_HEADER_BYTES,
  FileHeader,
  FLAG_FLOAT_ABI,
  FLAG_RVE,
  MACHINE_RISCV,
  PROGRAM_HEADER_BYTES,
  PROGRAM_HEADERS_MAX,
  ProgramHeader,
  SegmentFlag,
  SegmentType,
  TYPE_EXECUTABLE,
  VERSION_CURRENT,
} from "./format";

/**
 * One part of the program, as it has to be in memory: `fileBytes` from the file, the rest zero.
 *
 *     0         4             8            12          16      20
 *     | address | memoryBytes | fileOffset | fileBytes | flags |
 */
@unmanaged
@final
export class Segment {
  /** Virtual address of the first byte; not always a multiple of the page. */
  address: u32;
  /** Bytes in memory, at least 1. */
  memoryBytes: u32;
  /** Where its bytes are in the file. */
  fileOffset: u32;
  /** How many there are: `memoryBytes` at most. */
  fileBytes: u32;
  private flags: u32;

  get executable(): bool {
    return (this.flags & SegmentFlag.Execute) !== 0;
  }

  get writable(): bool {
    return (this.flags & SegmentFlag.Write) !== 0;
  }

  /** First address of its pages. */
  get pagesStart(): u32 {
    return this.address & ~(PAGE_BYTES - 1);
  }

  /** First address behind its pages. */
  get pagesEnd(): u32 {
    return wholePages(this.address + this.memoryBytes);
  }

  /** Takes over a program header that was checked. */
  set(address: u32, memoryBytes: u32, fileOffset: u32, fileBytes: u32, flags: u32): void {
    this.address = address;
    this.memoryBytes = memoryBytes;
    this.fileOffset = fileOffset;
    this.fileBytes = fileBytes;
    this.flags = flags;
  }
}

/** Bytes of the fields, padded so that the header's doublewords behind them are aligned. */
const FIELDS_BYTES: usize = (offsetof<Executable>() + 7) & ~(<usize>7);

/**
 *     0       4       8              12         16       80
 *     | entry | count | failedHeader | (pad) | header | segments (16 of 20 bytes)
 */
@unmanaged
@final
export class Executable {
  private start: u32;
  private count: u32;
  private failedHeader: u32;

  /** Checks the `length` bytes at `address`, which need no alignment. */
  open(address: usize, length: u32): ElfError {
    this.start = 0;
    this.count = 0;
    this.failedHeader = 0;
    if (length < FILE_HEADER_BYTES) {
      return ElfError.TooShort;
    }
    const header = this.header;
    memory.copy(header, address, <usize>FILE_HEADER_BYTES);

    const error = fileHeaderError(header);
    if (error !== ElfError.None) {
      return error;
    }
    const headerCount = <u32>load<u16>(header, FileHeader.ProgramHeaderCount);
    const headersBytes = headerCount * PROGRAM_HEADER_BYTES;
    const headersOffset = load<u64>(header, FileHeader.ProgramHeaders);
    const entry = load<u64>(header, FileHeader.Entry);
    if (headersBytes > length || headersOffset > <u64>(length - headersBytes)) {
      return ElfError.ProgramHeadersOutside;
    }

    const headers = address + <usize>headersOffset;
    for (let index: u32 = 0; index < headerCount; index += 1) {
      this.failedHeader = index;
      memory.copy(header, headers + <usize>(index * PROGRAM_HEADER_BYTES), <usize>PROGRAM_HEADER_BYTES);
      const segmentError = this.takeProgramHeader(header, length);
      if (segmentError !== ElfError.None) {
        return segmentError;
      }
    }
    this.failedHeader = 0;
    if (this.count === 0) {
      return ElfError.NoSegment;
    }
    if (!this.entryHolds(entry)) {
      return ElfError.Entry;
    }
    this.start = <u32>entry;
    return ElfError.None;
  }

  /** Where the program starts. */
  get entry(): u32 {
    return this.start;
  }

  /** How many segments there are to load, in ascending order, no two on one page. */
  get segmentCount(): u32 {
    return this.count;
  }

  /** Segment `index`; has to be below `segmentCount`. */
  segment(index: u32): Segment {
    const segments = this.header + <usize>FILE_HEADER_BYTES;
    return changetype<Segment>(segments + <usize>index * offsetof<Segment>());
  }

  /** Which program header the last refusal was about, if it was about one. */
  get errorSegment(): u32 {
    return this.failedHeader;
  }

  /** Checks one program header (a copy), and keeps it if its segment is to be loaded. */
  private takeProgramHeader(header: usize, fileLength: u32): ElfError {
    const type = load<u32>(header, ProgramHeader.Type);
    if (
      type === SegmentType.Dynamic ||
      type === SegmentType.Interpreter ||
      type === SegmentType.ThreadLocal
    ) {
      return ElfError.Dynamic;
    }
    if (type !== SegmentType.Load) {
      return ElfError.None;
    }

    const flags = load<u32>(header, ProgramHeader.Flags);
    const address = load<u64>(header, ProgramHeader.VirtualAddress);
    const memoryBytes = load<u64>(header, ProgramHeader.MemoryBytes);
    const fileOffset = load<u64>(header, ProgramHeader.FileOffset);
    const fileBytes = load<u64>(header, ProgramHeader.FileBytes);

    if (fileBytes > memoryBytes) {
      return ElfError.FileLargerThanMemory;
    }
    if (memoryBytes === 0) {
      return ElfError.None;
    }
    // RISC-V has no page that can be written but not read, and this system uses none that can only be executed.
    if ((flags & ~SegmentFlag.All) !== 0 || (flags & SegmentFlag.Read) === 0) {
      return ElfError.SegmentFlags;
    }
    if ((flags & SegmentFlag.Write) !== 0 && (flags & SegmentFlag.Execute) !== 0) {
      return ElfError.WritableCode;
    }
    if (fileBytes > <u64>fileLength || fileOffset > <u64>fileLength - fileBytes) {
      return ElfError.SegmentOutsideFile;
    }
    if (address < <u64>USER_BEGIN || memoryBytes > <u64>(USER_PROGRAM_END - USER_BEGIN)) {
      return ElfError.SegmentOutsideUser;
    }
    if (address > <u64>USER_PROGRAM_END - memoryBytes) {
      return ElfError.SegmentOutsideUser;
    }

    const index = this.count;
    const segment = this.segment(index);
    segment.set(<u32>address, <u32>memoryBytes, <u32>fileOffset, <u32>fileBytes, flags);
    if (index !== 0 && segment.pagesStart < this.segment(index - 1).pagesEnd) {
      return ElfError.SegmentOrder;
    }
    this.count = index + 1;
    return ElfError.None;
  }

  /** Code has to be in the file, not in the zeros behind it, and instructions are at even addresses. */
  private entryHolds(entry: u64): bool {
    if ((entry & 1) !== 0) {
      return false;
    }
    for (let index: u32 = 0; index < this.count; index += 1) {
      const segment = this.segment(index);
      const offset = entry - <u64>segment.address;
      if (entry >= <u64>segment.address && offset < <u64>segment.fileBytes) {
        return segment.executable;
      }
    }
    return false;
  }

  /** Room for the header that is being checked; the segments' table is behind it. */
  private get header(): usize {
    return changetype<usize>(this) + FIELDS_BYTES;
  }
}

/** Checks the file header (a copy). */
function fileHeaderError(header: usize): ElfError {
  if (load<u32>(header, FileHeader.Magic) !== ELF_MAGIC) {
    return ElfError.Magic;
  }
  if (load<u8>(header, FileHeader.Class) !== CLASS_64) {
    return ElfError.Class;
  }
  if (load<u8>(header, FileHeader.Data) !== DATA_LITTLE_ENDIAN) {
    return ElfError.ByteOrder;
  }
  if (<u32>load<u8>(header, FileHeader.IdentVersion) !== VERSION_CURRENT) {
    return ElfError.Version;
  }
  if (load<u32>(header, FileHeader.Version) !== VERSION_CURRENT) {
    return ElfError.Version;
  }
  if (load<u16>(header, FileHeader.Type) !== TYPE_EXECUTABLE) {
    return ElfError.Type;
  }
  if (load<u16>(header, FileHeader.Machine) !== MACHINE_RISCV) {
    return ElfError.Machine;
  }
  if ((load<u32>(header, FileHeader.Flags) & (FLAG_FLOAT_ABI | FLAG_RVE)) !== 0) {
    return ElfError.Flags;
  }
  if (<u32>load<u16>(header, FileHeader.Size) !== FILE_HEADER_BYTES) {
    return ElfError.HeaderSize;
  }
  if (<u32>load<u16>(header, FileHeader.ProgramHeaderSize) !== PROGRAM_HEADER_BYTES) {
    return ElfError.ProgramHeaderSize;
  }
  const count = <u32>load<u16>(header, FileHeader.ProgramHeaderCount);
  if (count === 0 || count > PROGRAM_HEADERS_MAX) {
    return ElfError.ProgramHeaderCount;
  }
  return ElfError.None;
}

/** How much memory an Executable needs, in bytes (8-byte aligned). */
export const ELF_STATE_BYTES: u32 =
  <u32>FIELDS_BYTES + FILE_HEADER_BYTES + PROGRAM_HEADERS_MAX * <u32>offsetof<Segment>();
