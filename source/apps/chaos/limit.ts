/**
 * What comes at the end of all restarts: a service that is given up, with the rest of the system alive; and the end of
 * nexus-init, with nothing alive.
 */
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { RunStatus } from "gen/idl/init";
import { FsStatus } from "gen/idl/package_fs";
import { BlkStatus } from "gen/idl/virtio_blk";
import { blkStatusName, blockInfo, DiskInfo } from "runtime/blocks";
import { deadlineIn, sleepUntil } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { fsStatusName, PackageInfo, packageInfo } from "runtime/packages";
import { killService, runStatusName } from "runtime/programs";
import { slotOf, startup } from "runtime/startup";

/** How often a service is asked for or ended until something must have come of it, and how long each pause is. */
const TRIES_MAX: u32 = 2_000;
const PAUSE_MILLISECONDS: u64 = 5;

/** What the services answer: here it counts that they do. */
const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
const packages = changetype<PackageInfo>(memory.data(offsetof<PackageInfo>(), 8));

/** `chaos: given up after n ends, and the rest lives`; or false, after a line. */
export function endUntilGivenUp(): bool {
  const blocks = slotOf(Role.BlockService);
  let ends: u32 = 0;
  for (let i: u32 = 0; i < TRIES_MAX; i++) {
    // A call waits for as long as there is somebody who may start the service again.
    let outcome = blockInfo(blocks, disk);
    if (outcome === Refusal.PeerGone) {
      outcome = blockInfo(blocks, disk);
    }
    if (outcome === Refusal.PeerGone) {
      return restLives(ends);
    }
    if (outcome !== BlkStatus.ok) {
      return failed("asking virtioblkd", outcome, blkStatusName);
    }
    outcome = killService(slotOf(Role.InitService), "virtioblkd", 0);
    if (outcome === RunStatus.ok) {
      ends += 1;
    } else if (isThere(outcome)) {
      return failed("ending virtioblkd", outcome, runStatusName);
    } else {
      pause();
    }
  }
  print(line().text("chaos: virtioblkd was never given up"));
  return false;
}

/** `chaos` does not get here again. */
export function endEverything(): bool {
  const outcome = killService(slotOf(Role.InitService), "nexus-init", 0);
  if (outcome !== RunStatus.ok) {
    return failed("ending nexus-init", outcome, runStatusName);
  }
  for (let i: u32 = 0; i < TRIES_MAX; i++) {
    pause();
  }
  print(line().text("chaos: nexus-init has ended, and everything goes on"));
  return false;
}

/** While a service has not come back, nexus-init knows no such name, or is about to end it. */
function isThere(outcome: i32): bool {
  return outcome !== RunStatus.badName && outcome !== RunStatus.busy;
}

function pause(): void {
  sleepUntil(deadlineIn(PAUSE_MILLISECONDS, startup().timebase));
}

/** Who does not need the disk goes on; nexus-init as well, and it knows virtioblkd no more. */
function restLives(ends: u32): bool {
  let outcome = packageInfo(slotOf(Role.PackageService), packages);
  if (outcome !== FsStatus.ok) {
    return failed("asking packagefsd", outcome, fsStatusName);
  }
  outcome = killService(slotOf(Role.InitService), "virtioblkd", 0);
  if (outcome !== RunStatus.badName) {
    return failed("asking nexus-init", outcome, runStatusName);
  }
  print(line().text("chaos: given up after ").decimal(ends).text(" ends, and the rest lives"));
  return true;
}

function failed(what: string, outcome: i32, statusName: (status: i32) => string): bool {
  const words = line().text("chaos: ").text(what).text(" gave ");
  print(words.text(outcome < 0 ? refusalName(outcome) : statusName(outcome)));
  return false;
}
