/**
 * Finds the decoded op at hart.pc.
 */

import { Hart } from "../hart/hart";
import { raise } from "../hart/trap";
import { fetchPage } from "../memory/access";
import { faultCause, faultValue } from "../memory/outcome";
import { Entry } from "../memory/tlb";
import { decodeRun } from "./code";
import { Op, writeOp } from "./ops";
import { UNDECODED } from "./pages";

/** The hart's own op, set up to fetch the instruction at `offset` of its page when it is executed: execute/slow.ts. */
function fetchLater(hart: Hart, offset: u32): usize {
  const own = changetype<usize>(hart) + offsetof<Hart>("straddle0");
  writeOp(own, Op.Break, 0, 0, 0, 0, offset, offset);
  return own;
}

/** The op at hart.pc, decoded now if need be. 0 if the fetch trapped: hart.pc is the trap handler then. */
export function enter(hart: Hart): usize {
  const pc = hart.pc;
  const entry = Entry.of(<usize>hart.fetchTable, pc);
  let page = Entry.code(entry);
  if (Entry.fetchTag(entry) !== (pc & ~0xfff)) {
    page = fetchPage(hart, pc);
    if (page === 0) {
      raise(hart, faultCause, faultValue);
      return 0;
    }
  }
  const offset = <u32>pc & 0xfff;
  return page === UNDECODED ? fetchLater(hart, offset) : decodeRun(page, offset);
}
