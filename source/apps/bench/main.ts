/**
 * bench: runs the kernel's paths, one after another, while the host counts instructions (./nx bench kernel). It
 * measures nothing itself: it names each path and runs it many times, with a label at both ends (measured.S).
 *
 *   bench kernel     the paths that need one hart
 *   bench files      reading from the package file system
 *   bench content    reading one whole file, which the host put there
 *   bench shared     having the pages of that file shared
 *   bench hash       hashing, as for each block that is read
 *   bench lookups    looking paths up, in an image of as many files as the host made
 *   bench few        paths whose cost must not depend on how many tasks there are
 *   bench crowd      the same, among as many as there is room for
 *   bench wake       waking a task on another hart
 *   bench cross      a call whose caller is woken on another hart
 *   bench workers    the same work in four tasks at once
 *   bench steady     reading the disk for a long time
 *   bench disk       reading 1 MiB of the disk, in reads of two sizes, one at a time and eight at a time
 *   bench throughput reading the disk on QEMU, in ticks
 *   bench stretches  all that might keep the kernel busy for long
 */
import { ExitCode } from "abi/exit";
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { fsStatusName } from "runtime/packages";
import { setTaskName } from "runtime/panic";
import { startup } from "runtime/startup";
import { equals, lengthToZero } from "text/bytes";
import { prepareChildren } from "./children";
import { measureContent, measureShared } from "./content";
import { measureAmong } from "./crowd";
import { countReads, timeReads } from "./disk/throughput";
import { measureFiles } from "./files";
import { measureHash } from "./hash";
import { measureKernel } from "./kernel";
import { measureLookups } from "./lookups";
import { measureSteady } from "./steady";
import { goThroughStretches } from "./stretches/stretches";
import { measureCross, measureWake } from "./wake";
import { measureWorkers } from "./workers";

export function main(): i32 {
  setTaskName("bench");
  const words = startup().argument;
  const length = lengthToZero(words, STARTUP_ARGUMENT_BYTES);
  let status = prepareChildren();
  if (status < 0) {
    return failed(status);
  }
  if (equals(words, length, "kernel")) {
    status = measureKernel();
  } else if (equals(words, length, "few") || equals(words, length, "crowd")) {
    status = measureAmong(equals(words, length, "crowd"));
  } else if (equals(words, length, "files")) {
    status = measureFiles();
  } else if (equals(words, length, "content")) {
    status = measureContent();
  } else if (equals(words, length, "shared")) {
    status = measureShared();
  } else if (equals(words, length, "hash")) {
    status = measureHash();
  } else if (equals(words, length, "lookups")) {
    status = measureLookups();
  } else if (equals(words, length, "wake")) {
    status = measureWake();
  } else if (equals(words, length, "cross")) {
    status = measureCross();
  } else if (equals(words, length, "workers")) {
    status = measureWorkers();
  } else if (equals(words, length, "steady")) {
    status = measureSteady();
  } else if (equals(words, length, "stretches")) {
    status = goThroughStretches();
  } else if (equals(words, length, "disk")) {
    status = countReads();
  } else if (equals(words, length, "throughput")) {
    status = timeReads();
  } else {
    return unknown(words, length);
  }
  if (status !== 0) {
    return failed(status);
  }
  print(line().text("bench: end"));
  return ExitCode.Done;
}

function failed(status: i32): i32 {
  const words = line().text("bench: a path could not be gone: ");
  print(words.text(status < 0 ? refusalName(status) : fsStatusName(status)));
  return ExitCode.Failed;
}

function unknown(words: usize, length: u32): i32 {
  print(line().text("bench: there is no part named ").printable(words, length));
  return ExitCode.Unknown;
}
