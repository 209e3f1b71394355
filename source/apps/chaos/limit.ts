/**
 * What comes at the end of all restarts: a service that is given up, with the rest of the system alive; and the end of
 * nexus-init, with nothing alive.
 */
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { RunStatus } from "gen/idl/init";
import { FsStatus } from "gen/idl/package_fs";
import { BlkStatus } from "gen/idl/virtio_blk";
import { blkStatusName, blockInfo } from "runtime/blocks";
import { deadlineIn, sleepUntil } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { fsStatusName, packageInfo } from "runtime/packages";
import { killService, runStatusName } from "runtime/programs";
import { slotOf, startup } from "runtime/startup";

/** More ends than nexus-init puts up with. */
const ENDS_MAX: u32 = 40;
/** How often a service that is not there is asked for again, and how long each pause is. */
const TRIES_MAX: u32 = 2_000;
const PAUSE_MILLISECONDS: u64 = 5;

/** `chaos: given up after n ends, and the rest lives`; or false, after a line. */
export function endUntilGivenUp(): bool {
  const blocks = slotOf(Role.BlockService);
  let ends: u32 = 0;
  while (ends < ENDS_MAX) {
    // A call waits for as long as there is somebody who may start the service again.
    let outcome = blockInfo(blocks);
    if (outcome === Refusal.PeerGone) outcome = blockInfo(blocks);
    if (outcome === Refusal.PeerGone) return restLives(ends);
    if (outcome !== BlkStatus.ok) return failed("asking virtioblkd", outcome, blkStatusName);
    outcome = end("virtioblkd");
    if (outcome !== RunStatus.ok) return failed("ending virtioblkd", outcome, runStatusName);
    ends += 1;
  }
  print(line().text("chaos: virtioblkd was never given up"));
  return false;
}

/** `chaos` does not get here again. */
export function endEverything(): bool {
  const outcome = end("nexus-init");
  if (outcome !== RunStatus.ok) return failed("ending nexus-init", outcome, runStatusName);
  sleepUntil(deadlineIn(TRIES_MAX * PAUSE_MILLISECONDS, startup().timebase));
  print(line().text("chaos: nexus-init has ended, and everything goes on"));
  return false;
}

/** Ends a service at once. While it has not come back, nexus-init knows no such name. */
function end(name: string): i32 {
  let outcome: i32 = RunStatus.badName;
  for (let i: u32 = 0; i < TRIES_MAX && (outcome === RunStatus.badName || outcome === RunStatus.busy); i++) {
    if (i !== 0) sleepUntil(deadlineIn(PAUSE_MILLISECONDS, startup().timebase));
    outcome = killService(slotOf(Role.InitService), name, 0);
  }
  return outcome;
}

/** Who does not need the disk goes on; nexus-init as well, and it knows virtioblkd no more. */
function restLives(ends: u32): bool {
  let outcome = packageInfo(slotOf(Role.PackageService));
  if (outcome !== FsStatus.ok) return failed("asking packagefsd", outcome, fsStatusName);
  outcome = killService(slotOf(Role.InitService), "virtioblkd", 0);
  if (outcome !== RunStatus.badName) return failed("asking nexus-init", outcome, runStatusName);
  print(line().text("chaos: given up after ").decimal(ends).text(" ends, and the rest lives"));
  return true;
}

function failed(what: string, outcome: i32, statusName: (status: i32) => string): bool {
  const words = line().text("chaos: ").text(what).text(" gave ");
  print(words.text(outcome < 0 ? refusalName(outcome) : statusName(outcome)));
  return false;
}
