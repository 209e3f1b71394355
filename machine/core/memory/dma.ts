/**
 * Guest RAM for devices and firmware, by physical address. Their accesses are noted for sharing.ts.
 */

import { noteDevice } from "../chaos/sharing";
import { Observed } from "../hart/watchpoints";
import { DEVICE, isRam, loadLinear, physicalWritten, ramAddress, storeLinear } from "./ram";

/** What a device reads: 1, 2, 4 or 8 bytes of RAM, little-endian, zero-extended; 0 where there is no RAM. */
export function physicalLoad(address: u64, size: u32): u64 {
  if (!isRam(address, size)) {
    return 0;
  }
  noteDevice(address, size, false);
  Observed.read(address, size, DEVICE);
  return loadLinear(ramAddress(address), size);
}

/** What a device writes: 1, 2, 4 or 8 bytes of RAM, little-endian; false where there is no RAM. */
export function physicalStore(address: u64, size: u32, value: u64): bool {
  if (!isRam(address, size)) {
    return false;
  }
  deviceWrites(address, size);
  storeLinear(ramAddress(address), size, value);
  return true;
}

/** Tells the machine that a device is about to write [address, address + bytes), which is RAM. */
export function deviceWrites(address: u64, bytes: u64): void {
  physicalWritten(address, bytes, DEVICE);
  noteDevice(address, bytes, true);
}
