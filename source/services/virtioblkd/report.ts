/**
 * Reports device faults and failed reads: a line on the console, and a record in the audit trail. Reached from
 * device.ts and reads.ts.
 *
 * A broken device can fail for ever, so the number of lines is bounded. The trail has a bound of its own.
 */
import { AUDIT_READ_AGAIN, Audit } from "abi/audit";
import { BlkStatus } from "gen/idl/virtio_blk";
import { record } from "runtime/audit";
import { blkStatusName } from "runtime/blocks";
import { line, print } from "runtime/log";
import { Disk } from "storage/virtio-blk/disk";
import { DeviceFault, faultName, refusedBecause } from "virtio/fault";
import { FAULT_LINES_MAX, READ_LINES_MAX } from "./limits";

let faultLines: u32 = 0;
let readLines: u32 = 0;

/** The slot whose registers are at `base` holds a disk that was refused. */
export function reportRefused(base: u64, fault: DeviceFault): void {
  record(Audit.DeviceFault, fault, 0);
  const words = line()
    .text("virtioblkd: refused mmio=")
    .hex(base)
    .text(" fault=")
    .code(fault, faultName(fault));
  const why = refusedBecause(fault);
  if (why.length > 0) {
    words.text(" (").text(why).text(")");
  }
  print(words);
}

/**
 * Reports a fault for which the device was reset, if `fault` is one; `disk` says whether it came back. A missing
 * interrupt leads to no reset and is only recorded.
 */
export function reportFault(fault: DeviceFault, disk: Disk): void {
  if (fault === DeviceFault.None) {
    return;
  }
  record(Audit.DeviceFault, fault, disk.resetCount);
  if (!disk.isReady) {
    record(Audit.DeviceFault, disk.lastFault, disk.resetCount);
  }
  if (faultLines === FAULT_LINES_MAX) {
    return;
  }
  faultLines++;
  const words = line().text("virtioblkd: device fault=").code(fault, faultName(fault));
  words.text(" resets=").decimal(disk.resetCount);
  if (fault === DeviceFault.InterruptMissing) {
    words.text(" noted");
  } else if (disk.isReady) {
    words.text(" recovered");
  } else {
    words.text(" given up, fault=").code(disk.lastFault, faultName(disk.lastFault));
  }
  print(words);
}

/**
 * A read for `client` (its badge, 0 for ourselves) from sector `lba` on went wrong.
 *
 * @param isReadAgain whether the device was given the read once more; otherwise the client is told
 */
export function reportRead(client: u32, lba: u64, status: BlkStatus, isReadAgain: bool): void {
  const again = isReadAgain ? AUDIT_READ_AGAIN : 0;
  record(Audit.ReadFailed, <u64>client | ((<u64>status) << 32) | again, lba);
  if (readLines === READ_LINES_MAX) {
    return;
  }
  readLines++;
  const words = line().text("virtioblkd: read failed, client=").decimal(client).text(" lba=").decimal(lba);
  words.text(": ").text(blkStatusName(status));
  print(isReadAgain ? words.text(", read again") : words);
}
