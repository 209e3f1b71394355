/**
 * Attacks on the services: requests that a client may not make, and the answer to each. One of them is a write to the
 * disk: it has to be refused with an error, not ignored.
 */
import { PAGE_BYTES } from "abi/layout";
import { infoBytes, messageInfo } from "abi/message";
import { Role } from "abi/startup";
import { FOREVER, NO_SLOT } from "abi/syscall";
import {
  FsStatus,
  PATH_BYTES_MAX,
  PackageFsCloseResults,
  PackageFsMethod,
  READ_BYTES_MAX,
} from "gen/idl/package_fs";
import { BlkStatus, SECTORS_PER_READ_MAX } from "gen/idl/virtio_blk";
import {
  attachBlockMemory,
  blkStatusName,
  blockInfo,
  DiskInfo,
  readSectors,
  writeSectors,
} from "runtime/blocks";
import { createVmo, drop, result } from "runtime/call";
import { MALFORMED_REPLY } from "runtime/client";
import { call, messagePage, receivedInfo } from "runtime/ipc";
import { closeFile, File, fsStatusName, openFile, readFile } from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { isAnswered } from "./attempt";

const file = changetype<File>(memory.data(offsetof<File>(), 8));
/** A file that was never opened. */
const stranger = changetype<File>(memory.data(offsetof<File>(), 8));
const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

/** Runs all of them; those on the block service only if there is one. */
export function attackServices(): bool {
  if (!attackPaths() || !attackFiles() || !attackProtocol()) {
    return false;
  }
  return slotOf(Role.BlockService) === NO_SLOT || attackDisk();
}

function attackPaths(): bool {
  return (
    isOpened(FsStatus.notFound, "fixtures/nothing") &&
    isOpened(FsStatus.notAFile, "fixtures") &&
    isOpened(FsStatus.badPath, "../fixtures/hello.txt") &&
    isOpened(FsStatus.badPath, "fixtures/../fixtures/hello.txt") &&
    isOpened(FsStatus.badPath, "fixtures/./hello.txt") &&
    isOpened(FsStatus.badPath, "fixtures//hello.txt") &&
    isOpened(FsStatus.badPath, "/fixtures/hello.txt")
  );
}

/**
 * A read that would leave the file's rights, the attached memory, or what one read may be. pkgfs.ts attached memory.
 */
function attackFiles(): bool {
  const service = slotOf(Role.PackageService);
  if (!isOpened(FsStatus.ok, "fixtures/hello.txt")) {
    return false;
  }
  return (
    isFs(FsStatus.badFile, readOther(service, file.number + 1), "reading a file that is not open") &&
    isFs(FsStatus.badFile, readOther(service, 0xffff_ffff), "reading the last of all files") &&
    isFs(FsStatus.badLength, readFile(service, file, 0, READ_BYTES_MAX + 1, 0), "reading too much") &&
    isFs(
      FsStatus.outOfMemoryObject,
      readFile(service, file, 0, 8, u64.MAX_VALUE - 3),
      "reading to far outside",
    ) &&
    isFs(
      FsStatus.outOfMemoryObject,
      readFile(service, file, 0, 8, 16 * PAGE_BYTES - 4),
      "reading over the edge",
    ) &&
    isFs(FsStatus.ok, closeFile(service, file), "closing") &&
    isFs(FsStatus.badFile, closeFile(service, file), "closing twice") &&
    isFs(FsStatus.badFile, readFile(service, file, 0, 8, 0), "reading what was closed")
  );
}

/** Reads from a file by a number that packagefsd gave to no open file. */
function readOther(service: u32, number: u32): i32 {
  stranger.number = number;
  return readFile(service, stranger, 0, 8, 0);
}

