// A system whose disk has a hostile driver: a copy of this repository in which virtioblkd is another program, with the rights
// that the topology gives to virtioblkd, and may make one job. It says what came of each attempt, tells its starter that there is no disk, and leaves;
// the rest of the system goes on with the fixtures.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { copyRepository } from "../../bench/build/copy.ts";
import { root } from "../../host/root.ts";
import type { BuildOutputs } from "../../toolchain/compile.ts";

/** Addresses of the driver's windows: registers, its memory, used rings, memory that it drops, and memory that it gets then. */
const text = `
import { ExitCode } from "abi/exit";
import { Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Amounts, Resource } from "abi/job";
import { Role } from "abi/startup";
import { NO_SLOT, SELF } from "abi/syscall";
import {
  OFFER_TELLS, PIECE_MORE, PIECE_UNKNOWN, PIECE_WRITES, PIECES_MAX, pieceOf, RING_INDEX, VIRTIO_F_VERSION_1, VirtioRegister,
} from "abi/virtio";
import { IMAGE_MAGIC } from "pkgimg/format";
import {
  copySlot, createJob, createVmo, createVmoIn, deadlineIn, drop, endJob, map, mapDevice, now, pin, result, unmap, unpin, unpinAll,
} from "runtime/call";
import { setTaskName } from "runtime/panic";
import { tellAbsent } from "runtime/starter";
import { entryOf, slotOf, startup } from "runtime/startup";
import { fence, volatileLoad16 } from "virtio/intrinsics";
import { advance, probe, reset, Status, Transport } from "virtio/mmio";
import { offer, setUpQueue, tell, writeRegister } from "virtio/writer";
import { DeviceFault } from "virtio/fault";
import { tellNumber, tellStatus } from "../../apps/attacker/report";
import { DMA_ADDRESS, REGISTERS_ADDRESS, SLOTS_MAX, USED_ADDRESS } from "./limits";

const SECOND_USED: usize = USED_ADDRESS + 0x10_0000;
const DROPPED: usize = USED_ADDRESS + 0x20_0000;
const FRESH: usize = USED_ADDRESS + 0x30_0000;
const FRESH_BYTES: u32 = 32 * PAGE_BYTES;
/** Two pages are pinned, and two are not. */
const OWN_BYTES: u32 = 4 * PAGE_BYTES;
const PINNED_BYTES: u32 = 2 * PAGE_BYTES;
const HEADER: u32 = 0;
const HEADER_BYTES: u32 = 16;
const DATA: u32 = 512;
const STATUS: u32 = 1024;
const SECTOR_BYTES: u32 = 512;
const PATTERN: u8 = 0xa5;
const KERNEL: u64 = 0x8020_0000;
const ANSWER_MILLISECONDS: u64 = 10_000;
/** Registers that name no memory. */
const REGISTERS_END: u32 = 0x200;
const UNKNOWN_PINS: u32 = 16;

const probed = changetype<Transport>(memory.data(offsetof<Transport>(), 8));
const limits = changetype<Amounts>(memory.data(offsetof<Amounts>(), 8));
const words: usize = memory.data(PIECES_MAX * 8, 8);
let device: u32 = NO_SLOT;
let own: u32 = 0;
let ownPin: u32 = 0;
let taken: u32 = 0;

export function main(): i32 {
  setTaskName("virtioblkd");
  if (findDevice() && createVmo(OWN_BYTES) === 0) {
    own = <u32>result(0);
    map(own, DMA_ADDRESS, 0, OWN_BYTES, Right.Read | Right.Write);
    memory.fill(DMA_ADDRESS, PATTERN, OWN_BYTES);
    attack();
  }
  tellAbsent();
  return ExitCode.Done;
}

function findDevice(): bool {
  for (let nth: u32 = 0; nth < SLOTS_MAX; nth++) {
    const entry = entryOf(Role.VirtioDevice, nth);
    if (entry === null) return false;
    const at = REGISTERS_ADDRESS + nth * PAGE_BYTES;
    if (mapDevice(entry.slot, at) === 0 && probe(probed, at, entry.slot, 2) === DeviceFault.None) {
      device = entry.slot;
      return true;
    }
  }
  return false;
}

function attack(): void {
  reset(probed);
  tellStatus("setting up a queue before the device is begun", setUpQueue(device, 8, USED_ADDRESS));
  attackMemory();
  advance(probed, Status.Acknowledge);
  advance(probed, Status.Driver);
  attackRegisters();
  writeRegister(device, VirtioRegister.DriverFeatures, probed.version === 2 ? VIRTIO_F_VERSION_1 : 0);
  if (probed.version === 2) advance(probed, Status.FeaturesOk);
  tellStatus("setting up a queue of three", setUpQueue(device, 3, USED_ADDRESS));
  tellStatus("setting up a queue of 512", setUpQueue(device, 512, USED_ADDRESS));
  tellStatus("setting up a queue", setUpQueue(device, 8, USED_ADDRESS));
  tellStatus("setting up a second queue", setUpQueue(device, 8, SECOND_USED));
  advance(probed, Status.DriverOk);
  tellNumber("good reads of the first sector", readOwn());
  attackPieces();
  tellNumber("bytes changed that it did not ask for", changedOwn());
  attackPins();
  attackReset();
  tellNumber("bytes changed in the end that it did not ask for", changedOwn());
}

function attackMemory(): void {
  tellStatus("pinning the console", pin(device, slotOf(Role.Console), 0, PAGE_BYTES));
  copySlot(own, Right.Read, 0);
  const copy = <u32>result(0);
  tellStatus("pinning memory that may only be read", pin(device, copy, 0, PAGE_BYTES));
  drop(copy);
  tellStatus("pinning more than there is", pin(device, own, 0, OWN_BYTES + PAGE_BYTES));
  tellStatus("pinning behind the end", pin(device, own, OWN_BYTES, PAGE_BYTES));
  const pinned = pin(device, own, 0, PINNED_BYTES);
  ownPin = <u32>result(0);
  tellStatus("pinning", pinned);
}

/** The address of the kernel for each register, its neighbours in other pages, and features that change what an address means. */
function attackRegisters(): void {
  let wrote: u32 = 0;
  for (let at: u32 = 0; at < REGISTERS_END; at += 4) {
    if (at === VirtioRegister.Status || at === VirtioRegister.DeviceFeaturesSel) continue;
    if (at === VirtioRegister.DriverFeatures) continue;
    wrote += writeRegister(device, at, KERNEL) === 0 ? 1 : 0;
    wrote += writeRegister(device, at, KERNEL >> 12) === 0 ? 1 : 0;
    wrote += writeRegister(device, at, (<u64>1 << 40) | KERNEL) === 0 ? 1 : 0;
  }
  for (let at: u32 = 0; at < REGISTERS_END; at += 4) {
    wrote += writeRegister(device, PAGE_BYTES + at, 1) === 0 ? 1 : 0;
    wrote += writeRegister(device, at + 1, 1) === 0 ? 1 : 0;
  }
  tellNumber("registers that took an address", wrote);
  let accepted: u32 = 0;
  for (let bit: u64 = 24; bit < 64; bit++) {
    const changes = bit !== 32;
    accepted += changes && writeRegister(device, VirtioRegister.DriverFeatures, <u64>1 << bit) === 0 ? 1 : 0;
  }
  tellNumber("features of the ring that were accepted", accepted);
}

/** Offers a read of the first sector: the data go to a piece of a pin. */
function offerRead(pinOfData: u32, data: u32, bytes: u32, order: u32): i32 {
  store<u64>(DMA_ADDRESS + HEADER, 0);
  store<u64>(DMA_ADDRESS + HEADER, 0, 8);
  store<u8>(DMA_ADDRESS + STATUS, 0xff);
  store<u64>(words, pieceOf(ownPin, HEADER, HEADER_BYTES, 0));
  store<u64>(words, pieceOf(pinOfData, data, bytes, PIECE_WRITES), 8);
  store<u64>(words, pieceOf(ownPin, STATUS, 1, PIECE_WRITES), 16);
  store<u64>(words, 0, 24);
  store<u64>(words, 0, 32);
  return offer(device, taken | order, words);
}

/** Waits for one answer. */
function takeAnswer(): bool {
  const until = deadlineIn(ANSWER_MILLISECONDS, startup().timebase);
  while (<u32>volatileLoad16(USED_ADDRESS + RING_INDEX) === taken) {
    if (now() >= until) return false;
  }
  fence();
  taken = (taken + 1) & 0xffff;
  return true;
}

function readOwn(): u32 {
  if (offerRead(ownPin, DATA, SECTOR_BYTES, OFFER_TELLS) < 0 || !takeAnswer()) return 0;
  return load<u64>(DMA_ADDRESS + DATA) === IMAGE_MAGIC ? 1 : 0;
}

/** Pieces that are not in a pin. */
function attackPieces(): void {
  let gave: u32 = 0;
  gave += offerRead(ownPin, PINNED_BYTES, SECTOR_BYTES, OFFER_TELLS) >= 0 ? 1 : 0;
  gave += offerRead(ownPin, PINNED_BYTES - SECTOR_BYTES / 2, SECTOR_BYTES, OFFER_TELLS) >= 0 ? 1 : 0;
  gave += offerRead(ownPin, 0x3ff_ffff, SECTOR_BYTES, OFFER_TELLS) >= 0 ? 1 : 0;
  gave += offerRead(ownPin, 0x3ff_f000, 0x7ff_f000, OFFER_TELLS) >= 0 ? 1 : 0;
  gave += offerRead(ownPin, DATA, 0x7ff_ffff, OFFER_TELLS) >= 0 ? 1 : 0;
  gave += offerRead(ownPin, DATA, 0, OFFER_TELLS) >= 0 ? 1 : 0;
  for (let number: u32 = 0; number < UNKNOWN_PINS; number++) {
    gave += number !== ownPin && offerRead(number, DATA, SECTOR_BYTES, OFFER_TELLS) >= 0 ? 1 : 0;
    gave += offerRead(number + 16, DATA, SECTOR_BYTES, OFFER_TELLS) >= 0 ? 1 : 0;
    gave += offerRead(255 - number, DATA, SECTOR_BYTES, OFFER_TELLS) >= 0 ? 1 : 0;
  }
  for (let bit: u64 = 0; bit < 64; bit++) {
    store<u64>(words, (<u64>1 << bit) | PIECE_UNKNOWN);
    store<u64>(words, 0, 8);
    gave += offer(device, taken | OFFER_TELLS, words) >= 0 ? 1 : 0;
  }
  // The first part of a chain is good, and its second one is not.
  store<u64>(words, pieceOf(ownPin, HEADER, HEADER_BYTES, PIECE_MORE));
  store<u64>(words, 0, 8);
  tellStatus("offering the first part of a chain", offer(device, taken, words));
  store<u64>(words, pieceOf(ownPin, PINNED_BYTES, SECTOR_BYTES, PIECE_WRITES));
  gave += offer(device, taken | OFFER_TELLS, words) >= 0 ? 1 : 0;
  tellNumber("pieces outside of a pin that were taken", gave);
  tellNumber("good reads behind that", readOwn());
}

/** Memory that the device has, that was unpinned, and that its owner has dropped, of a job that has ended. */
function attackPins(): void {
  offerRead(ownPin, DATA, SECTOR_BYTES, 0);
  tellStatus("unpinning what the device has", unpin(device, ownPin, taken));
  tellStatus("unpinning it for answers that were not there", unpin(device, ownPin, taken + 5));
  tellStatus("unpinning all while the device works", unpinAll(device));
  tell(device, taken);
  takeAnswer();
  limits.set(Resource.Pages, 8);
  limits.set(Resource.Vmos, 1);
  createJob(SELF, limits, 0, 0);
  const job = <u32>result(0);
  createVmoIn(job, PAGE_BYTES);
  const dropped = <u32>result(0);
  map(dropped, DROPPED, 0, PAGE_BYTES, Right.Read | Right.Write);
  const pinned = pin(device, dropped, 0, PAGE_BYTES);
  const number = <u32>result(0);
  tellStatus("pinning what it drops", pinned);
  unmap(DROPPED);
  drop(dropped);
  tellStatus("ending the job that the memory is of", endJob(job));
  drop(job);
  createVmo(FRESH_BYTES);
  map(<u32>result(0), FRESH, 0, FRESH_BYTES, Right.Read | Right.Write);
  memory.fill(FRESH, PATTERN, FRESH_BYTES);
  tellStatus("reading into what it dropped", min(offerRead(number, 0, PAGE_BYTES, OFFER_TELLS), 0));
  takeAnswer();
  tellNumber("bytes changed in new memory", FRESH_BYTES - patternBytes(FRESH, FRESH_BYTES));
  tellStatus("unpinning what it dropped", unpin(device, number, taken));
  tellStatus("reading into what was unpinned", min(offerRead(number, 0, SECTOR_BYTES, OFFER_TELLS), 0));
  tellStatus("unpinning it again", unpin(device, number, taken));
}

/** A reset, with a read under way. */
function attackReset(): void {
  offerRead(ownPin, DATA, SECTOR_BYTES, 0);
  writeRegister(device, VirtioRegister.Status, 0);
  tellStatus("setting up a queue while the device is reset", setUpQueue(device, 8, SECOND_USED));
  tellStatus("offering memory while the device is reset", min(offerRead(ownPin, DATA, SECTOR_BYTES, OFFER_TELLS), 0));
  reset(probed);
  tellStatus("unpinning all after the reset", unpinAll(device));
  advance(probed, Status.Acknowledge);
  advance(probed, Status.Driver);
  tellStatus("offering memory without a queue", min(offerRead(ownPin, DATA, SECTOR_BYTES, OFFER_TELLS), 0));
  writeRegister(device, VirtioRegister.DriverFeatures, probed.version === 2 ? VIRTIO_F_VERSION_1 : 0);
  if (probed.version === 2) advance(probed, Status.FeaturesOk);
  tellStatus("setting up a queue after the reset", setUpQueue(device, 8, SECOND_USED));
  advance(probed, Status.DriverOk);
  taken = 0;
  tellStatus("reading into what was pinned before the reset", min(offerRead(ownPin, DATA, SECTOR_BYTES, OFFER_TELLS), 0));
  reset(probed);
}

/** Bytes of its own memory that are neither the pattern nor what a read was to change. */
function changedOwn(): u32 {
  const behind = STATUS + 1;
  const kept =
    patternBytes(DMA_ADDRESS + HEADER_BYTES, DATA - HEADER_BYTES) +
    patternBytes(DMA_ADDRESS + behind, OWN_BYTES - behind);
  return OWN_BYTES - HEADER_BYTES - SECTOR_BYTES - 1 - kept;
}

function patternBytes(from: usize, bytes: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) {
    count += load<u8>(from + <usize>i) === PATTERN ? 1 : 0;
  }
  return count;
}
`;

/** What virtioblkd's row says in the topology. */
const LIMITS = ".has(128, 1, 24)";

export interface HostileSystem {
  /** What was built, with this kernel. */
  built(usual: BuildOutputs): BuildOutputs;
  remove(): void;
}

/** Builds it in a folder of its own. */
export function buildHostileSystem(): HostileSystem {
  const { folder, remove } = copyRepository("neuron-driver-");
  try {
    writeFileSync(join(folder, "source/services/virtioblkd/main.ts"), text);
    const topology = join(folder, "source/init/nexus-init/topology.ts");
    const rows = readFileSync(topology, "utf8");
    if (rows.split(LIMITS).length !== 2) {
      throw new Error("virtioblkd has other limits");
    }
    writeFileSync(topology, rows.replace(LIMITS, `${LIMITS}.hasObjects(1, 1, 1)`));
    execFileSync(join(folder, "nx"), ["build"], { cwd: folder, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    remove();
    throw error;
  }
  const built = (usual: BuildOutputs): BuildOutputs => ({
    ...usual,
    kernel: relative(root, join(folder, usual.kernel)),
  });
  return { built, remove };
}
