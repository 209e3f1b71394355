/**
 * The reads that are under way. Each is given to the device, and given to it again if another try may succeed. On the
 * path from the disk to a file, only this file repeats failed reads, so an error that clients see has persisted.
 *
 *     startRead ──▶ the device ──▶ takeEnded ──┬─▶ done, or TRIES_MAX tries failed: told once
 *                      ▲                       │
 *                      └─── may fare better ───┘
 *
 * Another try may succeed if a read failed, was too late, or was under way when the device was reset. It cannot succeed
 * if the device does not know the request, or is gone. Only reads come here, so repeating one changes nothing.
 *
 * A sector that never answers fails the reads of that sector, and the disk stays usable. After each reset the service
 * also reads a block at one end of the disk (`checkHealth`), and the device is given up only if that fails again and
 * again.
 *
 * Reached from find.ts and requests.ts; goes on in device.ts.
 */
import { Refusal } from "abi/refusal";
import { BlkStatus } from "gen/idl/virtio_blk";
import { wait } from "runtime/call";
import { Completion } from "storage/virtio-blk/disk";
import { SECTOR_BYTES } from "storage/virtio-blk/geometry";
import { SubmitRefusal } from "storage/virtio-blk/request";
import { Outcome, REQUESTS_MAX } from "storage/virtio-blk/table";
import { DeviceFault } from "virtio/fault";
import { Client } from "./clients";
import { deadlineOfTry, endTurn } from "./clock";
import { disk, diskNotification, expireReads, handleInterrupt, ownPin } from "./device";
import { FIRST_BLOCK_OFFSET, TRIES_MAX } from "./limits";
import { reportRead } from "./report";

/**
 * A read, from the start until its last try has ended. Its place in the table is the tag that the driver gives back.
 */
@unmanaged
@final
export class Read {
  /** The reply token of the caller that waits; for an ordered read, its tag. */
  token: u64;
  lba: u64;
  /** Where the device writes: the number of a pin, and the offset in it. */
  pin: u32;
  offset: u32;
  sectorCount: u32;
  /** How often the device was given this read. */
  tries: u32;
  /** The client that asked: its record stays until the read has ended. Null: this service itself. */
  client: Client | null;
  isUnderWay: bool;
  /** Whether `exchange` started it: then its caller does not wait for this one read. */
  isOrdered: bool;
  /** The result, once the read has ended. */
  status: BlkStatus;
  private reserved: u32;
}

const reads: usize = memory.data(REQUESTS_MAX * offsetof<Read>(), 8);
const completion = changetype<Completion>(memory.data(offsetof<Completion>(), 8));

/** The tag of the health check. It has no place in the table of reads, because no client waits for it. */
const CHECK_TAG: u64 = <u64>REQUESTS_MAX;
/** The number of the device's resets at the last check. */
let resetsChecked: u32 = 0;

/**
 * Gives a read to the device. On `ok` it will end, and `takeEnded` then returns it;
 * otherwise nothing was started.
 *
 * @param isOrdered whether `token` is the tag of an order
 * @param isLast whether the device is told at once; otherwise `disk().kick()` tells it
 * @param pin the pin to which the device writes from `offset` on, for as long as the read is under way
 */
export function startRead(
  client: Client | null,
  token: u64,
  isOrdered: bool,
  isLast: bool,
  lba: u64,
  sectorCount: u32,
  pin: u32,
  offset: u32,
): BlkStatus {
  const place = freePlace();
  if (place === REQUESTS_MAX) {
    return BlkStatus.busy;
  }
  const read = readAt(place);
  read.token = token;
  read.lba = lba;
  read.pin = pin;
  read.offset = offset;
  read.sectorCount = sectorCount;
  read.tries = 0;
  read.client = client;
  read.isOrdered = isOrdered;
  const status = submit(read, place, isLast);
  if (status !== BlkStatus.ok) {
    return status;
  }
  read.isUnderWay = true;
  return BlkStatus.ok;
}

/** A read that has ended, valid until the next call; null when there is none left. */
export function takeEnded(): Read | null {
  while (disk().takeCompletion(completion)) {
    if (completion.tag === CHECK_TAG) {
      continue;
    }
    const place = <u32>completion.tag;
    const read = readAt(place);
    read.status = statusOf(completion.outcome);
    const isAgain =
      mayPass(completion.outcome) && read.tries < TRIES_MAX && submit(read, place, false) === BlkStatus.ok;
    if (read.status !== BlkStatus.ok) {
      const client = read.client;
      reportRead(client === null ? 0 : client.badge, read.lba, read.status, isAgain);
    }
    if (isAgain) {
      continue;
    }
    read.isUnderWay = false;
    return read;
  }
  checkHealth();
  disk().kick();
  return null;
}

