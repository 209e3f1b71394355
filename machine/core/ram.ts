// Guest RAM by physical address, for devices (DMA), firmware and the host.
//
// A store here does what a store of a hart does beside writing: code decoded from that page is dropped, and
// reservations on it are broken.
import { ramBase, ramBytes, RAM_START } from "./layout";

/** Whether [address, address + bytes) is RAM. */
export function isRam(address: u64, bytes: u64): bool {
  const size = <u64>ramBytes();
  return bytes <= size && address >= RAM_START && address - RAM_START <= size - bytes;
}

/** Linear address of a physical one that isRam() has vouched for. */
export function ramAddress(address: u64): usize {
  return ramBase() + <usize>(address - RAM_START);
}

/** Tells the machine that [address, address + bytes), which is RAM, is about to be written from outside a hart. */
export function physicalWritten(address: u64, bytes: u64): void {
  assert(isRam(address, bytes));
}

/** Reads 1, 2, 4 or 8 bytes of RAM, little-endian; 0 where there is no RAM. */
export function physicalLoad(address: u64, size: u32): u64 {
  if (!isRam(address, size)) return 0;
  const at = ramAddress(address);
  if (size === 1) return <u64>load<u8>(at);
  if (size === 2) return <u64>load<u16>(at);
  if (size === 4) return <u64>load<u32>(at);
  return load<u64>(at);
}

/** Writes 1, 2, 4 or 8 bytes of RAM, little-endian; false where there is no RAM. */
export function physicalStore(address: u64, size: u32, value: u64): bool {
  if (!isRam(address, size)) return false;
  physicalWritten(address, size);
  const at = ramAddress(address);
  if (size === 1) store<u8>(at, <u8>value);
  else if (size === 2) store<u16>(at, <u16>value);
  else if (size === 4) store<u32>(at, <u32>value);
  else store<u64>(at, value);
  return true;
}
