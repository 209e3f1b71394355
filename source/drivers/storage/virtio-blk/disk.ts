/**
 * The reads of a block device: given to it, taken back answered, and ended when it contradicts itself or goes silent
 * (virtio 1.2, 5.2.6). The device is never written.
 *
 * It is made for a service loop and owns nothing: its caller passes registers, memory and time.
 *
 *     submit … submit, kick      reads go out; the device may finish them in any order
 *     interruptBits              after its interrupt: what the caller acknowledges
 *     handleInterrupt            then: takes what is finished
 *     expire(now)                at `nextDeadline()`: ends what was not answered
 *     takeCompletion             until false: how each read ended, exactly once
 *
 * Every fault of the device ends in one place, `recover`: reset, start again, and every read in flight ends as
 * `Aborted` (`TimedOut` for those that were due). This file sends no read again: a read that stops the device would
 * stop it again, and only the caller knows whether the read is still wanted.
 *
 * Reached from services/virtioblkd; goes on in virtio-blk/device.ts, virtio-blk/request.ts, virtio/queue.ts.
 */
import { Refusal } from "abi/refusal";
import { DeviceFault } from "virtio/fault";
import { fenceIo } from "virtio/intrinsics";
import * as mmio from "virtio/mmio";
import { BlockDevice, DEVICE_PARTS_BYTES } from "./device";
import { SECTOR_BYTES } from "./geometry";
import {
  buildRead,
  checkRange,
  checkSegments,
  DiskMemory,
  dataPieces,
  RequestStatus,
  readStatus,
  Segment,
  SubmitRefusal,
  segmentsTouchHeaders,
} from "./request";
import { NO_SLOT, Outcome, RequestTable, TABLE_BYTES } from "./table";

/**
 * Resets in a row, with no read answered well in between, after which the device is given up. One silent sector must
 * not use them up, so our owner reads another block after each reset (services/virtioblkd/reads.ts).
 */
export const RECOVERIES_MAX: u32 = 4;

/** How one read ended. */
@unmanaged
@final
export class Completion {
  tag: u64;
  lba: u64;
  sectorCount: u32;
  outcome: Outcome;
}

@unmanaged
@final
export class Disk extends BlockDevice {
  /** The last fault, from `open` on. */
  lastFault: DeviceFault;
  /** Resets since it was opened. */
  resetCount: u32;

  private table: RequestTable;
  /** The one segment of `submitContiguous`. */
  private scratch: Segment;
  private kickIsDue: bool;
  private recoveriesInRow: u32;

  /** How many answers of the device were taken: the kernel is told when memory is unpinned. */
  get takenCount(): u32 {
    return this.queue.takenCount;
  }

  /** Reads that the device has. */
  get requestsInFlight(): u32 {
    return this.table.inFlightCount;
  }

  /**
   * Probes the slot whose registers are at `base`, and brings up the block device in it.
   *
   * @param device the capability of the registers
   * @param memory what the driver has for itself; its contents do not matter
   * @param fileIsReadOnly the caller vouches that the file behind the device cannot be written, so that a device
   *   without VIRTIO_BLK_F_RO is taken as well
   * @returns None, or why not: `EmptySlot` and `OtherDevice` are no faults of a disk
   */
  open(base: usize, device: u32, memory: DiskMemory, fileIsReadOnly: bool): DeviceFault {
    this.layOut(memory);
    this.kickIsDue = false;
    this.resetCount = 0;
    this.recoveriesInRow = 0;
    this.table.empty();

    const fault = this.bringUp(base, device, fileIsReadOnly);
    this.lastFault = fault;
    return fault;
  }

  /** Resets the device and ends all reads in flight. On None, its memory may be used for something else. */
  close(): DeviceFault {
    const fault = this.stop();
    this.endAll(fault, 0);
    return fault;
  }

