/**
 * Reading the disk with several reads in flight. Each kind of reads is one line:
 *
 *   bench disk         1 MiB of each size at each depth, while the host counts instructions; messages and interrupts
 *   bench throughput   many stretches of reads on QEMU (reads.ts), in ticks
 */
import { Right } from "abi/handle";
import { Topic } from "abi/info";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { BlkStatus } from "gen/idl/virtio_blk";
import { attachBlockMemory, readSectors } from "runtime/blocks";
import { createVmo, information, map, now, result } from "runtime/call";
import { DISK_QUEUE_BYTES, DiskQueue } from "runtime/disk-queue";
import { line, print } from "runtime/log";
import { slotOf } from "runtime/startup";
import { benchBeginStretch, benchEndStretch, benchOperation } from "../assembly";
import { depthOf, KINDS, readsOf, SPAN_SECTORS, STRETCHES, sectorsOf } from "./reads";

const SHARED_ADDRESS: usize = USER_MAPPINGS + 0x0020_0000;
const SECTOR_BYTES: u32 = 512;
/** Room for each read in flight, and for all of them. */
const PLACE_BYTES: u32 = 0x2_0000;
const SHARED_BYTES: u32 = 8 * PLACE_BYTES;
const MEBIBYTE: u32 = 0x10_0000;
/** The disk's interrupt is one of the first; no other device is busy meanwhile. */
const SOURCES: u32 = 12;

const queue = changetype<DiskQueue>(memory.data(DISK_QUEUE_BYTES, 8));

let service: u32 = 0;
/** Calls of the service since `begin`. Each is a message there and one back. */
let calls: u64 = 0;

/** Exact counts: 1 MiB of each kind, read once before. A status other than 0 if something could not be read. */
export function countReads(): i32 {
  let status = share();
  if (status === 0) {
    status = readMany(256, 8, 8);
  }
  if (status === 0) {
    status = count("read 1 MiB, 128 KiB each, depth 1", 256, 1);
  }
  if (status === 0) {
    status = count("read 1 MiB, 128 KiB each, depth 8", 256, 8);
  }
  if (status === 0) {
    status = count("read 1 MiB, 4 KiB each, depth 1", 8, 1);
  }
  if (status === 0) {
    status = count("read 1 MiB, 4 KiB each, depth 8", 8, 8);
  }
  return status;
}

/** The kinds of reads.ts: a line for each stretch. */
export function timeReads(): i32 {
  let status = share();
  for (let stretch: u32 = 0; stretch < STRETCHES; stretch++) {
    for (let kind: u32 = 0; kind < KINDS && status === 0; kind++) {
      status = timeStretch(kind);
    }
  }
  return status;
}

function timeStretch(kind: u32): i32 {
  const interrupts = interruptsTaken();
  calls = 0;
  const begin = now();
  const status = readMany(sectorsOf(kind), depthOf(kind), readsOf(kind));
  const ticks = now() - begin;
  const taken = interruptsTaken() - interrupts;
  const words = line().text("bench: sectors=").decimal(sectorsOf(kind));
  words.text(" depth=").decimal(depthOf(kind)).text(" reads=").decimal(readsOf(kind));
  words.text(" ticks=").decimal(ticks).text(" calls=").decimal(calls);
  print(words.text(" interrupts=").decimal(taken));
  return status;
}

/** Shares memory for all reads in flight with the service. */
function share(): i32 {
  service = slotOf(Role.BlockService);
  let status = createVmo(SHARED_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  status = map(vmo, SHARED_ADDRESS, 0, SHARED_BYTES, Right.Read | Right.Write);
  if (status === 0) {
    status = attachBlockMemory(service, vmo, SHARED_BYTES);
  }
  queue.begin(service);
  return status;
}

function count(name: string, sectors: u32, depth: u32): i32 {
  const interrupts = interruptsTaken();
  calls = 0;
  benchOperation(name, 0);
  benchBeginStretch();
  const status = readMany(sectors, depth, MEBIBYTE / SECTOR_BYTES / sectors);
  benchEndStretch();
  const taken = interruptsTaken() - interrupts;
  const words = line().text("bench: ").text(name).text(": messages=");
  print(
    words
      .decimal(2 * calls)
      .text(" interrupts=")
      .decimal(taken),
  );
  return status;
}

function readMany(sectors: u32, depth: u32, reads: u32): i32 {
  return depth === 1 ? readInTurn(sectors, reads) : readDeep(sectors, depth, reads);
}

/** One read at a time. */
function readInTurn(sectors: u32, reads: u32): i32 {
  for (let read: u32 = 0; read < reads; read++) {
    const status = readSectors(service, (read * sectors) % SPAN_SECTORS, sectors, 0);
    calls++;
    if (status !== 0) {
      return status;
    }
  }
  return 0;
}

/** `depth` reads at a time. A read's tag is its place in the shared memory. */
function readDeep(sectors: u32, depth: u32, reads: u32): i32 {
  let started: u32 = 0;
  let ended: u32 = 0;
  while (started < depth && started < reads) {
    queue.add(started * sectors, sectors, started * PLACE_BYTES, started);
    started++;
  }
  // Each turn brings an end of at least one read.
  while (ended < reads) {
    const status = queue.exchange(1);
    calls++;
    if (status !== 0) {
      return status;
    }
    for (let index: u32 = 0; index < queue.endedCount; index++) {
      if (queue.status(index) !== BlkStatus.ok) {
        return queue.status(index);
      }
      ended++;
      if (started < reads) {
        const place = queue.tag(index);
        queue.add((started * sectors) % SPAN_SECTORS, sectors, place * PLACE_BYTES, place);
        started++;
      }
    }
  }
  return 0;
}

/** Interrupts of devices so far. */
function interruptsTaken(): u64 {
  const info = slotOf(Role.Info);
  let taken: u64 = 0;
  for (let source: u32 = 1; source < SOURCES; source++) {
    if (information(info, Topic.Interrupt, source) === 0) {
      taken += result(2);
    }
  }
  return taken;
}

if (SHARED_BYTES % PAGE_BYTES !== 0) {
  ERROR("memory is shared in pages");
}
