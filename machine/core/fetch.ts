// From hart.pc to the decoded op there.
import { fetchPage } from "./access";
import { decodeRun } from "./code";
import { Hart } from "./hart";
import { faultCause, faultValue } from "./outcome";
import { Entry } from "./tlb";
import { raise } from "./trap";

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
  return decodeRun(page, <u32>pc & 0xfff);
}
