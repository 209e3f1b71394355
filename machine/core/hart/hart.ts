/**
 * A hart's state, as a view over linear memory, and how devices and firmware change it.
 *
 * The registers come first, so a decoded operand is an offset from the hart's address. Writes to x0 go to slot 32.
 */
import { deadlinesChanged, NEVER } from "../clock";
import { HARTS_MAX } from "../layout";
import { Event, trace } from "../trace";

/** Privilege modes, numbered as in mstatus.MPP. */
export const enum Mode {
  User = 0,
  Supervisor = 1,
  Machine = 3,
}

/** What a hart is doing. Only Chaos.SlowFirmware uses the last four (hart-calls.ts). */
export const enum HartState {
  Running = 0,
  Waiting = 1,
  Stopped = 2,
  /** hart_start was called for it. */
  Starting = 3,
  /** It has called hart_stop, and still counts as started. */
  Leaving = 4,
  Stopping = 5,
  /** It waits for the answers to its remote fence. */
  Fencing = 6,
}

/** Bits of mip and mie (privileged specification, 3.1.9). */
export const enum Interrupt {
  SupervisorSoftware = 1,
  MachineSoftware = 3,
  SupervisorTimer = 5,
  MachineTimer = 7,
  SupervisorExternal = 9,
  MachineExternal = 11,
}

@unmanaged
@final
export class Hart {
  x0: u64;
  x1: u64;
  x2: u64;
  x3: u64;
  x4: u64;
  x5: u64;
  x6: u64;
  x7: u64;
  x8: u64;
  x9: u64;
  x10: u64;
  x11: u64;
  x12: u64;
  x13: u64;
  x14: u64;
  x15: u64;
  x16: u64;
  x17: u64;
  x18: u64;
  x19: u64;
  x20: u64;
  x21: u64;
  x22: u64;
  x23: u64;
  x24: u64;
  x25: u64;
  x26: u64;
  x27: u64;
  x28: u64;
  x29: u64;
  x30: u64;
  x31: u64;
  sink: u64;
  /** Address of the next instruction. */
  pc: u64;
  /** Instructions that this hart executed. minstret may have been set to something else. */
  retired: u64;
  id: u32;
  mode: u32;
  state: u32;
  /** Size in bytes of this hart's reservation, 0 if it has none: see reserve(). */
  reserved: u32;
  /** Physical address and count of `retired` of the last LR. */
  reservedAddress: u64;
  reservedAt: u64;
  mstatus: u64;
  misa: u64;
  medeleg: u64;
  mideleg: u64;
  mie: u64;
  /** Pending bits, as devices and software set them. Those of the timers are computed. */
  mip: u64;
  mtvec: u64;
  mcounteren: u64;
  mcountinhibit: u64;
  menvcfg: u64;
  mscratch: u64;
  mepc: u64;
  mcause: u64;
  mtval: u64;
  stvec: u64;
  scounteren: u64;
  senvcfg: u64;
  sscratch: u64;
  sepc: u64;
  scause: u64;
  stval: u64;
  satp: u64;
  stimecmp: u64;
  mtimecmp: u64;
  /** What to add to `retired` to get minstret and mcycle. */
  instretBase: u64;
  cycleBase: u64;
  pmpcfg0: u64;
  pmpcfg2: u64;
  pmpaddr0: u64;
  pmpaddr1: u64;
  pmpaddr2: u64;
  pmpaddr3: u64;
  pmpaddr4: u64;
  pmpaddr5: u64;
  pmpaddr6: u64;
  pmpaddr7: u64;
  pmpaddr8: u64;
  pmpaddr9: u64;
  pmpaddr10: u64;
  pmpaddr11: u64;
  pmpaddr12: u64;
  pmpaddr13: u64;
  pmpaddr14: u64;
  pmpaddr15: u64;
  /** The range of RAM that PMP opens to every mode and access. Computed when an entry changes (pmp.ts). */
  pmpOpenFirst: u64;
  pmpOpenEnd: u64;
  /** Values of satp whose translations are kept, and the ranges in which each has parts of superpages (tlb.ts). */
  satp0: u64;
  satp1: u64;
  satp2: u64;
  satp3: u64;
  super0: u64;
  super1: u64;
  super2: u64;
  super3: u64;
  /** Which of them is in use, and its tables for fetches and for data. */
  space: u32;
  fetchTable: u32;
  dataTable: u32;
  /** How often this hart trapped. A trap uses up one instruction of a turn, but retires none. */
  traps: u32;
  /** An op for an instruction that straddles two pages, and the end of its page. */
  straddle0: u64;
  straddle1: u64;
  straddleEnd0: u64;
  straddleEnd1: u64;
  /**
   * Not zero in the middle of a turn, where nothing but the end of a budget interrupted it: what it went by still holds.
   * That is the decoded page of pc (0: to be looked up), and whether another hart holds a reservation.
   */
  paused: u32;
  pausedCode: u32;
  guarded: u32;
}