/** Malformed messages. */
function attackProtocol(): bool {
  memory.fill(messagePage(), 0xff, 64);
  if (!isFs(FsStatus.badMessage, sendRaw(PackageFsMethod.open, 64), "a message of ones")) {
    return false;
  }
  memory.fill(messagePage(), 0, 64);
  return (
    isFs(FsStatus.badMessage, sendRaw(PackageFsMethod.open, 0), "no message") &&
    isFs(FsStatus.unknownMethod, sendRaw(99, 16), "a method that there is not") &&
    isFs(FsStatus.unknownMethod, sendRaw(u64.MAX_VALUE, 16), "the last of all methods")
  );
}

function attackDisk(): bool {
  const service = slotOf(Role.BlockService);
  if (!isBlk(BlkStatus.ok, blockInfo(service, disk), "asking for the disk's size")) {
    return false;
  }
  // A read is made of the device's own blocks, which need not be one sector each.
  const sectors = disk.sectorCount;
  const block = max<u32>(1, disk.blockBytes / max<u32>(1, disk.sectorBytes));
  if (!isBlk(BlkStatus.notAttached, readSectors(service, 0, block, 0), "reading to no memory")) {
    return false;
  }
  const status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return isBlk(BlkStatus.ok, status, "memory for these attacks");
  }
  const vmo = <u32>result(0);
  const isWell =
    isBlk(
      BlkStatus.attachRefused,
      attachBlockMemory(service, vmo, 2 * PAGE_BYTES),
      "claiming a larger object",
    ) &&
    isBlk(BlkStatus.ok, attachBlockMemory(service, vmo, PAGE_BYTES), "attaching") &&
    isBlk(BlkStatus.ok, readSectors(service, 0, block, 0), "reading the first block") &&
    (block === 1 || isBlk(BlkStatus.unaligned, readSectors(service, 0, 1, 0), "reading a part of a block")) &&
    isBlk(BlkStatus.outOfRange, readSectors(service, sectors, block, 0), "reading at the end of the disk") &&
    isBlk(BlkStatus.outOfRange, readSectors(service, sectors - 1, 2, 0), "reading across the end") &&
    isBlk(
      BlkStatus.outOfRange,
      readSectors(service, u64.MAX_VALUE, 1, 0),
      "reading the last of all sectors",
    ) &&
    isBlk(BlkStatus.badCount, readSectors(service, 0, 0, 0), "reading nothing") &&
    isBlk(BlkStatus.badCount, readSectors(service, 0, SECTORS_PER_READ_MAX + 1, 0), "reading too much") &&
    isBlk(BlkStatus.outOfMemoryObject, readSectors(service, 0, 16, 0), "reading more than was attached") &&
    isBlk(
      BlkStatus.outOfMemoryObject,
      readSectors(service, 0, 1, PAGE_BYTES),
      "reading behind what was attached",
    ) &&
    isBlk(
      BlkStatus.outOfMemoryObject,
      readSectors(service, 0, 1, u64.MAX_VALUE - 7),
      "reading to far outside",
    ) &&
    isBlk(BlkStatus.readOnly, writeSectors(service, 0, 1, 0), "writing the first sector");
  drop(vmo);
  return isWell;
}

/** Whether opening that path gives the status that was due. */
function isOpened(due: FsStatus, name: string): bool {
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX).text(name);
  return isFs(due, openFile(slotOf(Role.PackageService), path.address, path.length, file), name);
}

/** A call with the first `bytes` bytes of the message page as they are. */
function sendRaw(method: u64, bytes: u32): i32 {
  const status = call(slotOf(Role.PackageService), messageInfo(bytes), method, 0, FOREVER);
  if (status < 0) {
    return status;
  }
  const results = PackageFsCloseResults.open(messagePage(), infoBytes(receivedInfo()));
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

function isFs(due: FsStatus, outcome: i32, what: string): bool {
  return isAnswered(due, outcome, what, fsStatusName);
}

function isBlk(due: BlkStatus, outcome: i32, what: string): bool {
  return isAnswered(due, outcome, what, blkStatusName);
}