  /**
   * Gives one read to the device. On a refusal nothing is started.
   *
   * @param lba first sector, and `sectorCount` sectors (1 to SECTORS_MAX), all on the disk
   * @param segments `segmentCount` Segments, read before this returns, that add up to the sectors' bytes. They stay
   *   the device's until the completion
   * @param deadline absolute, in the unit of `expire`, or NO_DEADLINE
   * @param tag comes back with the completion
   * @param isLast the device is told of this read and those before it; otherwise at the next `kick`
   */
  submit(
    lba: u64,
    sectorCount: u32,
    segments: usize,
    segmentCount: u32,
    deadline: u64,
    tag: u64,
    isLast: bool,
  ): SubmitRefusal {
    if (!this.ready) {
      return SubmitRefusal.NoDevice;
    }
    const inRange = checkRange(this.geometry, lba, sectorCount);
    if (inRange !== SubmitRefusal.None) {
      return inRange;
    }
    const fits = checkSegments(segments, segmentCount, sectorCount * SECTOR_BYTES);
    if (fits !== SubmitRefusal.None) {
      return fits;
    }
    const memory = this.memory;
    if (segmentsTouchHeaders(segments, segmentCount, memory)) {
      return SubmitRefusal.SegmentInHeaders;
    }
    const pieces = dataPieces(segments, segmentCount, this.geometry.segmentBytesMax);
    if (pieces > this.geometry.segmentsMax) {
      return SubmitRefusal.SegmentCount;
    }
    const slot = this.table.nextFree;
    if (slot === NO_SLOT) {
      return SubmitRefusal.Busy;
    }
    buildRead(this.queue, memory, slot, lba, segments, segmentCount, this.geometry.segmentBytesMax);
    const offered = this.queue.publish(slot, isLast);
    if (offered === Refusal.TableFull) {
      return SubmitRefusal.Busy;
    }
    if (offered === Refusal.BadArgument) {
      return SubmitRefusal.NotPinned;
    }
    // Otherwise the device contradicted itself, and has to be reset: this read is due at once.
    const request = this.table.take(offered === Refusal.None ? deadline : 0);
    request.tag = tag;
    request.lba = lba;
    request.sectorCount = sectorCount;
    this.kickIsDue = !isLast;
    return SubmitRefusal.None;
  }

  /** `submit` into one piece of memory. */
  submitContiguous(
    lba: u64,
    sectorCount: u32,
    pin: u32,
    offset: u32,
    deadline: u64,
    tag: u64,
    isLast: bool,
  ): SubmitRefusal {
    // The count is checked before it is multiplied: a huge one must not wrap to a small number of bytes.
    const inRange = checkRange(this.geometry, lba, sectorCount);
    if (inRange !== SubmitRefusal.None) {
      return this.ready ? inRange : SubmitRefusal.NoDevice;
    }
    this.scratch.pin = pin;
    this.scratch.offset = offset;
    this.scratch.byteCount = sectorCount * SECTOR_BYTES;
    return this.submit(lba, sectorCount, changetype<usize>(this.scratch), 1, deadline, tag, isLast);
  }

  /** Tells the device about the reads that it was not told of, unless it polls by itself. */
  kick(): void {
    if (this.kickIsDue) {
      this.kickIsDue = false;
      this.queue.tell();
    }
  }

  /** Why the device interrupts. The caller acknowledges these bits, and then calls `handleInterrupt`. */
  interruptBits(): u32 {
    return this.ready ? mmio.interruptBits(this.transport) : 0;
  }

  /**
   * Handles the reasons for the device's interrupt, which were acknowledged: so one that comes in between interrupts again
   * instead of being lost. A fault means that the device misbehaved and has already been reset: `isReady` tells whether it
   * came back.
   */
  handleInterrupt(bits: u32): DeviceFault {
    if (!this.ready) {
      return DeviceFault.None;
    }
    fenceIo(); // the ring is read after the acknowledgement
    let fault = DeviceFault.None;
    if ((bits & mmio.InterruptBit.ConfigChange) !== 0) {
      fault = this.lookAgain();
    }
    if (fault === DeviceFault.None) {
      fault = this.collect();
    }
    if (fault !== DeviceFault.None) {
      this.recover(fault, 0);
    }
    return fault;
  }

  /** The earliest deadline in flight, or NO_DEADLINE. */
  nextDeadline(): u64 {
    return this.table.nextDeadline();
  }

