/**
 * Tries to write to the disk, to read outside of its bounds, and to have data written outside of the memory that was
 * attached. tests/attack/5-virtio-blk-read-only.test.ts says what each line printed here has to be.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { messageInfo } from "abi/message";
import { Role } from "abi/startup";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { QUEUE_SIZE_MAX, VirtioRegister } from "abi/virtio";
import { SECTORS_PER_READ_MAX, VirtioBlkMethod } from "gen/idl/virtio_blk";
import { attachBlockMemory, blockInfo, DiskInfo, readSectors, writeSectors } from "runtime/blocks";
import { copySlot, createVmo, drop, map, pin, result } from "runtime/call";
import { call, messagePage } from "runtime/ipc";
import { slotOf } from "runtime/startup";
import { setUpQueue, tell, writeRegister } from "virtio/writer";
import { tellBlock, tellNumber, tellStatus } from "./report";

/** Where this task maps two pages of a memory object. Only the first page is attached. */
const WINDOW: usize = USER_MAPPINGS;
/** Where a used ring would be mapped. */
const QUEUE_WINDOW: usize = USER_MAPPINGS + 0x100_0000;
/** Fills the window, so that a byte that the device wrote is seen. */
const PATTERN: u8 = 0xa5;
const SECTOR_BYTES: u32 = 512;
const SECTORS_PER_PAGE: u32 = PAGE_BYTES / SECTOR_BYTES;
/** Bytes of the malformed message. */
const MALFORMED_BYTES: u32 = 64;
const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
const firstSectorBefore: usize = memory.data(SECTOR_BYTES, 8);

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
  tellBlock("attaching all of the address space", attachBlockMemory(service, vmo, u64.MAX_VALUE));
  if (createVmo(PAGE_BYTES) >= 0) {
    attachReadOnly(service, <u32>result(0));
  }
  tellBlock("attaching a page", attachBlockMemory(service, vmo, PAGE_BYTES));
  tellBlock("reading the first sector, before the writes", readSectors(service, 0, 1, 0));
  memory.copy(firstSectorBefore, WINDOW, SECTOR_BYTES);
  memory.fill(WINDOW, PATTERN, 2 * PAGE_BYTES);

  tellBlock("writing the first sector", writeSectors(service, 0, 1, 0));
  tellBlock("writing the last sector", writeSectors(service, disk.sectorCount - 1, 1, 0));
  tellBlock("writing behind the end", writeSectors(service, disk.sectorCount, 1, 0));
  tellBlock("writing nothing", writeSectors(service, 0, 0, 0));
  memory.fill(messagePage(), 0xff, MALFORMED_BYTES);
  tellStatus(
    "writing with a message of ones",
    call(service, messageInfo(MALFORMED_BYTES), VirtioBlkMethod.write, 0, FOREVER),
  );
  tellBlock("reading the first sector, after the writes", readSectors(service, 0, 1, 0));
  const changed = memory.compare(firstSectorBefore, WINDOW, SECTOR_BYTES) !== 0;
  tellNumber("the first sector has changed", changed ? 1 : 0);

  attackBounds(service);
  tellNumber(
    "bytes changed outside of what was attached",
    PAGE_BYTES - patternBytes(WINDOW + PAGE_BYTES, PAGE_BYTES),
  );
  tellStatus("pinning for a device in no slot", pin(NO_SLOT, vmo, 0, PAGE_BYTES));
  tellStatus("pinning for the console", pin(slotOf(Role.Console), vmo, 0, PAGE_BYTES));
  tellStatus("resetting a device in no slot", writeRegister(NO_SLOT, VirtioRegister.Status, 0));
  tellStatus("resetting the console", writeRegister(slotOf(Role.Console), VirtioRegister.Status, 0));
  tellStatus("setting up a queue for a device in no slot", setUpQueue(NO_SLOT, QUEUE_SIZE_MAX, QUEUE_WINDOW));
  tellStatus("offering memory to a device in no slot", tell(NO_SLOT, 0));
  tellStatus("offering memory to the console", tell(slotOf(Role.Console), 0));
}

/**
 * Attaches memory through a capability without Right.Write: else the device would write for a client to memory that the
 * client may only read. The runtime asks to send Read and Write, but the copy that arrives lacks Write as well.
 */
function attachReadOnly(service: u32, vmo: u32): void {
  tellBlock("attaching memory that may only be read", attachCopyToRead(service, vmo));
  drop(vmo);
}

function attachCopyToRead(service: u32, vmo: u32): i32 {
  const status = copySlot(vmo, Right.Read | Right.Transfer, 0);
  if (status < 0) {
    return status;
  }
  const copy = <u32>result(0);
  const outcome = attachBlockMemory(service, copy, PAGE_BYTES);
  drop(copy);
  return outcome;
}

/** Sectors that the disk does not have, counts that no read may have, and offsets outside of the attached page. */
function attackBounds(service: u32): void {
  const sectors = disk.sectorCount;
  tellBlock("reading at the end", readSectors(service, sectors, 1, 0));
  tellBlock("reading across the end", readSectors(service, sectors - 1, 2, 0));
  tellBlock("reading at the last of all sectors", readSectors(service, u64.MAX_VALUE, 1, 0));
  // In bytes this is 2^64, which wraps to 0.
  tellBlock("reading at 2^55", readSectors(service, (<u64>1) << 55, 8, 0));
  tellBlock("reading no sectors", readSectors(service, 0, 0, 0));
  tellBlock("reading 257 sectors", readSectors(service, 0, SECTORS_PER_READ_MAX + 1, 0));
  tellBlock("reading 2^32 - 1 sectors", readSectors(service, 0, u32.MAX_VALUE, 0));
  tellBlock("reading more than was attached", readSectors(service, 0, SECTORS_PER_PAGE + 1, 0));
  tellBlock("reading to behind what was attached", readSectors(service, 0, 1, PAGE_BYTES));
  tellBlock("reading over the edge", readSectors(service, 0, 1, PAGE_BYTES - SECTOR_BYTES / 2));
  // The last address that is aligned to 8, and an odd one.
  tellBlock("reading to far outside", readSectors(service, 0, 1, u64.MAX_VALUE - 7));
  tellBlock("reading to an odd place", readSectors(service, 0, 1, 1));
}

/** How many of the bytes still have the pattern. */
function patternBytes(from: usize, bytes: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) {
    if (load<u8>(from + <usize>i) === PATTERN) {
      count += 1;
    }
  }
  return count;
}
