/**
 * Reading 4 KiB: of a file through packagefsd, which either has the block or has to read and verify it; and of the disk
 * through virtioblkd. Each stretch is one call of the runtime, as any program makes it.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { FsStatus, PATH_BYTES_MAX } from "gen/idl/package_fs";
import { attachBlockMemory, readSectors } from "runtime/blocks";
import { createVmo, map, result } from "runtime/call";
import { attachMemory, closeFile, File, openFile, readFile } from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";
import { ROUNDS, WARM_ROUNDS } from "./limits";

/** A file of one block that no program has read before. In a longer file, packagefsd would read ahead. */
const FILE: string = "fixtures/block.txt";

const SECTORS_PER_PAGE: u32 = 8;

const SHARED_ADDRESS: usize = USER_MAPPINGS + 0x0020_0000;

const file = changetype<File>(memory.data(offsetof<File>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

/** A status other than 0 if something could not be read. */
export function measureFiles(): i32 {
  let status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  status = map(vmo, SHARED_ADDRESS, 0, PAGE_BYTES, Right.Read | Right.Write);
  if (status === 0) {
    status = measureFile(vmo);
  }
  return status === 0 ? measureDisk(vmo) : status;
}

function measureFile(vmo: u32): i32 {
  const service = slotOf(Role.PackageService);
  let status = attachMemory(service, vmo, PAGE_BYTES);
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX).text(FILE);
  if (status === 0) {
    status = openFile(service, path.address, path.length, file);
  }
  if (status !== 0) {
    return status;
  }
  // After one read the block is in the cache, so there is one round of this.
  benchOperation("read 4 KiB of a file, from disk", 0);
  status = readBlock(service);
  benchOperation("read 4 KiB of a file, cached", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS && status === 0; i++) {
    status = readBlock(service);
  }
  return status === 0 ? closeFile(service, file) : status;
}

function readBlock(service: u32): i32 {
  benchBeginStretch();
  const status = readFile(service, file, 0, PAGE_BYTES, 0);
  benchEndStretch();
  if (status !== 0) {
    return status;
  }
  return file.bytesRead === PAGE_BYTES ? 0 : FsStatus.badLength;
}

function measureDisk(vmo: u32): i32 {
  const service = slotOf(Role.BlockService);
  let status = attachBlockMemory(service, vmo, PAGE_BYTES);
  benchOperation("read 4 KiB of the disk", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS && status === 0; i++) {
    benchBeginStretch();
    status = readSectors(service, i * SECTORS_PER_PAGE, SECTORS_PER_PAGE, 0);
    benchEndStretch();
  }
  return status;
}
