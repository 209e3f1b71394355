/**
 * From hart.pc to the decoded op there.
 */

import { Hart } from "../hart/hart";
import { raise } from "../hart/trap";
import { fetchPage } from "../memory/access";
import { faultCause, faultValue } from "../memory/outcome";
import { Entry } from "../memory/tlb";
import { decodeRun, UNDECODED } from "./code";
import { Op, writeOp } from "./ops";

/** An op of the hart's own that fetches the instruction at `offset` of its page when it is executed: execute/slow.ts. */
function fetchLater(hart: Hart, offset: u32): usize {
  const own = changetype<usize>(hart) + offsetof<Hart>("straddle0");
  writeOp(own, Op.Break, 0, 0, 0, 0, offset, offset);
  return own;
}

/** The op at hart.pc, decoded if it was not; 0 if the fetch trapped, and hart.pc is the handler. */
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
