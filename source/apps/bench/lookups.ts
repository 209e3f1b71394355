/**
 * Looking a path up in the package file system. The host puts the files there, more of them or fewer
 * (bench/kernel/scale.ts); these ten are among them in any case, from the first to one in the last tenth.
 */
import { Role } from "abi/startup";
import { PATH_BYTES_MAX } from "gen/idl/package_fs";
import { Stat, statPath } from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";

const LOOKUPS: u32 = 10;

const stat = changetype<Stat>(memory.data(offsetof<Stat>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

/** A status other than 0 if a path was not found. */
export function measureLookups(): i32 {
  const service = slotOf(Role.PackageService);
  let status = 0;
  benchOperation("look a path up", 0);
  for (let i: u32 = 0; i < LOOKUPS && status === 0; i++) {
    // many/00000, many/10000, …
    const path = pathLine
      .begin(pathBuffer, PATH_BYTES_MAX)
      .text("many/")
      .decimal(<u64>i)
      .text("0000");
    benchBeginStretch();
    status = statPath(service, path.address, path.length, stat);
    benchEndStretch();
  }
  return status;
}