/**
 * Reads a block for the service itself, once after each reset. The driver gives the device up after a number of resets
 * with no good read in between. This read makes sure that the device causes those resets, and not one silent sector
 * that a client asks for again and again. The reads alternate between the last block and the first, since one of them
 * may be the silent sector. The driver counts the results. If such a read leads to a reset, that is reported like any
 * other.
 */
function checkHealth(): void {
  const resets = disk().resetCount;
  if (resets === resetsChecked) {
    return;
  }
  const geometry = disk().geometry;
  const sectors = geometry.blockBytes / SECTOR_BYTES;
  const last = (geometry.capacity / <u64>sectors - 1) * <u64>sectors;
  const lba: u64 = resets % 2 === 0 ? 0 : last;
  const refusal = disk().submitContiguous(
    lba,
    sectors,
    ownPin(),
    FIRST_BLOCK_OFFSET,
    deadlineOfTry(),
    CHECK_TAG,
    false,
  );
  // If all places are taken, the next read that ends makes room.
  if (refusal !== SubmitRefusal.Busy) {
    resetsChecked = resets;
  }
}

/** Forgets all reads. For a device that was just opened: the notes are about another one. */
export function forgetReads(): void {
  resetsChecked = 0;
}

/** Reads the first block, and waits for it by interrupt. This proves that the whole path to the device works. */
export function readFirstBlock(): bool {
  const sectors = disk().geometry.blockBytes / SECTOR_BYTES;
  if (startRead(null, 0, false, true, 0, sectors, ownPin(), FIRST_BLOCK_OFFSET) !== BlkStatus.ok) {
    return false;
  }
  let read = takeEnded();
  // The loop ends: every try has a deadline, and the number of tries is bounded.
  while (read === null) {
    endTurn();
    if (wait(diskNotification(), disk().nextDeadline()) === Refusal.None) {
      handleInterrupt();
    } else {
      expireReads();
    }
    read = takeEnded();
  }
  return read !== null && read.status === BlkStatus.ok;
}

/** One try, with a deadline of its own. */
function submit(read: Read, place: u32, isLast: bool): BlkStatus {
  const refusal = disk().submitContiguous(
    read.lba,
    read.sectorCount,
    read.pin,
    read.offset,
    deadlineOfTry(),
    place,
    isLast,
  );
  if (refusal === SubmitRefusal.None) {
    read.tries++;
    return BlkStatus.ok;
  }
  if (refusal === SubmitRefusal.Busy) {
    return BlkStatus.busy;
  }
  if (refusal === SubmitRefusal.NoDevice) {
    return BlkStatus.noDevice;
  }
  if (refusal === SubmitRefusal.SectorCount) {
    return BlkStatus.badCount;
  }
  if (refusal === SubmitRefusal.OutOfRange) {
    return BlkStatus.outOfRange;
  }
  if (refusal === SubmitRefusal.Unaligned) {
    return BlkStatus.unaligned;
  }
  return BlkStatus.outOfMemoryObject;
}

function mayPass(outcome: Outcome): bool {
  return outcome === Outcome.DeviceError || outcome === Outcome.TimedOut || outcome === Outcome.Aborted;
}

function statusOf(outcome: Outcome): BlkStatus {
  if (outcome === Outcome.Ok) {
    return BlkStatus.ok;
  }
  if (outcome === Outcome.TimedOut) {
    return BlkStatus.timedOut;
  }
  if (outcome === Outcome.DeviceError || outcome === Outcome.Unsupported) {
    return BlkStatus.deviceError;
  }
  if (outcome === Outcome.Lost || !disk().isReady) {
    return BlkStatus.noDevice;
  }
  return disk().lastFault === DeviceFault.DeadlineMissed ? BlkStatus.timedOut : BlkStatus.malformedReply;
}

function freePlace(): u32 {
  for (let place: u32 = 0; place < REQUESTS_MAX; place++) {
    if (!readAt(place).isUnderWay) {
      return place;
    }
  }
  return REQUESTS_MAX;
}

function readAt(place: u32): Read {
  return changetype<Read>(reads + place * offsetof<Read>());
}

if (offsetof<Read>() % 8 !== 0) {
  ERROR("a Read must be a multiple of 8 bytes");
}
