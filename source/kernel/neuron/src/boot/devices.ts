/**
 * The device tree, read once by the boot hart: what there is. Everything in it came from outside, so the reader
 * (libs/fdt) checks the blob before anything is believed, and every number is checked again here for what it is used
 * for. What is missing or wrong and cannot be done without stops the boot with a line that names it.
 */
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { FdtError, fdtErrorText, NONE } from "fdt/format";
import { TREE_STATE_BYTES, Tree } from "fdt/reader";
import { HARTS_MAX } from "../arch/riscv/frame";
import { DEVICE_WINDOW } from "../arch/riscv/paging";
import { NO_CONTEXT, PLIC_SOURCES_MAX, plicContextsIn } from "../arch/riscv/plic";
import { TICKS_PER_SECOND } from "../arch/riscv/timer";
import { RAM_BASE, RAM_END } from "../mm/frames";
import { DEVICE_END } from "../mm/kernelmap";
import { Named, namedExtensions } from "./isa";
import { parseHex } from "./nonce";

/** The largest tree that is read. */
export const TREE_BYTES_MAX: u32 = 0x10_0000;
/** virtio-mmio slots that are handed to user space. */
export const VIRTIO_SLOTS_MAX: u32 = 16;
/** Harts of the tree beyond HARTS_MAX that are parked. */
export const PARKED_MAX: u32 = 60;
/** Bytes of the host's random number. */
export const NONCE_BYTES: u32 = 16;

/** The interrupt number of a supervisor external interrupt at a hart's own controller. */
const SUPERVISOR_EXTERNAL: u32 = 9;
/** And of a supervisor software interrupt. */
const SUPERVISOR_SOFTWARE: u32 = 1;
const PAGE_MASK: u64 = 0xfff;

/** What the tree says of one hart. */
@unmanaged
@final
export class HartNode {
  hartid: u64;
  /** Phandle of its interrupt controller, for the PLIC's `interrupts-extended`. */
  controller: u32;
  /** Its supervisor context at the PLIC. */
  plicContext: u32;
  /** Its register at the ACLINT's SSWI device. */
  sswiIndex: u32;
}

/** A device's registers and interrupt: a virtio-mmio slot, or the UART. */
@unmanaged
@final
export class DeviceRegion {
  base: u32;
  size: u32;
  irq: u32;
  reserved: u32;
}

/** What there is. */
@unmanaged
@final
export class Devices {
  /** Harts that are used: 1 to HARTS_MAX. */
  hartCount: u32;
  /** Harts that are parked. */
  parkedCount: u32;
  virtioCount: u32;
  /** What the tree promises for every hart that is used. */
  sstc: bool;
  zbb: bool;
  timebase: u64;
  ramBase: u64;
  ramBytes: u64;
  uart: u32;
  plic: u32;
  plicBytes: u32;
  /** ACLINT SSWI, 0 where there is none. */
  sswi: u32;
  sswiBytes: u32;
  /** The test finisher, 0 where there is none. */
  finisher: u32;
  treeAddress: u32;
  treeBytes: u32;
  nonceLow: u64;
  nonceHigh: u64;
  /** Bytes of the argument of nexus-init that the host gave. */
  runBytes: u32;
}

const found = changetype<Devices>(memory.data(<u32>offsetof<Devices>(), 8));
const hartTable: usize = memory.data(HARTS_MAX * <u32>offsetof<HartNode>(), 8);
const virtioTable: usize = memory.data(VIRTIO_SLOTS_MAX * <u32>offsetof<DeviceRegion>(), 8);
const uartRegion = changetype<DeviceRegion>(memory.data(<u32>offsetof<DeviceRegion>(), 8));
const parkedTable: usize = memory.data(PARKED_MAX * 8, 8);
const openTree = changetype<Tree>(memory.data(TREE_STATE_BYTES, 8));
const run: usize = memory.data(STARTUP_ARGUMENT_BYTES, 8);
const nonce: usize = memory.data(NONCE_BYTES, 8);

export function devices(): Devices {
  return found;
}

export function hartNode(index: u32): HartNode {
  return changetype<HartNode>(hartTable + index * offsetof<HartNode>());
}

/** Index of the UART among the device regions: behind the virtio slots. */
export const UART_REGION: u32 = VIRTIO_SLOTS_MAX;

/** Device region `index`: what a Device capability names. */
export function deviceRegion(index: u32): DeviceRegion {
  return index === UART_REGION ? uartRegion : virtioNode(index);
}

export function virtioNode(index: u32): DeviceRegion {
  return changetype<DeviceRegion>(virtioTable + index * offsetof<DeviceRegion>());
}

/** The kernel's address of the registers of virtio device `index`. */
export function virtioRegisters(index: u32): usize {
  return DEVICE_WINDOW + virtioNode(index).base;
}

