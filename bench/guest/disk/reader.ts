/**
 * Reads the disk without a system: what the machine's block device gives to a program that has everything for itself.
 * The same reads as in source/apps/bench/disk/throughput.ts, on a virtio-mmio device of version 2 in the first slot.
 *
 * It waits for answers in three ways: in WFI until the interrupt, by polling, and in WFI with the changes of address space that a
 * system makes around it: to its driver, to its own space while nothing runs, and back to the client. It does nothing else in
 * these spaces but look at as many pages as Neuron does there, and jump to as many blocks of code. So this is what QEMU leaves to a
 * system with address spaces.
 *
 *   0x8100_0000  descriptors │ available ring │ used ring, a page each
 *   0x8101_0000  headers and statuses, 32 bytes for each read in flight
 *   0x8200_0000  data, 128 KiB for each read in flight
 *   0x8300_0000  pages that are looked at after a change of address space, mapped one by one at 0x4000_0000
 *
 * It trusts the device, and ends at the first thing that goes wrong.
 */
import { depthOf, KINDS, readsOf, STRETCHES, sectorOf, sectorsOf } from "apps/bench/disk/reads";
import {
  fence,
  fenceIo,
  volatileLoad8,
  volatileLoad16,
  volatileLoad32,
  volatileStore8,
  volatileStore16,
  volatileStore32,
} from "virtio/intrinsics";
import { callBlocks } from "./assembly";
import { readSatp, readTime, setSie, wfi, writeSatp } from "./intrinsics";

const REGISTERS: usize = 0x1000_1000;
const SOURCE: u32 = 1;
const UART: usize = 0x1000_0000;
const PLIC: usize = 0x0c00_0000;
/** External interrupts, in sie. */
const EXTERNAL: u64 = 1 << 9;

const DESCRIPTORS: usize = 0x8100_0000;
const AVAILABLE: usize = 0x8100_1000;
const USED: usize = 0x8100_2000;
const HEADERS: usize = 0x8101_0000;
const DATA: usize = 0x8200_0000;
const DATA_BYTES: u32 = 0x2_0000;
const LOOKED_AT: usize = 0x4000_0000;
const PAGE_BYTES: usize = 4096;
/** Changes of address space in a turn, and pages that are looked at after each (docs/benchmarks.md). */
const CHANGES: u32 = 3;
const PAGES: u32 = 20;
const HEADER_BYTES: u32 = 32;
const STATUS_OFFSET: u32 = 16;
const QUEUE_SIZE: u32 = 64;
const SECTOR_BYTES: u32 = 512;

/** Registers of the device (virtio 1.2, 4.2.2). */
const DEVICE_ID: u32 = 0x008;
const VERSION: u32 = 0x004;
const DRIVER_FEATURES: u32 = 0x020;
const DRIVER_FEATURES_SEL: u32 = 0x024;
const QUEUE_NUM: u32 = 0x038;
const QUEUE_READY: u32 = 0x044;
const QUEUE_NOTIFY: u32 = 0x050;
const INTERRUPT_STATUS: u32 = 0x060;
const INTERRUPT_ACK: u32 = 0x064;
const STATUS: u32 = 0x070;
const QUEUE_DESC: u32 = 0x080;
const QUEUE_DRIVER: u32 = 0x090;
const QUEUE_DEVICE: u32 = 0x0a0;

/** Registers of the PLIC for S-mode of this hart. */
let claimRegister: usize = 0;

/** How answers are waited for. */
const enum Way {
  Interrupt = 0,
  Polling = 1,
  /** As Interrupt, with changes of address space. */
  Changes = 2,
}
const WAYS: u32 = 3;

/** How many chains were made available, and how many answers were taken. */
let available: u32 = 0;
let used: u32 = 0;

export function main(hart: u32): void {
  begin();
  const context = 2 * hart + 1;
  claimRegister = PLIC + 0x20_0004 + context * 0x1000;
  volatileStore32(PLIC + SOURCE * 4, 1);
  volatileStore32(PLIC + 0x2000 + context * 0x80, 1 << SOURCE);
  volatileStore32(PLIC + 0x20_0000 + context * 0x1000, 0);
  setSie(EXTERNAL);
  for (let stretch: u32 = 0; stretch < STRETCHES; stretch++) {
    for (let kind: u32 = 0; kind < KINDS; kind++) {
      for (let way: u32 = 0; way < WAYS; way++) {
        measure(kind, <Way>way);
      }
    }
  }
}

/** Initialises the device (3.1.1), which runs with nothing but its version's own feature. */
function begin(): void {
  if (register(DEVICE_ID) !== 2 || register(VERSION) !== 2) {
    fail("no disk of version 2 in the first slot");
  }
  setRegister(STATUS, 0);
  setRegister(STATUS, 1);
  setRegister(STATUS, 3);
  setRegister(DRIVER_FEATURES_SEL, 0);
  setRegister(DRIVER_FEATURES, 0);
  setRegister(DRIVER_FEATURES_SEL, 1);
  setRegister(DRIVER_FEATURES, 1);
  setRegister(STATUS, 11);
  setRegister(QUEUE_NUM, QUEUE_SIZE);
  setRegister(QUEUE_DESC, <u32>DESCRIPTORS);
  setRegister(QUEUE_DRIVER, <u32>AVAILABLE);
  setRegister(QUEUE_DEVICE, <u32>USED);
  setRegister(QUEUE_READY, 1);
  setRegister(STATUS, 15);
}