/** RV64 with A, C, I, M, S and U. */
export const MISA: u64 = 0x8000_0000_0014_1105;

/** UXL and SXL are 64 bits; the rest is off. */
export const MSTATUS_RESET: u64 = 0xa_0000_0000;

/** Bytes between two harts' states. */
export const HART_STRIDE: u32 = 1024;

if (offsetof<Hart>() > HART_STRIDE) {
  ERROR("a hart outgrew its place");
}

/** Offset of the slot that writes to x0 go to. */
export const SINK_OFFSET: u32 = 256;

const HARTS: usize = memory.data(8192, 16);

if (offsetof<Hart>("sink") !== SINK_OFFSET) {
  ERROR("the registers are not where decode expects them");
}

/** The state of hart `id`, below hartCount(). */
export function hartAt(id: u32): Hart {
  return changetype<Hart>(HARTS + <usize>(id * HART_STRIDE));
}

/** A bit for each hart that holds a reservation. */
const RESERVERS: usize = memory.data(4, 4);

/** The harts that hold a reservation, as bits. */
export function reservers(): u32 {
  return load<u32>(RESERVERS);
}

/** Gives a hart a reservation of `size` bytes at a physical address, for its LR. */
export function reserve(hart: Hart, address: u64, size: u32): void {
  hart.reserved = size;
  hart.reservedAddress = address;
  hart.reservedAt = hart.retired;
  store<u32>(RESERVERS, load<u32>(RESERVERS) | (1 << hart.id));
}

/** Takes a hart's reservation, if it has one. */
export function unreserve(hart: Hart): void {
  hart.reserved = 0;
  store<u32>(RESERVERS, load<u32>(RESERVERS) & ~(1 << hart.id));
}

/** Register x`n` of a hart. */
export function readRegister(id: u32, n: u32): u64 {
  return load<u64>(changetype<usize>(hartAt(id)) + <usize>((n & 31) << 3));
}

/** Sets register x`n` of a hart; x0 stays zero. */
export function writeRegister(id: u32, n: u32, value: u64): void {
  const index = n & 31;
  if (index !== 0) {
    store<u64>(changetype<usize>(hartAt(id)) + <usize>(index << 3), value);
  }
}

/** Raises or lowers a pending bit (an `Interrupt`) of a hart, for the PLIC, the ACLINT and SBI's IPIs. */
export function setPending(id: u32, bit: u32, on: bool): void {
  const hart = hartAt(id);
  const mask: u64 = 1 << bit;
  hart.mip = on ? hart.mip | mask : hart.mip & ~mask;
}

/** Sets the deadline of the supervisor timer (stimecmp) in ticks. From then on STIP is pending. For SBI's set_timer. */
export function setSupervisorDeadline(id: u32, ticks: u64): void {
  hartAt(id).stimecmp = ticks;
  deadlinesChanged();
}

/** Sets the ACLINT's mtimecmp. From then on MTIP is pending. */
export function setMachineDeadline(id: u32, ticks: u64): void {
  hartAt(id).mtimecmp = ticks;
  deadlinesChanged();
}

export function machineDeadline(id: u32): u64 {
  return hartAt(id).mtimecmp;
}

/** What a hart is doing (a `HartState`). */
export function hartState(id: u32): u32 {
  return hartAt(id).state;
}

/**
 * Starts a hart as SBI's HSM does: in supervisor mode, with translation and interrupts off, the hart's number in a0 and the
 * opaque word in a1. Everything else is as after reset.
 */
export function startHart(id: u32, address: u64, opaque: u64): void {
  const hart = hartAt(id);
  resetHart(id);
  hart.mode = Mode.Supervisor;
  hart.pc = address;
  hart.x10 = id;
  hart.x11 = opaque;
  hart.state = HartState.Running;
  deadlinesChanged();
  trace(Event.Start, id, address, opaque);
}

/** Puts a hart into its state after reset: machine mode, stopped, all interrupts off. */
export function resetHart(id: u32): void {
  const hart = hartAt(id);
  const retired = hart.retired;
  memory.fill(changetype<usize>(hart), 0, HART_STRIDE);
  hart.id = id;
  unreserve(hart);
  hart.retired = retired;
  hart.instretBase = 0 - retired;
  hart.cycleBase = 0 - retired;
  hart.misa = MISA;
  hart.mstatus = MSTATUS_RESET;
  hart.mode = Mode.Machine;
  hart.state = HartState.Stopped;
  hart.stimecmp = NEVER;
  hart.mtimecmp = NEVER;
}

if (HARTS_MAX * HART_STRIDE !== 8192) {
  ERROR("HARTS holds HARTS_MAX harts");
}