/** Physical id of parked hart `index`. */
export function parkedHart(index: u32): u64 {
  return load<u64>(parkedTable + (index << 3));
}

/** The argument of nexus-init, `devices().runBytes` long. */
export function runArgument(): usize {
  return run;
}

export function tree(): Tree {
  return openTree;
}

/** Reads the tree at `address`, for the boot hart `bootHartid`. Returns null, or what is wrong with it. */
export function discover(address: u64, bootHartid: u64): string | null {
  if (address < <u64>RAM_BASE || address >= <u64>RAM_END) {
    return "the device tree is not in RAM";
  }
  const t = tree();
  const error = t.open(<usize>address, min<u32>(TREE_BYTES_MAX, RAM_END - <u32>address));
  if (error !== FdtError.None) {
    return fdtErrorText(error);
  }
  devices().treeAddress = <u32>address;
  devices().treeBytes = t.size;

  const problem = readMemory(t);
  const hartProblem = readHarts(t, bootHartid);
  // Also of a tree that is refused: how the machine ends with a failure stands there.
  readDevices(t);
  if (problem !== null) {
    return problem;
  }
  if (hartProblem !== null) {
    return hartProblem;
  }
  if (devices().plic === 0) {
    return "no usable PLIC";
  }
  for (let i: u32 = 0; i < devices().hartCount; i++) {
    if (hartNode(i).plicContext === NO_CONTEXT) {
      return "the PLIC has no supervisor context for a hart";
    }
  }
  readChosen(t);
  return null;
}

function readMemory(t: Tree): string | null {
  t.rewind();
  while (t.next()) {
    if (!t.stringIs(t.property(t.node, "device_type"), "memory") || !t.enabled(t.node)) {
      continue;
    }
    const base = t.regAddress(t.parent, t.node, 0);
    const bytes = t.regSize(t.parent, t.node, 0);
    if (base !== <u64>RAM_BASE) {
      return "memory does not begin at 0x80000000";
    }
    if (bytes === 0) {
      return "memory without a size";
    }
    if (bytes > u64.MAX_VALUE - base) {
      return "the memory is longer than the address space";
    }
    devices().ramBase = base;
    devices().ramBytes = bytes;
    return null;
  }
  return "no memory node";
}

/** Harts in the tree's order, but the boot hart first: that is how they are numbered. */
function readHarts(t: Tree, bootHartid: u64): string | null {
  const d = devices();
  const cpus = t.find("/cpus");
  if (cpus === NONE) {
    return "no /cpus node";
  }
  const timebase = t.property(cpus, "timebase-frequency");
  d.timebase = t.number(timebase, 0, t.cellCount(timebase));
  if (d.timebase < <u64>TICKS_PER_SECOND || d.timebase > 10_000_000_000) {
    return "/cpus has no usable timebase-frequency";
  }
  d.hartCount = 1;
  let named = Named.Sstc | Named.Zbb;
  let bootFound = false;
  for (let cpu = t.firstChild(cpus); cpu !== NONE; cpu = t.nextSibling(cpu)) {
    if (!t.nameIs(cpu, "cpu") || !t.enabled(cpu)) {
      continue;
    }
    const hartid = t.regAddress(cpus, cpu, 0);
    const isBoot = hartid === bootHartid;
    if (!isBoot && d.hartCount === HARTS_MAX) {
      if (d.parkedCount < PARKED_MAX) {
        store<u64>(parkedTable + (d.parkedCount << 3), hartid);
        d.parkedCount++;
      }
      continue;
    }
    const node = hartNode(isBoot ? 0 : d.hartCount);
    if (isBoot) {
      bootFound = true;
    } else {
      d.hartCount++;
    }
    node.hartid = hartid;
    node.controller = t.cell(t.property(t.child(cpu, "interrupt-controller"), "phandle"), 0);
    node.plicContext = NO_CONTEXT;
    named &= namedExtensions(t, cpu);
  }
  d.sstc = (named & Named.Sstc) !== 0;
  d.zbb = (named & Named.Zbb) !== 0;
  return bootFound ? null : "the boot hart is not among the enabled /cpus";
}

/** A register region that the device window can show: whole, below DEVICE_END, page-aligned. */
function isDeviceRegion(base: u64, bytes: u64): bool {
  return bytes > 0 && (base & PAGE_MASK) === 0 && base < DEVICE_END && bytes <= DEVICE_END - base;
}

function wholePages(bytes: u64): u32 {
  return <u32>((bytes + PAGE_MASK) & ~PAGE_MASK);
}

