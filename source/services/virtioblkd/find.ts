/**
 * Which of the disks is ours: all virtio-mmio slots come to this service, and it keeps one disk and drops the rest.
 *
 *     each slot, in order ──▶ is it a disk? ──▶ open ──▶ its first block, by interrupt ──▶ a package image? ──▶ ours
 *                              │ no              │ refused   │ cannot be read             │ no
 *                              └─────────────────┴───────────┴──────────── the next one ◀─┘
 *
 * A disk is known by the first bytes of a package image, and by nothing else: whether that image is one to believe is
 * judged above (packagefsd), and a disk that fails there is not replaced by another. Where no disk has an image the first
 * one is taken, so that what is wrong with it is said by who knows. What is chosen follows from what is on the disks
 * alone, so a later life of this service finds the same one. What is passed over is said.
 *
 * Reached from main.ts; goes on in device.ts and reads.ts.
 */
import { IMAGE_MAGIC } from "pkgimg/format";
import { line, print } from "runtime/log";
import { closeSlot, firstBlockAt, isDiskIn, keepOnly, Opened, openSlot, slotBase } from "./device";
import { SLOTS_MAX } from "./limits";
import { forgetReads, readFirstBlock } from "./reads";

/** What `findDisk` found; of two that are no use, the one that says more counts. */
export const enum Found {
  /** No slot holds a block device. */
  Nothing = 0,
  /** There is one, and it was refused: that is not the same as none. */
  Refused = 1,
  /** There is one, and its first block cannot be read. */
  Unread = 2,
  Disk = 3,
}

/**
 * Opens the disk that is ours, and reads its first block.
 *
 * @param fileIsReadOnly the topology vouches for the file behind the device
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

/** Opens the disk in a slot and reads its first block. If that cannot be done, nothing of it stays. */
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

/** Keeps the disk in a slot, and says which disks are passed over: those of `without` that it is not. */
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

/** Whether a slot behind this one holds a block device, of whatever kind. */
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
