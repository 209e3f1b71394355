/**
 * virtioblkd: the one owner of the block device, and the only way to it. It reads; nothing here can write to a disk.
 *
 * Bring-up is a list: find the disk (which reads a first block by interrupt), report ready, serve. Without a disk
 * virtioblkd tells its starter, and ends. Reached from nexus-init; goes on in find.ts, device.ts and requests.ts.
 */
import { ExitCode } from "abi/exit";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { bind } from "runtime/call";
import { line, print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { serve } from "runtime/service";
import { tellAbsent, tellReady } from "runtime/starter";
import { slotOf } from "runtime/startup";
import { endTurn } from "./clock";
import { disk, diskBase, diskIrq, diskNotification, expireReads, handleInterrupt } from "./device";
import { Found, findDisk } from "./find";
import { answerEnded, answerImpatient, onRequest } from "./requests";

/**
 * No disk is not a failure: the starter is told, and goes on without one. A disk that cannot be used is a failure. Then
 * the starter is not told that there is none, because nothing may take the disk's place.
 */
export function main(): i32 {
  setTaskName("virtioblkd");
  const isVouchedFor = slotOf(Role.ReadOnlyFile) !== NO_SLOT;
  const found = findDisk(isVouchedFor);
  if (found === Found.Refused) {
    return ExitCode.DiskRefused;
  }
  if (found === Found.Unread) {
    return ExitCode.FirstBlockUnread;
  }
  if (found === Found.Nothing) {
    tellAbsent();
    return ExitCode.Done;
  }
  const words = line().text("virtioblkd: mmio=").hex(diskBase()).text(" irq=").decimal(diskIrq());
  print(words.text(" sectors=").decimal(disk().geometry.capacity));
  if (!disk().isReadOnlyDevice) {
    print(
      line().text("virtioblkd: the device takes writes; its file is read-only by the topology's word alone"),
    );
  }

  if (bind(diskNotification()) !== Refusal.None) {
    return ExitCode.CannotServe;
  }
  print(line().text("virtioblkd: ready"));
  tellReady();
  serve(slotOf(Role.Serve), onRequest, onInterrupt, onTime);
  disk().close();
  return ExitCode.CannotServe;
}

export function onInterrupt(bits: u64): void {
  if (bits === 0) {
    return;
  }
  handleInterrupt();
  answerEnded();
}

/** Ends the reads that are due, answers clients that wait no longer, and returns when the next of both comes. */
export function onTime(): u64 {
  if (disk().requestsInFlight !== 0) {
    expireReads();
    answerEnded();
  }
  const impatient = answerImpatient();
  endTurn();
  return min(disk().nextDeadline(), impatient);
}
