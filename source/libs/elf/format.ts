/**
 * ELF64 for RISC-V, as far as a loader of static programs needs it, and every way to refuse a file.
 *
 * Numbers from the System V ABI (gabi 4.3, chapters 4 and 5) and the RISC-V ELF psABI 1.0, chapter 8.
 */

/** "\x7fELF" as a little-endian word. */
export const ELF_MAGIC: u32 = 0x464c457f;

/** e_machine of RISC-V. */
export const MACHINE_RISCV: u16 = 243;

/** Bytes of the file header. */
export const FILE_HEADER_BYTES: u32 = 64;

/** Bytes of a program header. */
export const PROGRAM_HEADER_BYTES: u32 = 56;

/** Program headers in a file; ours have six. */
export const PROGRAM_HEADERS_MAX: u32 = 16;

/** Offsets in the file header. */
export const enum FileHeader {
  Magic = 0,
  Class = 4,
  Data = 5,
  IdentVersion = 6,
  Type = 16,
  Machine = 18,
  Version = 20,
  Entry = 24,
  ProgramHeaders = 32,
  Flags = 48,
  Size = 52,
  ProgramHeaderSize = 54,
  ProgramHeaderCount = 56,
}

/** Offsets in a program header. */
export const enum ProgramHeader {
  Type = 0,
  Flags = 4,
  FileOffset = 8,
  VirtualAddress = 16,
  FileBytes = 32,
  MemoryBytes = 40,
}

/** e_ident, e_type, e_version: the only values that are read. */
export const CLASS_64: u8 = 2;
export const DATA_LITTLE_ENDIAN: u8 = 1;
export const VERSION_CURRENT: u32 = 1;
export const TYPE_EXECUTABLE: u16 = 2;

/** e_flags: floating-point calling convention (two bits) and the 16-register base. Neither runs here. */
export const FLAG_FLOAT_ABI: u32 = 0x0006;
export const FLAG_RVE: u32 = 0x0008;

/** p_type. */
export const enum SegmentType {
  Load = 1,
  Dynamic = 2,
  Interpreter = 3,
  ThreadLocal = 7,
}

/** p_flags. */
export const enum SegmentFlag {
  Execute = 1,
  Write = 2,
  Read = 4,
  All = 7,
}

/** Why a file was refused. `Executable.errorSegment` says at which program header, where it is one. */
export const enum ElfError {
  None,
  TooShort,
  Magic,
  Class,
  ByteOrder,
  Version,
  Type,
  Machine,
  Flags,
  HeaderSize,
  ProgramHeaderSize,
  ProgramHeaderCount,
  ProgramHeadersOutside,
  Dynamic,
  SegmentFlags,
  WritableCode,
  FileLargerThanMemory,
  SegmentOutsideFile,
  SegmentOutsideUser,
  SegmentOrder,
  NoSegment,
  Entry,
}

/** The refusal in words. */
export function elfErrorText(error: ElfError): string {
  switch (error) {
    case ElfError.None:
      return "no error";
    case ElfError.TooShort:
      return "file is shorter than an ELF header";
    case ElfError.Magic:
      return "not an ELF file";
    case ElfError.Class:
      return "not a 64-bit ELF file";
    case ElfError.ByteOrder:
      return "not a little-endian ELF file";
    case ElfError.Version:
      return "unknown ELF version";
    case ElfError.Type:
      return "not a static executable (ET_EXEC)";
    case ElfError.Machine:
      return "not built for RISC-V";
    case ElfError.Flags:
      return "built for a floating-point or 16-register calling convention";
    case ElfError.HeaderSize:
      return "ELF header has the wrong size";
    case ElfError.ProgramHeaderSize:
      return "program headers have the wrong size";
    case ElfError.ProgramHeaderCount:
      return "no program header, or too many";
    case ElfError.ProgramHeadersOutside:
      return "program headers are outside the file";
    case ElfError.Dynamic:
      return "needs a dynamic linker or thread-local storage";
    case ElfError.SegmentFlags:
      return "segment cannot be read, or has unknown flags";
    case ElfError.WritableCode:
      return "segment is both writable and executable";
    case ElfError.FileLargerThanMemory:
      return "segment has more bytes in the file than in memory";
    case ElfError.SegmentOutsideFile:
      return "segment's bytes are outside the file";
    case ElfError.SegmentOutsideUser:
      return "segment is outside the memory of programs";
    case ElfError.SegmentOrder:
      return "segments overlap, share a page or do not ascend";
    case ElfError.NoSegment:
      return "nothing to load";
    case ElfError.Entry:
      return "entry point is not an even address in executable code of the file";
    default:
      return "unknown error";
  }
}
