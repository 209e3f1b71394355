/**
 * The interpreter: one switch over decoded ops.
 *
 * Three things keep it fast:
 *
 * - An op that falls through needs no bookkeeping. The instructions executed since the last jump are a difference of op
 *   addresses, so a jump accounts for all of them, and `credit - op` is what is left of the turn (in bytes of ops).
 * - A jump to a target in the same page is linked to the decoded target when it is first taken.
 * - The switch calls no function. An op that is not executed inline `break`s out of the switch to one place below it.
 *
 * run<Fast> looks at what is left only at jumps, so it needs RUN_MAX instructions to spare; run<Exact> looks at every
 * instruction, and ends a turn to the instruction. Reached from turn.ts; goes on in slow.ts.
 */

import { advanceClock } from "../clock";
import { decodeRun, RUN_MAX } from "../code/code";
import { enter } from "../code/fetch";
import { Heat } from "../code/hot";
import { At, LINKED, OP_BYTES, OP_SHIFT, Op } from "../code/ops";
import { Ops, UNDECODED } from "../code/pages";
import { stopRequested } from "../hart/breakpoints";
import { Hart } from "../hart/hart";
import { accessShared, Shared } from "../memory/shared";
import { Entry } from "../memory/tlb";
import { Branch, Integer } from "./integer";
import { Memory } from "./memory";
import { Multiply } from "./multiply";
import { accessObserved } from "./observed";
import { executeSlow, leave } from "./slow";
import { After } from "./system";
import { executeZbb } from "./zbb";

/** The two ways to run. The compiler distinguishes them by the size of the type. */
export type Exact = u8;
export type Fast = u16;

/** Instructions that run<Fast> may execute past a jump before it looks at the budget again. */
export const FAST_MARGIN: i32 = <i32>RUN_MAX + 4;

/** A translation is entered only if the turn has this many instructions left, beside those of the first block. */
const TRANSLATED_MIN: i32 = 16;

/** What an instruction takes from the credit, which is counted in bytes of ops. */
const COUNTED: i32 = <i32>OP_BYTES;

/** How many ops of Zbb follow its first. */
const ZBB_LAST: u32 = Op.Rev8 - Op.Andn;

/** Why an op left the switch. */
const enum Way {
  /** The op is executed out of line. */
  Slow = 0,
  /** A jump to `to`. */
  Far = 1,
  /** The turn is over; `op` is next. */
  Out = 2,
  /** What follows has a translation. */
  Translated = 3,
}

/**
 * Whether a watchpoint stops the loop here: behind an instruction, and not between the two pages of one. `left` is what is left
 * of the budget, in bytes of ops.
 */
function stopsHere(hart: Hart, op: usize, left: i32, budget: i32): bool {
  const isBehind = left < budget << OP_SHIFT && op !== changetype<usize>(hart) + offsetof<Hart>("straddle0");
  return isBehind && stopRequested();
}

/** Accounts for instructions that a hart executed. */
function retire(hart: Hart, count: i32): void {
  hart.retired += <u64>count;
  advanceClock(<u64>count);
}

/**
 * Notes that a hart stops at hart.pc only because its budget is used up. A hart that goes on does not look up the page that it
 * executes, so this one does not do so later either. By then its table may have another entry in that place.
 */
function pause(hart: Hart, page: usize, base: u64): void {
  hart.paused = 1;
  hart.pausedCode = page !== UNDECODED && (hart.pc & ~0xfff) === base ? <u32>page : 0;
}

/**
 * Runs a hart from hart.pc for at most `budget` instructions (more than FAST_MARGIN for Fast), or until something happens
 * that the caller has to look at. With `guarded`, every store is executed out of line, because another hart holds a
 * reservation. With `observed`, every load is too, because there are watchpoints. Both are only for Exact. Returns how much of the budget it used: one for each instruction, and one for a trap.
 */
