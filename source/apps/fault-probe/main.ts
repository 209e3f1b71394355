/**
 * fault-probe: makes one fault, named by its argument, for the tests of the kernel's fault handling. The task has to
 * end with one line that says what and where, and everything else has to go on. `sbi` and `preemption` end no task;
 * they print how they went.
 *
 * Exit code 0: the result is the expected one. 1: it is not. 2: there is no such probe.
 */
import { ExitCode } from "abi/exit";
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { line, print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { startup } from "runtime/startup";
import { equals, lengthToZero } from "text/bytes";
import { crowd } from "./hogs";
import { run } from "./probes";
import { callFirmware } from "./sbi";

export function main(): i32 {
  setTaskName("fault-probe");
  const name = startup().argument;
  const length = lengthToZero(name, STARTUP_ARGUMENT_BYTES);
  if (equals(name, length, "sbi")) {
    return callFirmware() ? ExitCode.Done : ExitCode.Failed;
  }
  if (equals(name, length, "preemption")) {
    return crowd() ? ExitCode.Done : ExitCode.Failed;
  }
  if (run(name, length)) {
    print(line().text("fault-probe: ").printable(name, length).text(" did no harm"));
    return ExitCode.Failed;
  }
  print(line().text('fault-probe: no such probe: "').printable(name, length).text('"'));
  return ExitCode.Unknown;
}
