/**
 * Chooses the disk: this service is given all virtio-mmio slots, keeps one disk and drops the rest.
 *
 *     each slot, in order ──▶ is it a disk? ──▶ open ──▶ its first block, by interrupt ──▶ a package image? ──▶ ours
 *                              │ no              │ refused   │ cannot be read             │ no
 *                              └─────────────────┴───────────┴──────────── the next one ◀─┘
 *
 * Only the first bytes of a package image identify the disk. packagefsd decides whether to trust that image, and no
 * other disk replaces one that it refuses. If no disk has an image, the first disk is taken, so that packagefsd reports
 * what is wrong with it. The choice depends only on the content of the disks, so a later life of this service finds the
 * same one. A line names each disk that is passed over.
 *
 * Reached from main.ts; goes on in device.ts and reads.ts.
 */
import { IMAGE_MAGIC } from "pkgimg/format";
import { line, print } from "runtime/log";
import { closeSlot, firstBlockAt, isDiskIn, keepOnly, Opened, openSlot, slotBase } from "./device";
import { SLOTS_MAX } from "./limits";
import { forgetReads, readFirstBlock } from "./reads";

/** What `findDisk` found. If several disks cannot be used, the highest value counts. */
export const enum Found {
  /** No slot holds a block device. */
  Nothing = 0,
  /** There is a block device, and it was refused. */
  Refused = 1,
  /** There is a disk, and its first block cannot be read. */
  Unread = 2,
  Disk = 3,
}

/**
 * Chooses and opens the disk, and reads its first block.
 *
 * @param fileIsReadOnly whether the topology vouches that the file behind the device cannot be written
 */
export function findDisk(fileIsReadOnly: bool): Found {
  let found = Found.Nothing;
  // A bit for each disk without an image, and the first of them.
  let without: u32 = 0;
  for (let nth: u32 = 0; nth < SLOTS_MAX; nth++) {
    const inSlot = tryDisk(nth, fileIsReadOnly);
    if (inSlot === Found.Disk) {
      const isOnly = without === 0 && !isDiskBehind(nth);
      if (isOnly || hasImage()) {
        return take(nth, without);
      }
      without |= (<u32>1) << nth;
      closeSlot(nth);
    } else if (inSlot > found) {
      found = inSlot;
    }
  }
  if (without === 0) {
    return found;
  }
  const first = ctz<u32>(without);
  const again = tryDisk(first, fileIsReadOnly);
  return again === Found.Disk ? take(first, without) : again;
}

/** Opens the disk in a slot and reads its first block. On failure it is closed again. */
function tryDisk(nth: u32, fileIsReadOnly: bool): Found {
  const opened = openSlot(nth, fileIsReadOnly);
  if (opened === Opened.NoDisk) {
    return Found.Nothing;
  }
  if (opened === Opened.Refused) {
    return Found.Refused;
  }
  forgetReads();
  if (readFirstBlock()) {
    return Found.Disk;
  }
  print(line().text("virtioblkd: the first block of mmio=").hex(slotBase(nth)).text(" could not be read"));
  closeSlot(nth);
  return Found.Unread;
}

/** Keeps the disk in a slot, and prints a line for each other disk in `without`. */
function take(nth: u32, without: u32): Found {
  for (let other: u32 = 0; other < SLOTS_MAX; other++) {
    if (other === nth || (without & ((<u32>1) << other)) === 0) {
      continue;
    }
    const words = line().text("virtioblkd: passed over mmio=").hex(slotBase(other));
    print(words.text(" (no package image on it)"));
  }
  keepOnly(nth);
  return Found.Disk;
}

/** Whether the first block begins as a package image does. */
function hasImage(): bool {
  return load<u64>(firstBlockAt()) === IMAGE_MAGIC;
}

/** Whether a slot behind this one holds a block device of any kind. */
function isDiskBehind(nth: u32): bool {
  for (let next = nth + 1; next < SLOTS_MAX; next++) {
    if (isDiskIn(next)) {
      return true;
    }
  }
  return false;
}

if (SLOTS_MAX > 32) {
  ERROR("a word has a bit for each slot");
}