export function run<T>(hart: Hart, budget: i32, guarded: bool, observed: bool): i32 {
  const exact = sizeof<T>() === sizeof<Exact>();
  const aside = guarded || observed;
  const x = changetype<usize>(hart);
  const table = <usize>hart.dataTable;
  let page = <usize>hart.pausedCode;
  let op: usize = 0;
  hart.paused = 0;
  hart.pausedCode = 0;
  if (page !== 0) {
    op = decodeRun(page, <u32>hart.pc & 0xfff);
  } else {
    op = enter(hart);
    if (op === 0) {
      advanceClock(1);
      return 1;
    }
    page = Entry.code(Entry.of(<usize>hart.fetchTable, hart.pc));
  }
  let base = hart.pc & ~0xfff;
  const reserve = exact ? 0 : FAST_MARGIN << OP_SHIFT;
  // What was left when instructions were last accounted for.
  let mark = (budget << OP_SHIFT) - reserve;
  let credit = <i32>op + mark;
  let left = mark;
  let to: u64 = 0;
  let way = Way.Slow;
  // What was left when the page's heat was last accounted for.
  let since = mark;
  for (;;) {
    if (exact && (credit - <i32>op <= 0 || (observed && stopsHere(hart, op, credit - <i32>op, budget)))) {
      left = credit - <i32>op;
      break;
    }
    switch (At.code(op)) {
      case Op.Li:
        Integer.set(x, op, Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Auipc:
        Integer.set(x, op, base + At.offset(op) + Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Mv:
        Integer.set(x, op, Integer.a(x, op));
        op += OP_BYTES;
        continue;
      case Op.Addi:
        Integer.set(x, op, Integer.a(x, op) + Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Slti:
        Integer.slti(x, op);
        op += OP_BYTES;
        continue;
      case Op.Sltiu:
        Integer.sltiu(x, op);
        op += OP_BYTES;
        continue;
      case Op.Xori:
        Integer.set(x, op, Integer.a(x, op) ^ Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Ori:
        Integer.set(x, op, Integer.a(x, op) | Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Andi:
        Integer.set(x, op, Integer.a(x, op) & Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Slli:
        Integer.set(x, op, Integer.a(x, op) << Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Srli:
        Integer.set(x, op, Integer.a(x, op) >> Integer.i(op));
        op += OP_BYTES;
        continue;
      case Op.Srai:
        Integer.srai(x, op);
        op += OP_BYTES;
        continue;
      case Op.Addiw:
        Integer.setWord(x, op, <u32>Integer.a(x, op) + At.word(op));
        op += OP_BYTES;
        continue;
      case Op.Slliw:
        Integer.setWord(x, op, (<u32>Integer.a(x, op)) << At.word(op));
        op += OP_BYTES;
        continue;
      case Op.Srliw:
        Integer.setWord(x, op, <u32>Integer.a(x, op) >> At.word(op));
        op += OP_BYTES;
        continue;
      case Op.Sraiw:
        Integer.sraiw(x, op);
        op += OP_BYTES;
        continue;
      case Op.Add:
        Integer.set(x, op, Integer.a(x, op) + Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Sub:
        Integer.set(x, op, Integer.a(x, op) - Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Sll:
        Integer.set(x, op, Integer.a(x, op) << Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Slt:
        Integer.slt(x, op);
        op += OP_BYTES;
        continue;
      case Op.Sltu:
        Integer.sltu(x, op);
        op += OP_BYTES;
        continue;
      case Op.Xor:
        Integer.set(x, op, Integer.a(x, op) ^ Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Srl:
        Integer.set(x, op, Integer.a(x, op) >> Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Sra:
        Integer.sra(x, op);
        op += OP_BYTES;
        continue;
      case Op.Or:
        Integer.set(x, op, Integer.a(x, op) | Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.And:
        Integer.set(x, op, Integer.a(x, op) & Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Addw:
        Integer.setWord(x, op, <u32>(Integer.a(x, op) + Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Subw:
        Integer.setWord(x, op, <u32>(Integer.a(x, op) - Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Sllw:
        Integer.setWord(x, op, (<u32>Integer.a(x, op)) << (<u32>Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Srlw:
        Integer.setWord(x, op, <u32>Integer.a(x, op) >> <u32>Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Sraw:
        Integer.sraw(x, op);
        op += OP_BYTES;
        continue;
      case Op.Mul:
        Integer.set(x, op, Integer.a(x, op) * Integer.b(x, op));
        op += OP_BYTES;
        continue;
      case Op.Mulh:
        Integer.set(x, op, Multiply.mulh(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Mulhsu:
        Integer.set(x, op, Multiply.mulhsu(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Mulhu:
        Integer.set(x, op, Multiply.mulhu(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Div:
        Integer.set(x, op, Multiply.div(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Divu:
        Integer.set(x, op, Multiply.divu(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Rem:
        Integer.set(x, op, Multiply.rem(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Remu:
        Integer.set(x, op, Multiply.remu(Integer.a(x, op), Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Mulw:
        Integer.setWord(x, op, <u32>(Integer.a(x, op) * Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Divw:
        Integer.setWord(x, op, Multiply.divw(<u32>Integer.a(x, op), <u32>Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Divuw:
        Integer.setWord(x, op, Multiply.divuw(<u32>Integer.a(x, op), <u32>Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Remw:
        Integer.setWord(x, op, Multiply.remw(<u32>Integer.a(x, op), <u32>Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Remuw:
        Integer.setWord(x, op, Multiply.remuw(<u32>Integer.a(x, op), <u32>Integer.b(x, op)));
        op += OP_BYTES;
        continue;
      case Op.Lb:
        if ((exact && observed) || !Memory.load<i8>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Lh:
        if ((exact && observed) || !Memory.load<i16>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Lw:
        if ((exact && observed) || !Memory.load<i32>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Ld:
        if ((exact && observed) || !Memory.load<u64>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Lbu:
        if ((exact && observed) || !Memory.load<u8>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Lhu:
        if ((exact && observed) || !Memory.load<u16>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Lwu:
        if ((exact && observed) || !Memory.load<u32>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Sb:
        if (aside || !Memory.store<u8>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Sh:
        if (aside || !Memory.store<u16>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Sw:
        if (aside || !Memory.store<u32>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Sd:
        if (aside || !Memory.store<u64>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.AmoSwapW:
        if (aside || !Memory.amoSwap<i32>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.AmoAddW:
        if (aside || !Memory.amoAdd<i32>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.AmoSwapD:
        if (aside || !Memory.amoSwap<u64>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.AmoAddD:
        if (aside || !Memory.amoAdd<u64>(x, op, table)) {
          break;
        }
        op += OP_BYTES;
        continue;
      case Op.Beq:
        if (!Branch.equal(x, op)) {
          op += OP_BYTES;
          continue;
        }
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.Bne:
        if (Branch.equal(x, op)) {
          op += OP_BYTES;
          continue;
        }
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.Blt:
        if (!Branch.less(x, op)) {
          op += OP_BYTES;
          continue;
        }
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.Bge:
        if (Branch.less(x, op)) {
          op += OP_BYTES;
          continue;
        }
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.Bltu:
        if (!Branch.lessUnsigned(x, op)) {
          op += OP_BYTES;
          continue;
        }
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.Bgeu:
        if (Branch.lessUnsigned(x, op)) {
          op += OP_BYTES;
          continue;
        }
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.Jal:
        Integer.set(x, op, base + At.next(op));
        left = credit - <i32>op - COUNTED;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.BeqFar:
        if (!Branch.equal(x, op)) {
          op += OP_BYTES;
          continue;
        }
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.BneFar:
        if (Branch.equal(x, op)) {
          op += OP_BYTES;
          continue;
        }
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.BltFar:
        if (!Branch.less(x, op)) {
          op += OP_BYTES;
          continue;
        }
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.BgeFar:
        if (Branch.less(x, op)) {
          op += OP_BYTES;
          continue;
        }
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.BltuFar:
        if (!Branch.lessUnsigned(x, op)) {
          op += OP_BYTES;
          continue;
        }
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.BgeuFar:
        if (Branch.lessUnsigned(x, op)) {
          op += OP_BYTES;
          continue;
        }
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.JalFar:
        Integer.set(x, op, base + At.next(op));
        to = base + At.offset(op) + Integer.i(op);
        way = Way.Far;
        break;
      case Op.Jalr:
        to = (Integer.a(x, op) + Integer.i(op)) & ~1;
        Integer.set(x, op, base + At.next(op));
        way = Way.Far;
        break;
      case Op.Link:
        // No instruction: nothing is counted.
        left = credit - <i32>op;
        op = <usize>At.word(op);
        credit = left + <i32>op;
        if (exact || left > 0) {
          continue;
        }
        way = Way.Out;
        break;
      case Op.PageEnd:
      case Op.LinkFar:
        to = base + At.offset(op);
        credit += COUNTED;
        way = Way.Far;
        break;
      case Op.Entry:
        // No instruction: nothing is counted.
        credit += COUNTED;
        if (exact && (aside || credit - <i32>op <= (<i32>At.rd(op) + TRANSLATED_MIN) << OP_SHIFT)) {
          op += OP_BYTES;
          continue;
        }
        if (At.word(op) === 0) {
          Heat.pass(page, op);
          op += OP_BYTES;
          continue;
        }
        way = Way.Translated;
        break;
      case Op.Fence:
        // Harts take turns in one thread, so memory is already in order.
        op += OP_BYTES;
        continue;
      default:
        if (At.code(op) - Op.Andn > ZBB_LAST) {
          break;
        }
        executeZbb(x, op);
        op += OP_BYTES;
        continue;
    }
    if (way === Way.Slow) {
      if (exact && observed && accessObserved(hart, op, guarded)) {
        op += OP_BYTES;
        continue;
      }
      const shared = accessShared(hart, op);
      if (shared === Shared.Done) {
        op += OP_BYTES;
        continue;
      }
      left = credit - <i32>op;
      retire(hart, (mark - left) >> OP_SHIFT);
      mark = left;
      hart.pc = base + At.offset(op);
      const after = shared === Shared.Noted ? leave(hart, op) : executeSlow(hart, op);
      if (after === After.Next) {
        op += OP_BYTES;
        continue;
      }
      if (after === After.Straddle) {
        op = x + offsetof<Hart>("straddle0");
        credit = left + <i32>op;
        continue;
      }
      Heat.add(page, (since - left) >> OP_SHIFT);
      const taken = budget - ((left + reserve) >> OP_SHIFT);
      if (after === After.Stop) {
        pause(hart, page, base);
        return taken;
      }
      if (after === After.Leave) {
        retire(hart, 1);
      } else {
        advanceClock(1);
      }
      return taken + 1;
    }
    if (way === Way.Out) {
      break;
    }
    if (way === Way.Translated) {
      way = Way.Slow;
      left = credit - <i32>op - COUNTED;
      const before = (left + reserve) >> OP_SHIFT;
      const now = call_indirect<i32>(At.word(op), x, base, <u32>At.rs1(op), before);
      to = hart.pc;
      if (now === before) {
        // It did nothing: the budget does not cover its first block, or its first instruction is executed out of line.
        op += OP_BYTES;
        continue;
      }
      const taken = (before - now) << OP_SHIFT;
      left -= taken;
      since -= taken;
      credit = left + <i32>op + COUNTED;
    } else {
      way = Way.Slow;
      left = credit - <i32>op - COUNTED;
    }
    let next: usize = 0;
    if ((to ^ base) < 4096) {
      next = Ops.find(page, <u32>to);
      if (next === 0 && page !== UNDECODED) {
        next = decodeRun(page, <u32>to & 0xfff);
      }
      // The second time a jump within the page is taken, it is linked.
      if (next !== 0 && At.code(op) - Op.LinkFar < LINKED) {
        store<u16>(op, <u16>(At.code(op) + LINKED));
        store<u32>(op, <u32>next, 8);
      }
    } else {
      Heat.add(page, (since - left) >> OP_SHIFT);
      since = left;
      if (exact && left <= 0) {
        // The turn ends before the other page is looked up, by whatever way it is reached: by a jump, past the end of this
        // page, or from a translation. Chaos may draw something there, and what it draws must not depend on that.
        retire(hart, (mark - left) >> OP_SHIFT);
        hart.pc = to;
        pause(hart, page, base);
        return budget - (left >> OP_SHIFT);
      }
      const entry = Entry.of(<usize>hart.fetchTable, to);
      if (Entry.fetchTag(entry) === (to & ~0xfff)) {
        page = Entry.code(entry);
        base = to & ~0xfff;
        next = Ops.find(page, <u32>to);
      }
    }
    if (next === 0) {
      hart.pc = to;
      next = enter(hart);
      if (next === 0) {
        retire(hart, (mark - left) >> OP_SHIFT);
        advanceClock(1);
        return budget - ((left + reserve) >> OP_SHIFT) + 1;
      }
      base = to & ~0xfff;
      page = Entry.code(Entry.of(<usize>hart.fetchTable, to));
    }
    op = next;
    credit = left + <i32>op;
    if (!exact && left <= 0) {
      break;
    }
  }
  Heat.add(page, (since - left) >> OP_SHIFT);
  retire(hart, (mark - left) >> OP_SHIFT);
  hart.pc = base + At.offset(op);
  pause(hart, page, base);
  return budget - ((left + reserve) >> OP_SHIFT);
}
