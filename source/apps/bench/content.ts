/**
 * A file that the host puts there (bench/kernel/disk.ts). Either all of it is read, before any task has read it: through
 * packagefsd from the disk, verified and, if it is compressed, decompressed. Or its pages are shared, which packagefsd has
 * in its cache: all of a piece, asked for, mapped, looked at and given back.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { PATH_BYTES_MAX, SHARED_BYTES } from "gen/idl/package_fs";
import { createVmo, drop, map, result, unmap } from "runtime/call";
import { attachMemory, closeFile, File, openFile, Piece, readFile, shareFile } from "runtime/packages";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";
import { ROUNDS, WARM_ROUNDS } from "./limits";

/** To be shared, it has to be as long as one piece. */
const FILE: string = "content";
/** What one read asks for. */
const PIECE_BYTES: u32 = 0x1_0000;
const PIECE_ADDRESS: usize = USER_MAPPINGS + 0x0030_0000;
const SHARED_ADDRESS: usize = USER_MAPPINGS + 0x0020_0000;

const file = changetype<File>(memory.data(offsetof<File>(), 8));
const piece = changetype<Piece>(memory.data(offsetof<Piece>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);
/** What was seen of the pages goes here, so that the compiler reads them. */
const seen: usize = memory.data(8, 8);

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
  if (status === 0) {
    status = open(service);
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

/** A status other than 0 if something could not be read. */
export function measureShared(): i32 {
  const service = slotOf(Role.PackageService);
  let status = open(service);
  benchOperation("read 4 KiB of a file, cached, pages shared", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS && status === 0; i++) {
    benchBeginStretch();
    status = readPiece(service);
    benchEndStretch();
  }
  return status === 0 ? closeFile(service, file) : status;
}

function open(service: u32): i32 {
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX).text(FILE);
  return openFile(service, path.address, path.length, file);
}

function readPiece(service: u32): i32 {
  let status = shareFile(service, file, 0, piece);
  if (status === 0) {
    status = map(piece.vmo, PIECE_ADDRESS, 0, SHARED_BYTES, Right.Read);
  }
  if (status !== 0) {
    return status;
  }
  let sum: u64 = 0;
  for (let at: usize = 0; at < <usize>SHARED_BYTES; at += <usize>PAGE_BYTES) {
    sum += load<u64>(PIECE_ADDRESS + at);
  }
  store<u64>(seen, sum);
  status = unmap(PIECE_ADDRESS);
  return status === 0 ? drop(piece.vmo) : status;
}
