/**
 * Memory that is unmapped on one hart and touched on another, which has its translation from before. Nothing is mapped
 * in between, so only the shoot-down can have made that hart forget it.
 *
 * There are two pages, unmapped one after the other: the second shoot-down has to reach a hart that the first reached.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { createVmo, map, result, unmap } from "runtime/call";
import { moveTo, onlineHarts } from "runtime/harts";
import { line, print } from "runtime/log";
import { loadFrom } from "./assembly";

const FIRST: u32 = USER_MAPPINGS;
const SECOND: u32 = USER_MAPPINGS + 0x0010_0000;

/**
 * Does not return if all is well: the load at SECOND is a page fault. That holds on a machine with one hart, too.
 */
export function touchUnmapped(): void {
  const harts = onlineHarts();
  if (harts === 0 || !isMapped(FIRST) || !isMapped(SECOND)) {
    return failed("no memory, or no harts");
  }
  const last: u32 = 31 - clz(harts);
  for (let hart: u32 = 0; hart <= last; hart++) {
    if ((harts & (1 << hart)) === 0) {
      continue;
    }
    if (!moveTo(hart)) {
      return failed("cannot move to another hart");
    }
    loadFrom(FIRST);
    loadFrom(SECOND);
  }
  if (unmap(FIRST) < 0 || unmap(SECOND) < 0) {
    return failed("no unmapping");
  }
  if (!moveTo(ctz(harts))) {
    return failed("cannot move back");
  }
  loadFrom(SECOND);
}

function isMapped(address: u32): bool {
  if (createVmo(PAGE_BYTES) < 0) {
    return false;
  }
  return map(<u32>result(0), address, 0, PAGE_BYTES, Right.Read) >= 0;
}

function failed(what: string): void {
  print(line().text("fault-probe: unmapped: ").text(what));
}
