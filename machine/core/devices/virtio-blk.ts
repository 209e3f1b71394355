/**
 * A read-only virtio block device (virtio 1.2, 5.2) over the disk that the host holds, and what it does wrong on purpose
 * (faults.ts).
 *
 *   QueueNotify ─▶ diskNotified: every available chain gets a number and a time
 *   diskEvents:    what is due is carried out, in the order of those times, so answers come out of order
 *   answer ─▶ used ring ─▶ `raiseDisk` asks for the interrupt (virtio-mmio.ts polls it)
 */
import { time } from "../clock";
import { diskRead } from "../host";
import { random } from "../interleave";
import { deviceWrites, physicalLoad, physicalStore } from "../memory/dma";
import { isRam, ramAddress } from "../memory/ram";
import { Fault, strikesAt } from "./faults";
import {
  NO_CHAIN,
  Piece,
  pieceAt,
  publish,
  putUsed,
  QUEUE_SIZE_MAX,
  queue,
  takeChain,
  walkChain,
  wantsInterrupt,
} from "./virtio-queue";

export const SECTOR_BYTES: u32 = 512;

/** Feature bits (5.2.3): the ones that a read-only disk of this machine has. */
const SEG_MAX: u32 = 1 << 2;
const GEOMETRY: u32 = 1 << 4;
const READ_ONLY: u32 = 1 << 5;
const BLOCK_SIZE: u32 = 1 << 6;
const FLUSH: u32 = 1 << 9;
export const DISK_FEATURES: u32 = SEG_MAX | GEOMETRY | READ_ONLY | BLOCK_SIZE | FLUSH;

/** What the configuration says (5.2.4), as QEMU's does. */
const SEGMENTS_MAX: u32 = 254;
const HEADS: u32 = 16;
const TRACK_SECTORS: u32 = 63;

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
/** A request whose status byte stays as it is. */
const STATUS_NONE: u32 = 0x100;

/** How long an answer takes: at least, at random on top, and for each 256 bytes. In ticks of 100 ns. */
const LATENCY_MIN: u64 = 60;
const LATENCY_RANDOM_MASK: u64 = 255;
const LATENCY_LATE: u64 = 60_000_000;
/** A storm lasts a tenth of a second. */
const STORM_TICKS: u64 = 1_000_000;

/** How far the used index jumps under Fault.UsedIndex. */
const INDEX_JUMP: u32 = 0x4000;

@unmanaged
@final
class Disk {
  /** Bytes of the image; 0: there is no disk. */
  byteCount: u64;
  /** Requests taken so far: what a plan's events count. */
  requests: u64;
  /** Reads of the configuration so far. */
  configReads: u64;
  /** Until when the interrupt line is held high, acknowledged or not. */
  stormUntil: u64;
  inFlight: u32;
  /** Completed something that the driver wants to hear of. */
  raised: u32;
  /** Asks for a reset. */
  failed: u32;
  generation: u32;
}

const disk = changetype<Disk>(memory.data(48, 8));

/** A chain that was taken and is not answered. */
@unmanaged
@final
class Job {
  due: u64;
  number: u64;
  head: u32;
  reserved: u32;
}

const jobs: usize = memory.data(24576, 8);

if (QUEUE_SIZE_MAX * offsetof<Job>() !== 24576 || offsetof<Disk>() > 48) {
  ERROR("a table has the wrong size");
}

function jobAt(index: u32): Job {
  return changetype<Job>(jobs + index * offsetof<Job>());
}

/** Puts a disk of `byteCount` bytes into the machine; the host answers `diskRead` for it. */
export function diskAttach(byteCount: u64): void {
  memory.fill(changetype<usize>(disk), 0, offsetof<Disk>());
  disk.byteCount = byteCount;
}

/** Whether there is a disk. */
export function diskPresent(): bool {
  return disk.byteCount !== 0;
}

/** A reset by the driver: nothing is in flight any more, and nothing is written after this. */
export function diskReset(): void {
  disk.inFlight = 0;
  disk.raised = 0;
  disk.failed = 0;
}

/** The driver has something new in the queue. */
export function diskNotified(): void {
  for (let head = takeChain(); head !== NO_CHAIN; head = takeChain()) {
    if (disk.inFlight === QUEUE_SIZE_MAX) {
      queue.broken = 1;
      break;
    }
    disk.requests++;
    const job = jobAt(disk.inFlight);
    disk.inFlight++;
    job.head = head;
    job.number = disk.requests;
    job.due = time() + LATENCY_MIN + (random() & LATENCY_RANDOM_MASK);
    if (strikesAt(Fault.Late, job.number)) {
      job.due += LATENCY_LATE;
    }
    if (strikesAt(Fault.Never, job.number)) {
      disk.inFlight--;
    }
  }
  if (queue.broken !== 0) {
    disk.failed = 1;
  }
}

/** When the disk has something to do next, u64.MAX_VALUE for never. */
export function diskNextEvent(): u64 {
  let earliest = disk.stormUntil !== 0 ? disk.stormUntil : u64.MAX_VALUE;
  for (let index: u32 = 0; index < disk.inFlight; index++) {
    if (jobAt(index).due < earliest) {
      earliest = jobAt(index).due;
    }
  }
  return earliest;
}

/** Answers what is due by `now`, in the order of the due times. */
export function diskEvents(now: u64): void {
  if (disk.stormUntil !== 0 && disk.stormUntil <= now) {
    disk.stormUntil = 0;
  }
  for (let index = earliestDue(now); index < disk.inFlight; index = earliestDue(now)) {
    const job = jobAt(index);
    const head = job.head;
    const number = job.number;
    disk.inFlight--;
    memory.copy(changetype<usize>(job), changetype<usize>(jobAt(disk.inFlight)), offsetof<Job>());
    answer(head, number, now);
  }
}

