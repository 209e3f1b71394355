/**
 * The limits of restarts: a service that is given up while the rest of the system lives on, and the end of nexus-init,
 * which ends the whole system.
 */

import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { RunStatus } from "gen/idl/init";
import { FsStatus } from "gen/idl/package_fs";
import { BlkStatus } from "gen/idl/virtio_blk";
import { blkStatusName, blockInfo, DiskInfo } from "runtime/blocks";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { fsStatusName, PackageInfo, packageInfo } from "runtime/packages";
import { killServiceNamed, runStatusName } from "runtime/programs";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";

/** How often a call to a service, or its end, is tried, and how long each pause is. */
const TRIES_MAX: u32 = 2_000;
const PAUSE_MILLISECONDS: u64 = 5;

/** The answers of the services. Only their arrival counts here. */
const disk = changetype<DiskInfo>(memory.data(offsetof<DiskInfo>(), 8));
const packages = changetype<PackageInfo>(memory.data(offsetof<PackageInfo>(), 8));

/** Prints `chaos: given up after n ends, and the rest lives`; or prints what failed and returns false. */
export function endUntilGivenUp(): bool {
  const blocks = slotOf(Role.BlockService);
  let ends: u32 = 0;
  for (let i: u32 = 0; i < TRIES_MAX; i++) {
    // A call waits for as long as nexus-init may start the service again.
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
    outcome = killServiceNamed(slotOf(Role.InitService), "virtioblkd", 0);
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

/** Has nexus-init end, and with it this program: it returns only if that went wrong. */
export function endEverything(): bool {
  const outcome = killServiceNamed(slotOf(Role.InitService), "nexus-init", 0);
  if (outcome !== RunStatus.ok) {
    return failed("ending nexus-init", outcome, runStatusName);
  }
  for (let i: u32 = 0; i < TRIES_MAX; i++) {
    pause();
  }
  print(line().text("chaos: nexus-init was to end, but the system goes on"));
  return false;
}

/** Whether the service was there: nexus-init answers badName or busy while it has not come back, or is about to end. */
function isThere(outcome: i32): bool {
  return outcome !== RunStatus.badName && outcome !== RunStatus.busy;
}

function pause(): void {
  sleepFor(PAUSE_MILLISECONDS);
}

/** Programs that do not need the disk go on. So does nexus-init, which no longer has a service virtioblkd. */
function restLives(ends: u32): bool {
  let outcome = packageInfo(slotOf(Role.PackageService), packages);
  if (outcome !== FsStatus.ok) {
    return failed("asking packagefsd", outcome, fsStatusName);
  }
  outcome = killServiceNamed(slotOf(Role.InitService), "virtioblkd", 0);
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
