/**
 * Reading one whole file that no task has read before: through packagefsd from the disk, verified and, if it is
 * compressed, decompressed. The host puts the file there (bench/kernel/content.ts).
 */
import { Right } from "abi/handle";
import { USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { PATH_BYTES_MAX } from "gen/idl/package_fs";
import { createVmo, map, result } from "runtime/call";
import { attachMemory, closeFile, File, openFile, readFile } from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";

const FILE: string = "content";
/** What one read asks for. */
const PIECE_BYTES: u32 = 0x1_0000;
const SHARED_ADDRESS: usize = USER_MAPPINGS + 0x0020_0000;

const file = changetype<File>(memory.data(offsetof<File>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

/** A status other than 0 if something could not be read. */
export function measureContent(): i32 {
  let status = createVmo(PIECE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  const service = slotOf(Role.PackageService);
  status = map(vmo, SHARED_ADDRESS, 0, PIECE_BYTES, Right.Read | Right.Write);
  if (status === 0) {
    status = attachMemory(service, vmo, PIECE_BYTES);
  }
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX).text(FILE);
  if (status === 0) {
    status = openFile(service, path.address, path.length, file);
  }
  if (status !== 0) {
    return status;
  }
  benchOperation("read a file", 0);
  benchBeginStretch();
  for (let offset: u64 = 0; offset < file.size && status === 0; offset += PIECE_BYTES) {
    status = readFile(service, file, offset, PIECE_BYTES, 0);
  }
  benchEndStretch();
  return status === 0 ? closeFile(service, file) : status;
}
