/**
 * packagefsd: mounts the package image and serves what lies below `pkg://`, read-only.
 *
 * It mounts the disk's image if there is a block service, otherwise the fixtures of the boot bundle. If an image does
 * not verify, this task ends (ExitCode.NotMounted; the console says why) and does not take the other one.
 */
import { ExitCode } from "abi/exit";
import { Extension, Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { hashWithZbb } from "blake2b/blake2b";
import { setTaskName } from "runtime/panic";
import { ignoreSignal, serve } from "runtime/service";
import { tellReady } from "runtime/starter";
import { offers, slotOf } from "runtime/startup";
import { mounted } from "./blocks";
import { mountDisk, mountFixtures } from "./mount";
import { onTime } from "./reads/resume";
import { onRequest } from "./serve";
import { judgeTrust, recall, sayTrust } from "./trust";

export function main(): i32 {
  setTaskName("packagefsd");
  hashWithZbb(offers(Extension.Zbb));
  const blockService = slotOf(Role.BlockService);
  const isMounted =
    blockService === NO_SLOT
      ? mountFixtures(slotOf(Role.Fixtures))
      : recall() && mountDisk(blockService, judgeTrust);
  if (!isMounted) {
    return ExitCode.NotMounted;
  }
  if (blockService !== NO_SLOT) {
    sayTrust(mounted());
  }
  tellReady();
  serve(slotOf(Role.Serve), onRequest, ignoreSignal, onTime);
  return ExitCode.CannotServe;
}