/** Keeps as many reads in flight as this kind has, and prints how long they took. */
function measure(kind: u32, way: Way): void {
  const sectors = sectorsOf(kind);
  const depth = depthOf(kind);
  const reads = readsOf(kind);
  // Bit 0: no interrupts, please (2.7.6).
  volatileStore16(AVAILABLE, way === Way.Polling ? 1 : 0);
  const before = readTime();
  let started: u32 = 0;
  while (started < depth) {
    start(started, sectorOf(kind, started), sectors);
    started++;
  }
  setRegister(QUEUE_NOTIFY, 0);
  let ended: u32 = 0;
  while (ended < reads) {
    awaitAnswer(way);
    if (way === Way.Changes) {
      changeSpaces();
    }
    const startedBefore = started;
    while (volatileLoad16(USED + 2) !== (used & 0xffff)) {
      fence();
      const place = volatileLoad32(USED + 4 + (used % QUEUE_SIZE) * 8) / 3;
      used++;
      ended++;
      if (volatileLoad8(HEADERS + place * HEADER_BYTES + STATUS_OFFSET) !== 0) {
        fail("a read failed");
      }
      if (started < reads) {
        start(place, sectorOf(kind, started), sectors);
        started++;
      }
    }
    if (started !== startedBefore) {
      setRegister(QUEUE_NOTIFY, 0);
    }
  }
  const ticks = readTime() - before;
  print("reader: sectors=");
  printNumber(sectors);
  print(" depth=");
  printNumber(depth);
  print(" reads=");
  printNumber(reads);
  print(" ticks=");
  printNumber(<u32>ticks);
  print(way === Way.Polling ? " by polling\n" : way === Way.Interrupt ? " by interrupt\n" : " by changes\n");
}

/** Waits for an answer. */
function awaitAnswer(way: Way): void {
  while (volatileLoad16(USED + 2) === (used & 0xffff)) {
    if (way === Way.Polling) {
      continue;
    }
    wfi();
    const source = volatileLoad32(claimRegister);
    if (source !== 0) {
      setRegister(INTERRUPT_ACK, register(INTERRUPT_STATUS));
      volatileStore32(claimRegister, source);
    }
  }
}

/** The tables of start.S lie side by side, and map the same. */
function changeSpaces(): void {
  const first = readSatp();
  for (let change: u32 = 0; change < CHANGES; change++) {
    writeSatp(change % 2 === 0 ? first ^ 1 : first);
    for (let page: u32 = 0; page < PAGES; page++) {
      volatileLoad32(LOOKED_AT + <usize>page * PAGE_BYTES);
    }
    callBlocks();
  }
}

/** Makes a read available to the device, which is not notified. `place` is its place among those in flight. */
function start(place: u32, sector: u32, sectors: u32): void {
  const header = HEADERS + place * HEADER_BYTES;
  volatileStore32(header, 0);
  volatileStore32(header + 4, 0);
  volatileStore32(header + 8, sector);
  volatileStore32(header + 12, 0);
  volatileStore8(header + STATUS_OFFSET, 0xff);
  const first = place * 3;
  describe(first, header, 16, 1);
  describe(first + 1, DATA + place * DATA_BYTES, sectors * SECTOR_BYTES, 3);
  describe(first + 2, header + STATUS_OFFSET, 1, 2);
  volatileStore16(AVAILABLE + 4 + (available % QUEUE_SIZE) * 2, first);
  available++;
  fence();
  volatileStore16(AVAILABLE + 2, available & 0xffff);
}

/** A descriptor. Its flags: 1, it is followed by the next one; 2, the device writes. */
function describe(index: u32, address: usize, bytes: u32, flags: u32): void {
  const at = DESCRIPTORS + index * 16;
  volatileStore32(at, <u32>address);
  volatileStore32(at + 4, 0);
  volatileStore32(at + 8, bytes);
  volatileStore16(at + 12, flags);
  volatileStore16(at + 14, index + 1);
}

function register(offset: u32): u32 {
  return volatileLoad32(REGISTERS + offset);
}

function setRegister(offset: u32, value: u32): void {
  fenceIo();
  volatileStore32(REGISTERS + offset, value);
}

function fail(why: string): void {
  print("reader: ");
  print(why);
  print("\n");
  unreachable();
}

function print(text: string): void {
  for (let at: usize = 0; at < <usize>text.length; at++) {
    volatileStore8(UART, <u32>load<u16>(changetype<usize>(text) + (at << 1)));
  }
}

function printNumber(value: u32): void {
  if (value >= 10) {
    printNumber(value / 10);
  }
  volatileStore8(UART, 0x30 + (value % 10));
}
