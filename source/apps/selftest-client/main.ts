/**
 * selftest-client: proves from inside a running system what the contract asks for. It is loaded from the disk, so its
 * start is part of the proof. Each test prints its own result; if one fails, the exit code is ExitCode.Failed.
 */
import { ExitCode } from "abi/exit";
import { setTaskName } from "runtime/panic";
import { testBirths } from "./births";
import { testPackages } from "./pkgfs";
import { testRefusals } from "./refusals";
import { testIpis, testTicks } from "./smp";

export function main(): i32 {
  setTaskName("selftest-client");
  let failures: i32 = 0;
  if (!testTicks()) {
    failures += 1;
  }
  if (!testIpis()) {
    failures += 1;
  }
  if (!testPackages()) {
    failures += 1;
  }
  if (!testRefusals()) {
    failures += 1;
  }
  if (!testBirths()) {
    failures += 1;
  }
  return failures === 0 ? ExitCode.Done : ExitCode.Failed;
}