  /**
   * Ends the reads that should have been answered by `now`. An answer that lies in the ring without an interrupt still
   * counts; `InterruptMissing` is the only fault that leads to no reset. If an answer is missing, the device is reset,
   * since only a reset makes it stop using the memory: `DeadlineMissed`.
   */
  expire(now: u64): DeviceFault {
    if (!this.ready || this.nextDeadline() > now) {
      return DeviceFault.None;
    }
    let fault = this.collect();
    if (fault === DeviceFault.None) {
      if (this.nextDeadline() > now) {
        return DeviceFault.InterruptMissing;
      }
      fault = DeviceFault.DeadlineMissed;
    }
    this.recover(fault, now);
    return fault;
  }

  /** Takes the read that ended first and was not taken yet. False: there is none. */
  takeCompletion(into: Completion): bool {
    const slot = this.table.takeDone();
    if (slot === NO_SLOT) {
      return false;
    }
    const request = this.table.at(slot);
    into.tag = request.tag;
    into.lba = request.lba;
    into.sectorCount = request.sectorCount;
    into.outcome = request.outcome;
    return true;
  }

  /** Takes all answers from the ring; stops at the first that cannot be true. */
  private collect(): DeviceFault {
    const queue = this.queue;
    while (queue.hasUsed()) {
      const taken = queue.takeUsed();
      if (taken !== DeviceFault.None) {
        return taken;
      }
      const judged = this.judge(queue.takenCookie, queue.takenLength);
      if (judged !== DeviceFault.None) {
        return judged;
      }
    }
    return DeviceFault.None;
  }

  /**
   * The status decides how a read ended. The length says nothing about a failed read (QEMU counts the whole buffer),
   * and little on a legacy device (2.7.8.3). But a version 2 device that says "ok" must have written every byte, or the
   * client would get the bytes that were in the memory before.
   */
  private judge(slot: u32, length: u32): DeviceFault {
    const status = readStatus(this.memory, slot);
    if (status === RequestStatus.IoError) {
      this.table.finish(slot, Outcome.DeviceError);
    } else if (status === RequestStatus.Unsupported) {
      this.table.finish(slot, Outcome.Unsupported);
    } else if (status === RequestStatus.Unwritten) {
      return DeviceFault.StatusMissing;
    } else if (status !== RequestStatus.Ok) {
      return DeviceFault.StatusUnknown;
    } else {
      const expected = this.table.at(slot).sectorCount * SECTOR_BYTES + 1;
      if (!this.queue.legacy && length !== expected) {
        return DeviceFault.ReadLength;
      }
      this.recoveriesInRow = 0;
      this.table.finish(slot, Outcome.Ok);
    }
    return DeviceFault.None;
  }

  /** Handles every fault: resets the device, ends all reads in flight, starts again. */
  private recover(cause: DeviceFault, now: u64): void {
    this.kickIsDue = false;
    this.lastFault = cause;
    this.resetCount++;
    let fault = this.stop();
    this.endAll(fault, now);
    if (fault === DeviceFault.None) {
      this.recoveriesInRow++;
      fault = this.recoveriesInRow > RECOVERIES_MAX ? DeviceFault.GivenUp : this.start();
    }
    if (fault === DeviceFault.None) {
      return;
    }
    this.lastFault = fault;
    mmio.giveUp(this.transport);
  }

  /** Ends all reads in flight, after a reset with the result `resetFault`. Those that were due by `now` timed out. */
  private endAll(resetFault: DeviceFault, now: u64): void {
    if (resetFault === DeviceFault.None) {
      this.table.finishAll(now, Outcome.TimedOut, Outcome.Aborted);
    } else {
      this.table.finishAll(now, Outcome.Lost, Outcome.Lost);
    }
  }

  /** Places the parts behind this object, in the order of DISK_STATE_BYTES. */
  private layOut(memory: DiskMemory): void {
    let at = changetype<usize>(this) + DISK_BYTES;
    this.scratch = changetype<Segment>(at);
    at += SEGMENT_BYTES;
    this.table = changetype<RequestTable>(at);
    at += TABLE_BYTES;
    this.layOutParts(at, memory);
  }
}

const DISK_BYTES: u32 = (offsetof<Disk>() + 7) & ~7;
const SEGMENT_BYTES: u32 = (offsetof<Segment>() + 7) & ~7;

/** Bytes that a `Disk` takes with all its parts, aligned to 8, in memory that no device can reach. */
export const DISK_STATE_BYTES: u32 = DISK_BYTES + SEGMENT_BYTES + TABLE_BYTES + DEVICE_PARTS_BYTES;
