/**
 * Physical memory protection: sixteen entries, and what they allow (privileged specification, 3.7).
 *
 * The entry of lowest number that covers a byte of an access decides, and it must cover the whole access. If none does, only
 * machine mode may access. PMP is checked when a translation is made, so translations are forgotten when an entry changes.
 * If entries treat parts of a page differently, PMP is checked at each access and each instruction (pages.ts, UNDECODED).
 */
import { Hart, Mode } from "../hart/hart";
import { RAM_START, ramBytes } from "../layout";

const ENTRIES: u32 = 16;
const CONFIG_FIRST: u32 = 0x3a0;
const ADDRESS_FIRST: u32 = 0x3b0;
const LAST: u32 = 0x3ef;

const NOTHING: u32 = ENTRIES;
/** Where a kernel begins. The RAM below belongs to firmware. */
const ABOVE_FIRMWARE: u64 = 0x8020_0000;

/** Bits of a configuration byte. */
const LOCK: u32 = 0x80;
const MODE: u32 = 0x18;
const TOR: u32 = 0x08;
const READ: u32 = 1;
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;
const NA4: u32 = 0x10;
const RESERVED: u32 = 0x60;
/** Addresses are of 56 bits, in units of four bytes. */
const ADDRESS_MASK: u64 = (1 << 54) - 1;

function configAt(hart: Hart, index: u32): usize {
  return changetype<usize>(hart) + offsetof<Hart>("pmpcfg0") + <usize>index;
}

function addressAt(hart: Hart, index: u32): usize {
  return changetype<usize>(hart) + offsetof<Hart>("pmpaddr0") + <usize>(index << 3);
}

/** Whether a CSR number is one of pmpcfg0 to pmpaddr63. */
export function isPmp(number: u32): bool {
  return number >= CONFIG_FIRST && number <= LAST;
}

/** Reads pmpcfg or pmpaddr, by CSR number; entries beyond the sixteenth are zero. */
export function pmpRead(hart: Hart, number: u32): u64 {
  if (number >= ADDRESS_FIRST) {
    const index = number - ADDRESS_FIRST;
    return index < ENTRIES ? load<u64>(addressAt(hart, index)) : 0;
  }
  const first = (number - CONFIG_FIRST) << 2;
  return first < ENTRIES ? load<u64>(configAt(hart, first)) : 0;
}

function writeConfig(hart: Hart, index: u32, value: u32): void {
  const at = configAt(hart, index);
  if ((load<u8>(at) & LOCK) !== 0) {
    return;
  }
  let next = value & ~RESERVED;
  // W without R is reserved.
  if ((next & (READ | WRITE)) === WRITE) {
    next &= ~WRITE;
  }
  store<u8>(at, <u8>next);
}

/** Writes pmpcfg or pmpaddr. Locked entries stay as they are. */
export function pmpWrite(hart: Hart, number: u32, value: u64): void {
  if (number < ADDRESS_FIRST) {
    const first = (number - CONFIG_FIRST) << 2;
    if (first >= ENTRIES) {
      return;
    }
    for (let index: u32 = 0; index < 8; index++) {
      writeConfig(hart, first + index, <u32>((value >> ((<u64>index) << 3)) & 0xff));
    }
    return;
  }
  const index = number - ADDRESS_FIRST;
  if (index >= ENTRIES || (load<u8>(configAt(hart, index)) & LOCK) !== 0) {
    return;
  }
  // The lower bound of a locked range is locked with it.
  if (index + 1 < ENTRIES) {
    const above = <u32>load<u8>(configAt(hart, index + 1));
    if ((above & LOCK) !== 0 && (above & MODE) === TOR) {
      return;
    }
  }
  store<u64>(addressAt(hart, index), value & ADDRESS_MASK);
}

/** First byte that an entry covers. */
function firstOf(hart: Hart, index: u32, mode: u32): u64 {
  const address = load<u64>(addressAt(hart, index));
  if (mode === TOR) {
    return index === 0 ? 0 : load<u64>(addressAt(hart, index - 1)) << 2;
  }
  // Naturally aligned, a power of two: the number of ones at the end says how large.
  return (mode === NA4 ? address : address & (address + 1)) << 2;
}