/** The job that is due first, if it is due; else `inFlight`. */
function earliestDue(now: u64): u32 {
  let found = disk.inFlight;
  for (let index: u32 = 0; index < disk.inFlight; index++) {
    const job = jobAt(index);
    if (job.due > now) {
      continue;
    }
    if (found === disk.inFlight || job.due < jobAt(found).due) {
      found = index;
    }
  }
  return found;
}

/** Whether completions ask for an interrupt; asked once. */
export function takeDiskRaised(): bool {
  const raised = disk.raised !== 0;
  disk.raised = 0;
  return raised;
}

/** Whether the device found that it cannot go on (2.1.2); asked once. */
export function takeDiskFailed(): bool {
  const failed = disk.failed !== 0;
  disk.failed = 0;
  return failed;
}

/** Whether the line is held high whatever the driver acknowledges. */
export function diskStorms(): bool {
  return disk.stormUntil !== 0;
}

/** Counts changes of the configuration (2.5). */
export function diskGeneration(): u32 {
  return disk.generation;
}

/** The byte at `offset` of the configuration (5.2.4). `first` is true for the first byte of an access. */
export function diskConfig(offset: u32, first: bool): u32 {
  if (first) {
    disk.configReads++;
    if (strikesAt(Fault.ConfigChanging, disk.configReads)) {
      disk.generation++;
    }
  }
  if (offset < 8) {
    return byteOf(capacity(), offset);
  }
  if (offset >= 12 && offset < 16) {
    return byteOf(SEGMENTS_MAX, offset - 12);
  }
  if (offset >= 16 && offset < 18) {
    return byteOf(cylinders(), offset - 16);
  }
  if (offset === 18) {
    return HEADS;
  }
  if (offset === 19) {
    return TRACK_SECTORS;
  }
  if (offset >= 20 && offset < 24) {
    return byteOf(SECTOR_BYTES, offset - 20);
  }
  return offset === 34 ? 1 : 0; // num_queues
}

function byteOf(value: u64, index: u32): u32 {
  return <u32>(value >> <u64>(index << 3)) & 0xff;
}

function sectors(): u64 {
  return disk.byteCount / SECTOR_BYTES;
}

/** The capacity that the configuration tells. */
function capacity(): u64 {
  if (strikesAt(Fault.CapacityZero, disk.configReads)) {
    return 0;
  }
  if (strikesAt(Fault.CapacityLarge, disk.configReads)) {
    return sectors() + 0x1_0000_0000;
  }
  return sectors() + <u64>disk.generation;
}

function cylinders(): u64 {
  const all = sectors() / (HEADS * TRACK_SECTORS);
  return all > 16383 ? 16383 : all < 2 ? 2 : all;
}

/** Carries out request `number` and answers it, rightly or not. */
function answer(head: u32, number: u64, now: u64): void {
  if (queue.ready === 0 || queue.broken !== 0) {
    return;
  }
  if (strikesAt(Fault.NeedsReset, number)) {
    queue.broken = 1;
  }
  if (queue.broken !== 0 || !walkChain(head)) {
    disk.failed = 1;
    return;
  }
  const before = queue.putBack;
  const length = carryOut(number);
  if (length < 0) {
    queue.broken = 1;
    disk.failed = 1;
    return;
  }
  report(head, <u32>length, number);
  if (strikesAt(Fault.Storm, number)) {
    disk.stormUntil = now + STORM_TICKS;
  }
  if (!wantsInterrupt(before) || strikesAt(Fault.NoInterrupt, number)) {
    return;
  }
  disk.raised = 1;
}

/** Writes the used entry, or what the plan wants instead. */
function report(head: u32, length: u32, number: u64): void {
  let told = length;
  if (strikesAt(Fault.LengthLarge, number)) {
    told = length + 0x1000_0000;
  }
  if (strikesAt(Fault.LengthZero, number)) {
    told = 0;
  }
  const id = strikesAt(Fault.UsedId, number) ? head + queue.size : head;
  putUsed(id, told);
  if (strikesAt(Fault.UsedTwice, number)) {
    putUsed(id, told);
  }
  if (strikesAt(Fault.UsedIndex, number)) {
    publish(queue.putBack + INDEX_JUMP);
  }
}

/** Does what the chain asks for. Gives the bytes written, or -1 if it is no request at all. */
function carryOut(number: u64): i64 {
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

  // The status is the last byte; what stands before it in its piece is data.
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
  return <i64>(type === Type.Read ? room + 1 : type === Type.GetId ? <u64>ID_BYTES + 1 : 1);
}

/** Reads `room` bytes from `sector` on into pieces 1 to `last`. Gives the status. */
function read(sector: u64, room: u64, last: u32, number: u64): u32 {
  if (room % SECTOR_BYTES !== 0) {
    return Status.IoError;
  }
  const count = room / SECTOR_BYTES;
  if (sector > sectors() || count > sectors() - sector) {
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
    // A bus without an IOMMU reaches only RAM here; what lies elsewhere is an error of the transfer.
    if (!isRam(piece.address, piece.byteCount)) {
      return Status.IoError;
    }
    transfer(offset, piece);
    if (flipping && index === 1) {
      store<u8>(ramAddress(piece.address), load<u8>(ramAddress(piece.address)) ^ 1);
    }
    // A disk that fails has often moved a part of the data before.
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

/** The serial number, which is empty as QEMU's default. */
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
