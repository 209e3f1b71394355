/**
 * Carries out one request to the disk (virtio 1.2, 5.2.6). It reads the chain that was walked last as header, data and
 * status, moves the data and writes the status; or does what a plan wants instead (faults.ts).
 *
 *   piece 0                      pieces 1 …                            last byte
 *   header: type, 0, sector      data, written for a read and an id    status
 */
import { diskRead } from "../host";
import { deviceWrites, physicalLoad, physicalStore } from "../memory/dma";
import { isRam, ramAddress } from "../memory/ram";
import { diskAnswer, Event, NO_HART, trace } from "../trace";
import { Fault, strikesAt } from "./faults";
import { SECTOR_BYTES, sectorCount } from "./virtio-blk-config";
import { Piece, pieceAt, queue } from "./virtio-queue";

/** Types and statuses of requests (5.2.6). */
const enum Type {
  Read = 0,
  Write = 1,
  Flush = 4,
  GetId = 8,
}
const enum Status {
  Ok = 0,
  IoError = 1,
  Unsupported = 2,
}
const HEADER_BYTES: u32 = 16;
const ID_BYTES: u32 = 20;
const STATUS_NONSENSE: u32 = 0x77;
/** No status: the status byte stays as it is. */
const STATUS_NONE: u32 = 0x100;

/** Does what the chain of request `number` asks for. Returns how many bytes it wrote, or -1 if the chain is not a request. */
export function carryOut(number: u64): i64 {
  const last = queue.pieceCount - 1;
  const header = pieceAt(0);
  const tail = pieceAt(last);
  if (last === 0 || header.writable !== 0 || header.byteCount < HEADER_BYTES) {
    return -1;
  }
  if (tail.writable === 0 || tail.byteCount === 0 || !isRam(header.address, HEADER_BYTES)) {
    return -1;
  }
  const type = <u32>physicalLoad(header.address, 4);
  const sector = physicalLoad(header.address + 8, 8);

  // The status is the last byte. The bytes before it in its piece are data.
  const statusAddress = tail.address + <u64>(tail.byteCount - 1);
  tail.byteCount--;
  let room: u64 = 0;
  for (let index: u32 = 1; index <= last; index++) {
    if (pieceAt(index).writable !== 0) {
      room += <u64>pieceAt(index).byteCount;
    }
  }
  let status: u32 = Status.Unsupported;
  if (type === Type.Read) {
    status = read(sector, room, last, number);
  } else if (type === Type.Write) {
    status = Status.IoError;
  } else if (type === Type.Flush) {
    status = Status.Ok;
  } else if (type === Type.GetId) {
    status = writeId(room, last);
  }
  if (strikesAt(Fault.StatusUnknown, number)) {
    status = STATUS_NONSENSE;
  }
  if (strikesAt(Fault.StatusUnwritten, number)) {
    status = STATUS_NONE;
  }
  if (status !== STATUS_NONE && !physicalStore(statusAddress, 1, status)) {
    return -1;
  }
  trace(Event.DiskAnswer, NO_HART, number, diskAnswer(sector, status, type === Type.Read ? room : 0));
  return <i64>(type === Type.Read ? room + 1 : type === Type.GetId ? <u64>ID_BYTES + 1 : 1);
}

/** Reads `room` bytes from `sector` on into pieces 1 to `last`. Returns the status. */
function read(sector: u64, room: u64, last: u32, number: u64): u32 {
  if (room % SECTOR_BYTES !== 0) {
    return Status.IoError;
  }
  const count = room / SECTOR_BYTES;
  if (sector > sectorCount() || count > sectorCount() - sector) {
    return Status.IoError;
  }
  const failing = strikesAt(Fault.IoError, number);
  const flipping = strikesAt(Fault.Data, number);
  let offset = sector * SECTOR_BYTES;
  for (let index: u32 = 1; index <= last; index++) {
    const piece = pieceAt(index);
    if (piece.byteCount === 0) {
      continue;
    }
    // The device reaches only RAM. An address elsewhere is an error of the transfer.
    if (!isRam(piece.address, piece.byteCount)) {
      return Status.IoError;
    }
    transfer(offset, piece);
    if (flipping && index === 1) {
      store<u8>(ramAddress(piece.address), load<u8>(ramAddress(piece.address)) ^ 1);
    }
    // A disk that fails has often moved part of the data already.
    if (failing) {
      return Status.IoError;
    }
    offset += <u64>piece.byteCount;
  }
  return Status.Ok;
}

function transfer(offset: u64, piece: Piece): void {
  deviceWrites(piece.address, piece.byteCount);
  diskRead(offset, ramAddress(piece.address), piece.byteCount);
}

/** Writes the serial number, which is empty, as it is in QEMU by default. */
function writeId(room: u64, last: u32): u32 {
  if (room < ID_BYTES) {
    return Status.IoError;
  }
  let left: u32 = ID_BYTES;
  for (let index: u32 = 1; index <= last && left !== 0; index++) {
    const piece = pieceAt(index);
    if (piece.writable === 0) {
      continue;
    }
    const bytes = min<u32>(left, piece.byteCount);
    if (!isRam(piece.address, bytes)) {
      return Status.IoError;
    }
    deviceWrites(piece.address, bytes);
    memory.fill(ramAddress(piece.address), 0, bytes);
    left -= bytes;
  }
  return Status.Ok;
}