function readDevices(t: Tree): void {
  const d = devices();
  t.rewind();
  while (t.next()) {
    const node = t.node;
    if (!t.enabled(node)) {
      continue;
    }
    const base = t.regAddress(t.parent, node, 0);
    const bytes = t.regSize(t.parent, node, 0);
    if (!isDeviceRegion(base, bytes)) {
      continue;
    }
    if (t.compatible(node, "ns16550a") && d.uart === 0) {
      d.uart = <u32>base;
      const region = deviceRegion(UART_REGION);
      region.base = <u32>base;
      region.size = wholePages(bytes);
      region.irq = t.cell(t.property(node, "interrupts"), 0);
    } else if (
      (t.compatible(node, "riscv,plic0") || t.compatible(node, "sifive,plic-1.0.0")) &&
      d.plic === 0
    ) {
      d.plic = <u32>base;
      d.plicBytes = wholePages(bytes);
      if (plicContextsIn(d.plicBytes) > 0) {
        readPlicContexts(t, node);
      } else {
        d.plic = 0;
      }
    } else if (t.compatible(node, "riscv,aclint-sswi") && d.sswi === 0) {
      d.sswi = <u32>base;
      d.sswiBytes = wholePages(bytes);
      if (!readSswiIndices(t, node)) {
        d.sswi = 0;
      }
    } else if (t.compatible(node, "virtio,mmio")) {
      addVirtio(<u32>base, wholePages(bytes), t.cell(t.property(node, "interrupts"), 0));
    } else if (t.compatible(node, "sifive,test0")) {
      d.finisher = <u32>base;
    }
  }
}

/** Keeps slots in ascending order of their address. The tree's order may differ: QEMU lists them downward. */
function addVirtio(base: u32, size: u32, irq: u32): void {
  const d = devices();
  if (d.virtioCount === VIRTIO_SLOTS_MAX || irq === 0 || irq >= PLIC_SOURCES_MAX) {
    return;
  }
  let at = d.virtioCount;
  while (at > 0 && virtioNode(at - 1).base > base) {
    const from = virtioNode(at - 1);
    const to = virtioNode(at);
    to.base = from.base;
    to.size = from.size;
    to.irq = from.irq;
    at--;
  }
  const node = virtioNode(at);
  node.base = base;
  node.size = size;
  node.irq = irq;
  d.virtioCount++;
}

/** A context is a pair (controller, interrupt) of `interrupts-extended`; firmware marks those not ours with -1. */
function readPlicContexts(t: Tree, node: u32): void {
  const pairs = t.property(node, "interrupts-extended");
  const count = min<u32>(t.cellCount(pairs) / 2, plicContextsIn(devices().plicBytes));
  for (let context: u32 = 0; context < count; context++) {
    if (t.cell(pairs, context * 2 + 1) !== SUPERVISOR_EXTERNAL) {
      continue;
    }
    const controller = t.cell(pairs, context * 2);
    for (let hart: u32 = 0; hart < devices().hartCount; hart++) {
      const h = hartNode(hart);
      if (h.controller === controller && h.plicContext === NO_CONTEXT) {
        h.plicContext = context;
      }
    }
  }
}

/** As for the PLIC: each pair is a register. False unless every hart has one. */
function readSswiIndices(t: Tree, node: u32): bool {
  const d = devices();
  const pairs = t.property(node, "interrupts-extended");
  const count = min<u32>(t.cellCount(pairs) / 2, d.sswiBytes / 4);
  for (let hart: u32 = 0; hart < d.hartCount; hart++) {
    const h = hartNode(hart);
    let index: u32 = 0;
    while (
      index < count &&
      (t.cell(pairs, index * 2) !== h.controller || t.cell(pairs, index * 2 + 1) !== SUPERVISOR_SOFTWARE)
    ) {
      index++;
    }
    if (index === count) {
      return false;
    }
    h.sswiIndex = index;
  }
  return true;
}

/** What the host gave: a random number that proofs are bound to, and what to run. Both may be missing. */
function readChosen(t: Tree): void {
  const d = devices();
  const chosen = t.find("/chosen");
  const number = t.property(chosen, "nexus,nonce");
  if (
    t.stringLengthOf(number) === NONCE_BYTES * 2 &&
    parseHex(t.valueAddressOf(number), NONCE_BYTES, nonce)
  ) {
    d.nonceLow = load<u64>(nonce);
    d.nonceHigh = load<u64>(nonce + 8);
  }
  const wanted = t.property(chosen, "nexus,run");
  const length = t.stringLengthOf(wanted);
  if (length > 0 && length < STARTUP_ARGUMENT_BYTES) {
    memory.copy(run, t.valueAddressOf(wanted), length);
    d.runBytes = length;
  }
}

/** RAM that the kernel can address; more is clipped. */
export function usableRamEnd(): u32 {
  const end = devices().ramBase + devices().ramBytes;
  return end > <u64>RAM_END ? RAM_END : <u32>end & ~0x1f_ffff;
}