/** The byte behind the last that an entry covers. */
function endOf(hart: Hart, index: u32, mode: u32): u64 {
  const address = load<u64>(addressAt(hart, index));
  if (mode === TOR) {
    return address << 2;
  }
  return mode === NA4 ? (address + 1) << 2 : ((address | (address + 1)) + 1) << 2;
}

/** The first entry that covers some of [address, address + bytes), or NOTHING. */
function matching(hart: Hart, address: u64, bytes: u64): u32 {
  for (let index: u32 = 0; index < ENTRIES; index++) {
    const mode = <u32>load<u8>(configAt(hart, index)) & MODE;
    if (mode === 0) {
      continue;
    }
    if (firstOf(hart, index, mode) < address + bytes && endOf(hart, index, mode) > address) {
      return index;
    }
  }
  return NOTHING;
}

/** Whether the entry covers all of [address, address + bytes). */
function covers(hart: Hart, index: u32, address: u64, bytes: u64): bool {
  const mode = <u32>load<u8>(configAt(hart, index)) & MODE;
  return firstOf(hart, index, mode) <= address && endOf(hart, index, mode) >= address + bytes;
}

@final
export class Open {
  /** Whether every access to [address, address + bytes) is allowed, as pmpChanged() found. All of it is RAM then. */
  @inline
  static covers(hart: Hart, address: u64, bytes: u64): bool {
    return address >= hart.pmpOpenFirst && address + bytes <= hart.pmpOpenEnd;
  }
}

/** Finds out whether all of RAM, or all of it above the firmware, is open. To be called after each change of an entry. */
export function pmpChanged(hart: Hart): void {
  hart.pmpOpenFirst = 0;
  hart.pmpOpenEnd = 0;
  const end = RAM_START + <u64>ramBytes();
  for (let first = RAM_START; first <= ABOVE_FIRMWARE && first < end; first += ABOVE_FIRMWARE - RAM_START) {
    const index = matching(hart, first, end - first);
    if (index === NOTHING || !covers(hart, index, first, end - first)) {
      continue;
    }
    const all = READ | WRITE | EXECUTE;
    if ((<u32>load<u8>(configAt(hart, index)) & all) !== all) {
      continue;
    }
    hart.pmpOpenFirst = first;
    hart.pmpOpenEnd = end;
    return;
  }
}

/** Whether a mode may access [address, address + bytes): to read (0), write (1) or execute (2). */
export function pmpAllows(hart: Hart, address: u64, bytes: u64, access: u32, mode: u32): bool {
  if (Open.covers(hart, address, bytes)) {
    return true;
  }
  const index = matching(hart, address, bytes);
  if (index === NOTHING) {
    return mode === Mode.Machine;
  }
  if (!covers(hart, index, address, bytes)) {
    return false;
  }
  const config = <u32>load<u8>(configAt(hart, index));
  if (mode === Mode.Machine && (config & LOCK) === 0) {
    return true;
  }
  const needed = access === 0 ? READ : access === 1 ? WRITE : EXECUTE;
  return (config & needed) !== 0;
}

/** Whether entries treat all of the page at `address` in the same way. */
export function pmpUniform(hart: Hart, address: u64): bool {
  const page = address & ~0xfff;
  if (Open.covers(hart, page, 4096)) {
    return true;
  }
  const index = matching(hart, page, 4096);
  return index === NOTHING || covers(hart, index, page, 4096);
}

/** Sets the entries as OpenSBI does: the supervisor may access all but the firmware's 512 KiB at the start of RAM. */
export function pmpAsFirmware(hart: Hart): void {
  hart.pmpcfg0 = 0x1f18;
  hart.pmpaddr0 = (0x8000_0000 >> 2) | (0x8_0000 / 8 - 1);
  hart.pmpaddr1 = ADDRESS_MASK;
  pmpChanged(hart);
}
