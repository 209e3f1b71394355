/**
 * Guest RAM by physical address, for accesses that the fast path does not serve.
 *
 * A writer calls physicalWritten() first. Then a store here has the same side effects as a store of a hart: code that was
 * decoded from that page is dropped, and reservations on it are broken.
 */
import { noteWrite, Writes } from "../code/pages";
import { hartAt, reservers, unreserve } from "../hart/hart";
import { Observed } from "../hart/watchpoints";
import { hartCount, PAGE_SHIFT, RAM_START, ramBase, ramBytes } from "../layout";

/** Bytes of a reservation set: a cache line. */
const LINE_SHIFT: u64 = 6;

/** Whether [address, address + bytes) is RAM. */
export function isRam(address: u64, bytes: u64): bool {
  const size = <u64>ramBytes();
  return bytes <= size && address >= RAM_START && address - RAM_START <= size - bytes;
}

/** Linear address of a physical one. The caller has checked isRam(). */
export function ramAddress(address: u64): usize {
  return ramBase() + <usize>(address - RAM_START);
}

/** Ends the reservations of all harts but `writer` on the lines of [address, address + bytes). */
export function breakReservations(address: u64, bytes: u64, writer: u32): void {
  if (reservers() === 0) {
    return;
  }
  const first = address >> LINE_SHIFT;
  const last = (address + bytes - 1) >> LINE_SHIFT;
  for (let id: u32 = 0; id < hartCount(); id++) {
    const hart = hartAt(id);
    if (id === writer || hart.reserved === 0) {
      continue;
    }
    const line = hart.reservedAddress >> LINE_SHIFT;
    if (line >= first && line <= last) {
      unreserve(hart);
    }
  }
}

/** The writer number of a device. */
export const DEVICE: u32 = 0xffff_ffff;
/** The writer number of the host. */
export const HOST: u32 = 0xffff_fffe;

/** Tells the machine that [address, address + bytes), which is RAM, is about to be written. True if code was there. */
export function physicalWritten(address: u64, bytes: u64, writer: u32): bool {
  if (bytes === 0) {
    return false;
  }
  if (writer !== HOST) {
    Observed.write(address, bytes, writer);
  }
  breakReservations(address, bytes, writer);
  const last = <u32>((address - RAM_START + bytes - 1) >> PAGE_SHIFT);
  let code = false;
  for (let page = <u32>((address - RAM_START) >> PAGE_SHIFT); page <= last; page++) {
    if (noteWrite(page)) {
      code = true;
    }
  }
  return code;
}

@final
export class Page {
  /** The same for a write within a page. Most have nothing to tell, so this is looked at without a call. */
  @inline
  static written(address: u64, bytes: u64, writer: u32): bool {
    Observed.write(address, bytes, writer);
    const page = <u32>((address - RAM_START) >> PAGE_SHIFT);
    if (reservers() === 0 && Writes.isNoted(page)) {
      return false;
    }
    return pageWritten(page, address, bytes, writer);
  }
}

function pageWritten(page: u32, address: u64, bytes: u64, writer: u32): bool {
  if (reservers() !== 0) {
    breakReservations(address, bytes, writer);
  }
  return noteWrite(page);
}

/** Reads 1, 2, 4 or 8 bytes of linear memory, little-endian, zero-extended. */
export function loadLinear(at: usize, size: u32): u64 {
  if (size === 1) {
    return <u64>load<u8>(at);
  }
  if (size === 2) {
    return <u64>load<u16>(at);
  }
  if (size === 4) {
    return <u64>load<u32>(at);
  }
  return load<u64>(at);
}

/** Writes 1, 2, 4 or 8 bytes of linear memory, little-endian. */
export function storeLinear(at: usize, size: u32, value: u64): void {
  if (size === 1) {
    store<u8>(at, <u8>value);
  } else if (size === 2) {
    store<u16>(at, <u16>value);
  } else if (size === 4) {
    store<u32>(at, <u32>value);
  } else {
    store<u64>(at, value);
  }
}
