// Physical memory protection: sixteen entries, as registers (privileged specification, 3.7).
//
// Their fields keep to the rules of WARL and of the lock bit.
import { Hart } from "./hart";

const ENTRIES: u32 = 16;
const CONFIG_FIRST: u32 = 0x3a0;
const ADDRESS_FIRST: u32 = 0x3b0;
const LAST: u32 = 0x3ef;

/** Bits of a configuration byte. */
const LOCK: u32 = 0x80;
const MODE: u32 = 0x18;
const TOR: u32 = 0x08;
const READ: u32 = 1;
const WRITE: u32 = 2;
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
  if ((load<u8>(at) & LOCK) !== 0) return;
  let next = value & ~RESERVED;
  // W without R is reserved.
  if ((next & (READ | WRITE)) === WRITE) next &= ~WRITE;
  store<u8>(at, <u8>next);
}

/** Writes pmpcfg or pmpaddr; what is locked stays. */
export function pmpWrite(hart: Hart, number: u32, value: u64): void {
  if (number < ADDRESS_FIRST) {
    const first = (number - CONFIG_FIRST) << 2;
    if (first >= ENTRIES) return;
    for (let index: u32 = 0; index < 8; index++) {
      writeConfig(hart, first + index, <u32>((value >> ((<u64>index) << 3)) & 0xff));
    }
    return;
  }
  const index = number - ADDRESS_FIRST;
  if (index >= ENTRIES || (load<u8>(configAt(hart, index)) & LOCK) !== 0) return;
  // The lower bound of a locked range is locked with it.
  if (index + 1 < ENTRIES) {
    const above = <u32>load<u8>(configAt(hart, index + 1));
    if ((above & LOCK) !== 0 && (above & MODE) === TOR) return;
  }
  store<u64>(addressAt(hart, index), value & ADDRESS_MASK);
}
