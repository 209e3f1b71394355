/**
 * A reservation from before a switch: some tasks read a word with LR, yield, and write the same value back with SC;
 * others add to the word and yield. If an SC succeeds although another task ran in between, additions are lost. The
 * reservation may be the task's own, which stayed on the hart, or that of another task, which did LR of the word after
 * adding to it.
 */

import { Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Class } from "abi/task";
import { createVmo, drop, map, mapInto, result, unmap } from "runtime/call";
import { child, Puppet } from "./puppet/puppet";
import { holderEnd, holderStart, rivalEnd, rivalStart } from "./puppet/symbols";
import { tellNumber } from "./report";

/** The address of the shared word, as in puppet.S: behind a child's script. */
const HELD: u32 = 0x0006_0000;
/** Where this task sees it: beyond the children's scripts. */
const WINDOW: usize = USER_MAPPINGS + 0x0100_0000;
/** Holders and rivals alternate, so each of four harts has one of both. */
const CROWD: u32 = 8;

const crowd: usize = memory.data(CROWD * 4, 4);

@unmanaged
@final
class Held {
  word: u64;
  additions: u64;
  rivalReserves: u64;
}

export function attackReservations(): void {
  if (createVmo(PAGE_BYTES) < 0) {
    return;
  }
  const vmo = <u32>result(0);
  if (map(vmo, WINDOW, 0, PAGE_BYTES, Right.Read | Right.Write) < 0) {
    return;
  }
  const held = changetype<Held>(WINDOW);
  if (!contend(vmo)) {
    return;
  }
  tellNumber("additions", held.additions);
  tellNumber("additions lost to a reservation of one's own", held.additions - held.word);
  held.word = 0;
  held.additions = 0;
  held.rivalReserves = 1;
  if (!contend(vmo)) {
    return;
  }
  tellNumber("additions lost to a reservation of another's", held.additions - held.word);
  unmap(WINDOW);
  drop(vmo);
}

/** Runs holders and rivals until they end. */
function contend(vmo: u32): bool {
  for (let i: u32 = 0; i < CROWD; i++) {
    const p = (i & 1) !== 0 ? rival(i) : holder(i);
    if (p === null || mapInto(p.task, vmo, HELD, 0, PAGE_BYTES, Right.Read | Right.Write) < 0) {
      return false;
    }
    store<u32>(crowd + (i << 2), <u32>changetype<usize>(p));
  }
  for (let i: u32 = 0; i < CROWD; i++) {
    member(i).starts();
  }
  let areOver: bool = true;
  for (let i: u32 = 0; i < CROWD; i++) {
    if (!member(i).awaitEnd()) {
      areOver = false;
    }
    member(i).forget();
  }
  return areOver;
}

function member(index: u32): Puppet {
  return changetype<Puppet>(load<u32>(crowd + (index << 2)));
}

function holder(index: u32): Puppet | null {
  return child(index, Class.App, holderStart(), <u32>(holderEnd() - holderStart()));
}

function rival(index: u32): Puppet | null {
  return child(index, Class.App, rivalStart(), <u32>(rivalEnd() - rivalStart()));
}
