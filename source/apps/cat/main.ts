/** Prints a file of pkg:// as it is: `./nx run cat fixtures/hello.txt`. */
import { ExitCode } from "abi/exit";
import { FsStatus } from "gen/idl/package_fs";
import { argumentLength, argumentStart } from "runtime/arguments";
import { fileOutcomeName, readEach } from "runtime/files";
import { line, print, writeAll } from "runtime/log";
import { setTaskName } from "runtime/panic";

export function main(): i32 {
  setTaskName("cat");
  const path = argumentStart(0);
  const length = argumentLength(0);
  const outcome = readEach(path, length, writeAll);
  if (outcome === FsStatus.ok) {
    return ExitCode.Done;
  }
  print(line().text("cat: ").printable(path, length).text(": ").text(fileOutcomeName(outcome)));
  return ExitCode.Failed;
}
