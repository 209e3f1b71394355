/**
 * Executes the instructions that the loop does not execute inline, or could not.
 *
 * hart.pc is the instruction's address, and all instructions before it are accounted for. So a trap here is precise.
 */

import { Chaos, isChaos, point } from "../chaos/chaos";
import { drain, holdsAmo } from "../chaos/store-buffer";
import { decodeOne } from "../code/code";
import { decode } from "../code/decode";
import { At, Op, writeOp } from "../code/ops";
import { codeOfOp, flushCode, sourceOf } from "../code/pages";
import { stopsAtBreakpoint } from "../hart/breakpoints";
import { Hart } from "../hart/hart";
import { Cause, raise } from "../hart/trap";
import { PAGE_BYTES } from "../layout";
import { fetchHalf, loadVirtual, storeVirtual } from "../memory/access";
import { faultCause, faulted, faultValue, Outcome, outcome } from "../memory/outcome";
import { extended } from "../memory/shared";
import { atomic } from "./atomic";
import { After, system } from "./system";

/** How many ops of a kind follow the first. */
const LOADS_LAST: u32 = Op.Lwu - Op.Lb;
const STORES_LAST: u32 = Op.Sd - Op.Sb;
const ATOMICS_LAST: u32 = Op.Amo - Op.AmoSwapW;

/** Sets hart.pc to the following instruction. */
function step(hart: Hart, op: usize): void {
  hart.pc = (hart.pc & ~0xfff) + At.next(op);
}

/** Goes on behind an instruction that was executed. The caller looks at everything anew first. */
export function leave(hart: Hart, op: usize): After {
  step(hart, op);
  return After.Leave;
}

/** What follows an access: a trap, the next instruction, or a look at everything anew. */
function settle(hart: Hart, op: usize): After {
  if (outcome === Outcome.Done) {
    return After.Next;
  }
  if (outcome === Outcome.Fault) {
    raise(hart, faultCause, faultValue);
    return After.Trapped;
  }
  return leave(hart, op);
}

function loadSlow(hart: Hart, op: usize, code: u32): After {
  const x = changetype<usize>(hart);
  const address = load<u64>(x + At.rs1(op)) + <u64>At.immediate(op);
  // lb lh lw ld lbu lhu lwu
  const index = code - Op.Lb;
  const value = loadVirtual(hart, address, 1 << (index & 3));
  if (faulted()) {
    return settle(hart, op);
  }
  store<u64>(x + At.rd(op), extended(index, value));
  return settle(hart, op);
}

function storeSlow(hart: Hart, op: usize, code: u32): After {
  const x = changetype<usize>(hart);
  const address = load<u64>(x + At.rs1(op)) + <u64>At.immediate(op);
  storeVirtual(hart, address, 1 << (code - Op.Sb), load<u64>(x + At.rs2(op)));
  return settle(hart, op);
}

/** Decodes an instruction that straddles two pages into the hart's own op. */
function straddle(hart: Hart, op: usize): After {
  const next = hart.pc + 2;
  const high = fetchHalf(hart, next);
  if (faulted()) {
    raise(hart, faultCause, faultValue);
    return After.Trapped;
  }
  const own = changetype<usize>(hart) + offsetof<Hart>("straddle0");
  decode(own, (At.word(op) & 0xffff) | (high << 16), 4094);
  writeOp(own + 16, Op.PageEnd, 0, 0, 0, 0, 4098, 4098);
  return After.Straddle;
}

/** Bits of a fence's sets: device input and output, reads, writes (unprivileged specification, chapter "I"). */
const WRITES: u32 = 1;
const READS: u32 = 2;
const INPUT: u32 = 8;
const TSO: u32 = 8;

/**
 * A fence drains the store buffer if it orders the buffered stores before accesses that could otherwise overtake them. A
 * buffered AMO counts as a load too.
 */
function fence(hart: Hart, word: u32): void {
  const before = (word >> 24) & 15;
  const after = (word >> 20) & 15;
  point();
  if (after === 0) {
    return;
  }
  if ((before & READS) !== 0 && holdsAmo(hart.id)) {
    drain(hart.id);
  }
  if ((before & WRITES) === 0) {
    return;
  }
  const ordersReads = (after & (READS | INPUT)) !== 0 && word >> 28 !== TSO;
  if (ordersReads || isChaos(Chaos.WeakStores)) {
    drain(hart.id);
  }
}

/** Op.Break: there may be a breakpoint here, or PMP has to be checked. Stops, or executes the instruction. */
function pause(hart: Hart, op: usize): After {
  if (stopsAtBreakpoint(hart)) {
    return After.Stop;
  }
  const own = changetype<usize>(hart) + offsetof<Hart>("straddle0");
  const offset = <u32>At.offset(op);
  const page = codeOfOp(op);
  if (page !== 0 && At.next(op) > PAGE_BYTES) {
    return straddle(hart, op);
  }
  let length: u32 = 0;
  if (page !== 0) {
    length = decodeOne(own, sourceOf(page), offset);
  } else {
    const low = fetchHalf(hart, hart.pc);
    const high: u32 = !faulted() && (low & 3) === 3 ? fetchHalf(hart, hart.pc + 2) : 0;
    if (faulted()) {
      raise(hart, faultCause, faultValue);
      return After.Trapped;
    }
    length = decode(own, low | (high << 16), offset);
  }
  writeOp(own + 16, Op.PageEnd, 0, 0, 0, 0, offset + length, offset + length);
  return After.Straddle;
}

/** Executes one op out of line. */
export function executeSlow(hart: Hart, op: usize): After {
  const code = At.code(op);
  if (code - Op.Lb <= LOADS_LAST) {
    return loadSlow(hart, op, code);
  }
  if (code - Op.Sb <= STORES_LAST) {
    return storeSlow(hart, op, code);
  }
  if (code - Op.AmoSwapW <= ATOMICS_LAST) {
    if (atomic(hart, At.word(op)) === Outcome.Noted) {
      return leave(hart, op);
    }
    return faulted() ? settle(hart, op) : After.Next;
  }
  switch (code) {
    case Op.System:
      return system(hart, At.word(op));
    case Op.FenceSlow:
      fence(hart, At.word(op));
      return leave(hart, op);
    case Op.FenceI:
      drain(hart.id);
      flushCode(hart.id);
      return leave(hart, op);
    case Op.Cross:
      return straddle(hart, op);
    case Op.Break:
      return pause(hart, op);
    default:
      raise(hart, Cause.Illegal, <u64>At.word(op));
      return After.Trapped;
  }
}
