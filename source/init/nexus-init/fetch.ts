/**
 * Reads a program's file from pkg://bin/ into memory here. packagefsd writes it into a memory object that we share with
 * it. Reached from main.ts; goes on in runtime/packages.ts.
 */
import { Right } from "abi/handle";
import { wholePages } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { FsStatus, PATH_BYTES_MAX, READ_BYTES_MAX } from "gen/idl/package_fs";
import { copySlot, createVmo, deadlineIn, drop, map, result, unmap } from "runtime/call";
import { setPatience } from "runtime/client";
import { print } from "runtime/log";
import { attachMemory, closeFile, File, openFile, readFile } from "runtime/packages";
import { startup } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { FETCH_MILLISECONDS, FETCH_TRIES_MAX, FILE_ADDRESS, FILE_BYTES_MAX } from "./limits";
import { because, say } from "./say";
import { settle } from "./supervise";
import { Program, State, Topology } from "./topology";

/**
 * The badge by which services know nexus-init: no row of the topology has it, or a higher one. Each try is a client of
 * its own. So the files that an abandoned try left open at packagefsd do not disturb others, and packagefsd closes them
 * when it needs the record.
 */
export const OWN_BADGE: u32 = 0x100;

const file = changetype<File>(memory.data(offsetof<File>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

let tries: u32 = 0;
let service: u32 = NO_SLOT;
let vmo: u32 = NO_SLOT;
/** Bytes of the file at FILE_ADDRESS; 0 while none is mapped there. */
let length: u32 = 0;

/**
 * Reads pkg://bin/<name of program> through packagefsd, to FILE_ADDRESS, where it lies until `release()`.
 *
 * packagefsd, or virtioblkd below it, may end at any moment, and only we start them again. So a try waits only a short
 * time, then the service that has fallen is started again, and the next try waits longer.
 *
 * @returns how many bytes the file has; 0, after printing why, if it could not be read
 */
export function fetch(topology: Topology, program: Program): u32 {
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX);
  path.text("bin/").bytes(program.name, program.nameLength);
  let outcome: i32 = Refusal.PeerGone;
  for (let i: u32 = 0; i < FETCH_TRIES_MAX; i++) {
    const patience = FETCH_MILLISECONDS << (<u64>i);
    const server = topology.server(Role.PackageService);
    if (server === null || !canServe(server)) {
      return 0;
    }
    setPatience(patience);
    outcome = bring(server.endpoint, path);
    if (outcome === FsStatus.ok) {
      return length;
    }
    release();
    if (!mayPass(outcome)) {
      break;
    }
    settle(topology, deadlineIn(patience, startup().timebase));
  }
  const words = say("cannot read pkg://").printable(path.address, path.length);
  print(because(words, outcome));
  return 0;
}

/** packagefsd at least has the fixtures: it is absent only if something is wrong. */
function canServe(server: Program): bool {
  if (server.state !== State.Absent && server.state !== State.GivenUp) {
    return true;
  }
  print(say("no package file system to read the program from"));
  return false;
}

/** Whether the outcome may come from the end of a service: of packagefsd, or of one below it. */
function mayPass(outcome: i32): bool {
  return (
    outcome === Refusal.PeerGone ||
    outcome === Refusal.TimedOut ||
    outcome === FsStatus.badFile ||
    outcome === FsStatus.notAttached ||
    outcome === FsStatus.busy ||
    outcome === FsStatus.deviceError
  );
}

/** Gives the file's memory back, here at once and in packagefsd at its next opportunity. */
export function release(): void {
  if (length !== 0) {
    unmap(FILE_ADDRESS);
  }
  if (vmo !== NO_SLOT) {
    drop(vmo);
  }
  if (service !== NO_SLOT) {
    drop(service);
  }
  length = 0;
  vmo = NO_SLOT;
  service = NO_SLOT;
}

function bring(endpoint: u32, path: Line): i32 {
  tries += 1;
  let outcome = copySlot(endpoint, Right.Send, OWN_BADGE + tries);
  if (outcome < 0) {
    return outcome;
  }
  service = <u32>result(0);
  outcome = openFile(service, path.address, path.length, file);
  if (outcome !== FsStatus.ok) {
    return outcome;
  }
  const size = file.size;
  if (size === 0 || size > <u64>FILE_BYTES_MAX) {
    return Refusal.BadArgument;
  }

  outcome = share(<u32>size);
  if (outcome === FsStatus.ok) {
    outcome = readAll(<u32>size);
  }
  closeFile(service, file);
  if (outcome !== FsStatus.ok) {
    return outcome;
  }
  outcome = map(vmo, FILE_ADDRESS, 0, wholePages(<u32>size), Right.Read);
  if (outcome < 0) {
    return outcome;
  }
  length = <u32>size;
  return FsStatus.ok;
}

/** Makes the memory object, and shares it with packagefsd. */
function share(size: u32): i32 {
  const status = createVmo(wholePages(size));
  if (status < 0) {
    return status;
  }
  vmo = <u32>result(0);
  return attachMemory(service, vmo, wholePages(size));
}

function readAll(size: u32): i32 {
  let at: u32 = 0;
  while (at < size) {
    const outcome = readFile(service, file, at, min<u32>(size - at, READ_BYTES_MAX), at);
    if (outcome !== FsStatus.ok) {
      return outcome;
    }
    // The file ended before the size that `open` returned: it has changed.
    if (file.bytesRead === 0) {
      return FsStatus.corrupt;
    }
    at += file.bytesRead;
  }
  return FsStatus.ok;
}
