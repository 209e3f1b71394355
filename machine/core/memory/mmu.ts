/**
 * Virtual memory: the Sv39 walk. Like QEMU's, it sets A and D itself (Svadu).
 */
import { Chaos, isChaos } from "../chaos/chaos";
import { findStale, keepStale, Stale } from "../chaos/stale";
import { Hart, Mode } from "../hart/hart";
import { Cause, MPP, MPP_SHIFT, MPRV, MXR, SUM } from "../hart/trap";
import { Access, accessFault, begin, fault, faulted, NOWHERE, note, pageFault } from "./outcome";
import { Open, pmpAllows } from "./pmp";
import { isRam, physicalWritten, ramAddress } from "./ram";

/** Level of the leaf that the last walk ended at; -1 if there was no translation. */
export let leafLevel: i32 = -1;

const ONE: u64 = 1;
const PAGE_OFFSET: u64 = 0xfff;

/** Bits of a page table entry. */
const V: u64 = 1;
const R: u64 = 2;
const W: u64 = 4;
const X: u64 = 8;
const U: u64 = 16;
const A: u64 = 64;
const D: u64 = 128;
/** Svpbmt, Svnapot and reserved bits: not supported. */
const RESERVED: u64 = 0xffc0_0000_0000_0000;
const PPN_MASK: u64 = 0xfff_ffff_ffff;

/** The mode whose rules apply to an access. */
function effectiveMode(hart: Hart, access: Access): u32 {
  if (access === Access.Fetch || (hart.mstatus & MPRV) === 0 || hart.mode !== Mode.Machine) {
    return hart.mode;
  }
  return <u32>((hart.mstatus & MPP) >> MPP_SHIFT);
}

/** Whether a leaf allows an access. A and D are not checked here. */
function allows(hart: Hart, pte: u64, access: Access, mode: u32): bool {
  if ((pte & U) !== 0) {
    if (mode === Mode.Supervisor && (access === Access.Fetch || (hart.mstatus & SUM) === 0)) {
      return false;
    }
  } else if (mode === Mode.User) {
    return false;
  }
  if (access === Access.Fetch) {
    return (pte & X) !== 0;
  }
  if (access === Access.Store) {
    return (pte & W) !== 0;
  }
  return (pte & R) !== 0 || ((hart.mstatus & MXR) !== 0 && (pte & X) !== 0);
}

/** The physical address that a leaf at `level` gives. Checks the access, and sets A and D unless the leaf is a stale one. */
function throughLeaf(
  hart: Hart,
  address: u64,
  access: Access,
  mode: u32,
  pte: u64,
  level: i32,
  at: u64,
): u64 {
  const shift = <u64>(12 + 9 * level);
  const within = (ONE << shift) - 1;
  const target = ((pte >> 10) & PPN_MASK) << 12;
  if (!allows(hart, pte, access, mode) || (target & within) !== 0) {
    return pageFault(address, access);
  }
  const marked = pte | A | (access === Access.Store ? D : 0);
  if (marked !== pte) {
    if (isChaos(Chaos.SoftwareMarks)) {
      return pageFault(address, access);
    }
    if (!Open.covers(hart, at, 8) && !pmpAllows(hart, at, 8, Access.Store, Mode.Supervisor)) {
      return accessFault(address, access);
    }
    // The page table may be in the page that is being executed. Then its decoded code is no longer valid.
    if (physicalWritten(at, 8, hart.id)) {
      note();
    }
    store<u64>(ramAddress(at), marked);
  }
  leafLevel = level;
  return target | (address & within);
}

/** Whether a stale entry of a hart can answer an access without a walk. */
function answers(hart: Hart, stale: Stale, access: Access, mode: u32): bool {
  const pte = stale.entry;
  // To set A or D, a walk is needed. A stale entry may refuse an access only with StaleFaults.
  if ((pte & V) !== 0 && ((pte & A) === 0 || (access === Access.Store && (pte & D) === 0))) {
    return false;
  }
  return isChaos(Chaos.StaleFaults) || ((pte & V) !== 0 && allows(hart, pte, access, mode));
}

