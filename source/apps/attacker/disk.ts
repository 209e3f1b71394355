/**
 * The disk cannot be written. It can be read only within its bounds, and only into shared memory.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { SECTORS_PER_READ_MAX, VirtioBlkMethod } from "gen/idl/virtio_blk";
import { attachBlockMemory, blockInfo, DiskInfo, readSectors, writeSectors } from "runtime/blocks";
import { copySlot, createVmo, drop, map, pin, result } from "runtime/call";
import { call, messagePage } from "runtime/ipc";
import { slotOf } from "runtime/startup";
import { tellBlock, tellNumber, tellStatus } from "./report";

const WINDOW: usize = USER_MAPPINGS;
const PATTERN: u8 = 0xa5;
const SECTOR_BYTES: u32 = 512;
const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
const before: usize = memory.data(SECTOR_BYTES, 8);

export function attackDisk(): void {
  const service = slotOf(Role.BlockService);
  if (createVmo(2 * PAGE_BYTES) < 0) {
    return;
  }
  const vmo = <u32>result(0);
  map(vmo, WINDOW, 0, 2 * PAGE_BYTES, Right.Read | Right.Write);
  tellBlock("info", blockInfo(service, disk));
  tellNumber("read-only", disk.isReadOnly ? 1 : 0);
  tellNumber("sectors", disk.sectorCount);

  tellBlock("attaching more than there is", attachBlockMemory(service, vmo, 4 * PAGE_BYTES));
  tellBlock("attaching all of the address space", attachBlockMemory(service, vmo, FOREVER));
  if (createVmo(PAGE_BYTES) >= 0) {
    attachReadOnly(service, <u32>result(0));
  }
  tellBlock("attaching a page", attachBlockMemory(service, vmo, PAGE_BYTES));
  tellBlock("reading the first sector before", readSectors(service, 0, 1, 0));
  memory.copy(before, WINDOW, SECTOR_BYTES);
  memory.fill(WINDOW, PATTERN, 2 * PAGE_BYTES);

  tellBlock("writing the first sector", writeSectors(service, 0, 1, 0));
  tellBlock("writing the last sector", writeSectors(service, disk.sectorCount - 1, 1, 0));
  tellBlock("writing behind the end", writeSectors(service, disk.sectorCount, 1, 0));
  tellBlock("writing nothing", writeSectors(service, 0, 0, 0));
  memory.fill(messagePage(), 0xff, 64);
  tellStatus("writing with a message of ones", call(service, 64, VirtioBlkMethod.write, 0, FOREVER));
  tellBlock("reading the first sector", readSectors(service, 0, 1, 0));
  tellNumber("the first sector is another", memory.compare(before, WINDOW, SECTOR_BYTES) === 0 ? 0 : 1);

  attackBounds(service);
  tellNumber(
    "bytes changed outside of what was attached",
    PAGE_BYTES - patternBytes(WINDOW + PAGE_BYTES, PAGE_BYTES),
  );
  tellStatus("pinning for a device of no slot", pin(NO_SLOT, vmo, 0, PAGE_BYTES));
  tellStatus("pinning for the console", pin(slotOf(Role.Console), vmo, 0, PAGE_BYTES));
}

/** The device would write to memory that its client may only read. */
function attachReadOnly(service: u32, vmo: u32): void {
  // The runtime sends the capability with Read and Write; a copy without Write cannot grow it on the way.
  const original = vmo;
  tellBlock("attaching memory that may only be read", attachCopy(service, original));
  drop(original);
}

function attachCopy(service: u32, vmo: u32): i32 {
  const status = copySlot(vmo, Right.Read | Right.Transfer, 0);
  if (status < 0) {
    return status;
  }
  const copy = <u32>result(0);
  const outcome = attachBlockMemory(service, copy, PAGE_BYTES);
  drop(copy);
  return outcome;
}

function attackBounds(service: u32): void {
  const sectors = disk.sectorCount;
  tellBlock("reading at the end", readSectors(service, sectors, 1, 0));
  tellBlock("reading across the end", readSectors(service, sectors - 1, 2, 0));
  tellBlock("reading at the last of all sectors", readSectors(service, FOREVER, 1, 0));
  tellBlock("reading at 2^55", readSectors(service, (<u64>1) << 55, 8, 0));
  tellBlock("reading no sectors", readSectors(service, 0, 0, 0));
  tellBlock("reading 257 sectors", readSectors(service, 0, SECTORS_PER_READ_MAX + 1, 0));
  tellBlock("reading 2^32 - 1 sectors", readSectors(service, 0, 0xffff_ffff, 0));
  tellBlock("reading more than was attached", readSectors(service, 0, 9, 0));
  tellBlock("reading to behind what was attached", readSectors(service, 0, 1, PAGE_BYTES));
  tellBlock("reading over the edge", readSectors(service, 0, 1, PAGE_BYTES - 256));
  tellBlock("reading to far outside", readSectors(service, 0, 1, FOREVER - 7));
  tellBlock("reading to an odd place", readSectors(service, 0, 1, 1));
}

function patternBytes(from: usize, bytes: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) {
    if (load<u8>(from + <usize>i) === PATTERN) {
      count += 1;
    }
  }
  return count;
}
