/**
 * Brings a program's file from pkg://bin/ into memory here, through packagefsd: it writes into a memory object that we
 * share with it. Reached from main.ts; goes on in runtime/packages.ts.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { FsStatus, PATH_BYTES_MAX, READ_BYTES_MAX } from "gen/idl/package_fs";
import { copySlot, createVmo, drop, map, result, unmap } from "runtime/call";
import { print } from "runtime/log";
import {
  attachMemory,
  closeFile,
  fileSize,
  openedFile,
  openFile,
  readBytes,
  readFile,
} from "runtime/packages";
import { LINE_STATE_BYTES, Line } from "text/line";
import { FILE_ADDRESS, FILE_BYTES_MAX } from "./limits";
import { because, say } from "./say";
import { Program } from "./topology";

/** By which badge services know nexus-init: no row of the topology has it. */
export const OWN_BADGE: u32 = 0x100;

const pathState: usize = memory.data(LINE_STATE_BYTES, 8);
const pathBuffer: usize = memory.data(PATH_BYTES_MAX + 1, 8);

let service: u32 = NO_SLOT;
let vmo: u32 = NO_SLOT;
let length: u32 = 0;

/**
 * Reads pkg://bin/<name of program> through `endpoint`. After it, `fetchedBytes()` of it lie at FILE_ADDRESS, until
 * `release()`. False, after a line.
 */
export function fetch(endpoint: u32, program: Program): bool {
  const path = changetype<Line>(pathState).begin(pathBuffer, PATH_BYTES_MAX);
  path.text("bin/").bytes(program.name, program.nameLength);
  const outcome = bring(endpoint, path);
  if (outcome === FsStatus.ok) return true;
  release();
  const words = say("cannot read pkg://").printable(path.address, path.length);
  print(because(words, outcome));
  return false;
}

/** Gives the file's memory back, here and at packagefsd's next opportunity. */
export function release(): void {
  if (length !== 0) unmap(FILE_ADDRESS);
  if (vmo !== NO_SLOT) drop(vmo);
  if (service !== NO_SLOT) drop(service);
  length = 0;
  vmo = NO_SLOT;
  service = NO_SLOT;
}

export function fetchedBytes(): u32 {
  return length;
}

function bring(endpoint: u32, path: Line): i32 {
  let outcome = copySlot(endpoint, Right.Send, OWN_BADGE);
  if (outcome < 0) return outcome;
  service = <u32>result(0);
  outcome = openFile(service, path.address, path.length);
  if (outcome !== FsStatus.ok) return outcome;
  const file = openedFile();
  const size = fileSize();
  if (size === 0 || size > <u64>FILE_BYTES_MAX) return Refusal.BadArgument;

  outcome = share(<u32>size);
  if (outcome === FsStatus.ok) outcome = readAll(file, <u32>size);
  closeFile(service, file);
  if (outcome !== FsStatus.ok) return outcome;
  outcome = map(vmo, FILE_ADDRESS, 0, pagesFor(<u32>size), Right.Read);
  if (outcome < 0) return outcome;
  length = <u32>size;
  return FsStatus.ok;
}

/** Makes the memory object, and shares it with packagefsd. */
function share(size: u32): i32 {
  const status = createVmo(pagesFor(size));
  if (status < 0) return status;
  vmo = <u32>result(0);
  return attachMemory(service, vmo, pagesFor(size));
}

function readAll(file: u32, size: u32): i32 {
  let at: u32 = 0;
  while (at < size) {
    const outcome = readFile(service, file, at, min<u32>(size - at, READ_BYTES_MAX), at);
    if (outcome !== FsStatus.ok) return outcome;
    // The end came before the size that `open` told: the file is not what it was.
    if (readBytes() === 0) return FsStatus.corrupt;
    at += readBytes();
  }
  return FsStatus.ok;
}

function pagesFor(count: u32): u32 {
  return (count + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}