/** Keeps the translation of the neighbouring page, which hardware may fetch ahead. */
function fetchAhead(hart: Hart, address: u64, at: u64): void {
  if (((at + 8) & PAGE_OFFSET) === 0) {
    return;
  }
  if (!isRam(at + 8, 8) || !pmpAllows(hart, at + 8, 8, Access.Load, Mode.Supervisor)) {
    return;
  }
  const pte = load<u64>(ramAddress(at + 8));
  const leaf = (pte & V) !== 0 && (pte & (R | X)) !== 0 && (pte & (R | W)) !== W && (pte & RESERVED) === 0;
  if (leaf) {
    keepStale(hart.id, address + 4096, hart.satp, pte, 0);
  }
}

/** Translates an address without PMP (privileged specification, "Virtual Address Translation Process"). */
function walk(hart: Hart, address: u64, access: Access, mode: u32): u64 {
  const satp = hart.satp;
  if (mode === Mode.Machine || satp >> 60 === 0) {
    return address;
  }
  if (<i64>(address << 25) >> 25 !== <i64>address) {
    return pageFault(address, access);
  }
  const keeps = isChaos(Chaos.StaleTranslation);
  const stale = keeps ? findStale(hart.id, address, satp) : null;
  if (stale !== null && answers(hart, stale, access, mode)) {
    if ((stale.entry & V) === 0) {
      return pageFault(address, access);
    }
    return throughLeaf(hart, address, access, mode, stale.entry, <i32>stale.level, 0);
  }
  let table = (satp & PPN_MASK) << 12;
  for (let level = 2; level >= 0; level--) {
    const at = table + (((address >> <u64>(12 + 9 * level)) & 511) << 3);
    if (
      !Open.covers(hart, at, 8) &&
      !(isRam(at, 8) && pmpAllows(hart, at, 8, Access.Load, Mode.Supervisor))
    ) {
      return accessFault(address, access);
    }
    const pte = load<u64>(ramAddress(at));
    if ((pte & V) === 0 || (pte & (R | W)) === W || (pte & RESERVED) !== 0) {
      keepStale(hart.id, address, satp, 0, <u32>level);
      return pageFault(address, access);
    }
    if ((pte & (R | X)) === 0) {
      if ((pte & (A | D | U)) !== 0) {
        return pageFault(address, access);
      }
      table = ((pte >> 10) & PPN_MASK) << 12;
      continue;
    }
    const physical = throughLeaf(hart, address, access, mode, pte, level, at);
    if (keeps) {
      // Read again, because A or D may have been set.
      keepStale(hart.id, address, satp, load<u64>(ramAddress(at)), <u32>level);
      if (level === 0) {
        fetchAhead(hart, address, at);
      }
    }
    return physical;
  }
  return pageFault(address, access);
}

/**
 * The physical address of `size` bytes at a virtual address, or NOWHERE with the outcome set. They lie in one page.
 */
export function translate(hart: Hart, address: u64, size: u32, access: Access): u64 {
  begin();
  leafLevel = -1;
  const mode = effectiveMode(hart, access);
  const physical = walk(hart, address, access, mode);
  if (faulted() || Open.covers(hart, physical, size) || pmpAllows(hart, physical, size, access, mode)) {
    return physical;
  }
  return accessFault(address, access);
}

/**
 * The physical address of an atomic access. If the access is not aligned or not in RAM: NOWHERE, with the outcome set. LR
 * (`access` Load) needs permission to read, SC and the AMOs need permission to write.
 */
export function translateAtomic(hart: Hart, address: u64, size: u32, access: Access): u64 {
  if ((address & (size - 1)) !== 0) {
    return fault(access === Access.Load ? Cause.LoadMisaligned : Cause.StoreMisaligned, address);
  }
  const physical = translate(hart, address, size, access);
  if (faulted()) {
    return NOWHERE;
  }
  return isRam(physical, size) ? physical : accessFault(address, access);
}
