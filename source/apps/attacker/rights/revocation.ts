/**
 * Tasks that would keep what was lent to them: on harts of their own they copy it, lend it on, map it and begin anew,
 * while it is taken back. When `revoke` returns, nothing but the lender's own slots may refer to the memory any more.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { messageInfoWithSlot } from "abi/message";
import { FOREVER, SELF, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { create, createVmo, drop, grant, lend, now, result, revoke, vmoSize } from "runtime/call";
import { call } from "runtime/ipc";
import { startup } from "runtime/startup";
import { Puppet, puppetOf } from "../puppet/puppet";
import { tellNumber, tellStatus } from "../report";

const THIEVES: u32 = 3;
const ROUNDS: u32 = 16;
const PAGES: u32 = 100;
/** How long a thief may take to receive what it is sent, and how long it has it at most. */
const SEND_MICROSECONDS: u64 = 400;
const PAUSE_MICROSECONDS: u64 = 300;
/** The references that the lender holds itself: its slot, and the one that lends. */
const OWN_REFERENCES: u64 = 2;

/** A thief's slots: where it receives, and where its first calls leave what they get. */
const ENDPOINT: u32 = 0;
const RECEIVED: u32 = 1;
const COPY: u32 = 2;
const LENT: u32 = 3;
const FROM_LENT: u32 = 4;
const SLOTS_END: u32 = 5;
const FIRST_PLACE: u64 = USER_MAPPINGS;
const SECOND_PLACE: u64 = USER_MAPPINGS + 0x0100_0000;

const endpoints: usize = memory.data(THIEVES * 4, 4);

export function attackRevocation(): void {
  const status = createVmo(PAGES * PAGE_BYTES);
  if (status < 0) {
    return tellStatus("making memory", status);
  }
  const vmo = <u32>result(0);
  for (let i: u32 = 0; i < THIEVES; i++) {
    if (!startThief(i)) {
      return;
    }
  }
  let taken: u32 = 0;
  let left: u64 = 0;
  let sent: u32 = 0;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    if (lend(vmo, Right.All, 0) < 0) {
      break;
    }
    const lent = <u32>result(0);
    for (let i: u32 = 0; i < THIEVES; i++) {
      // No thief answers; what is sent along is there all the same.
      call(
        load<u32>(endpoints + (i << 2)),
        messageInfoWithSlot(0, lent, Right.All),
        0,
        0,
        now() + micros(SEND_MICROSECONDS),
      );
    }
    const until = now() + micros((PAUSE_MICROSECONDS * round) / ROUNDS);
    while (now() < until) {}
    vmoSize(lent);
    sent += result(1) > OWN_REFERENCES ? 1 : 0;
    const isTaken = round % 2 === 0 ? revoke(lent) === 0 : drop(lent) === 0;
    taken += isTaken ? 1 : 0;
    vmoSize(vmo);
    left += result(1) - (round % 2 === 0 ? OWN_REFERENCES : OWN_REFERENCES - 1);
    if (round % 2 === 0) {
      drop(lent);
    }
  }
  tellNumber("times that it was taken back", taken);
  tellNumber("times that a thief had it before", sent > 0 ? 1 : 0);
  tellNumber("references that a thief kept", left);
}

function micros(microseconds: u64): u64 {
  return (startup().timebase * microseconds) / 1_000_000;
}

/**
 * A thief receives, and makes as much of what it gets as it can, for ever. The first one lets go of it before it begins
 * anew, so that some of it may be on its way out while the kernel takes it; the others keep it until it is gone.
 */
function startThief(index: u32): bool {
  const p: Puppet | null = puppetOf(index, Class.App);
  if (p === null || create(Kind.Endpoint) < 0) {
    return false;
  }
  const endpoint = <u32>result(0);
  store<u32>(endpoints + (index << 2), endpoint);
  grant(p.task, endpoint, Right.Receive, 0, ENDPOINT);
  p.does(Syscall.Receive, ENDPOINT, FOREVER, 0, 0, 0);
  p.does(Syscall.Copy, RECEIVED, Right.All, 0, 0, 0);
  p.does(Syscall.Lend, RECEIVED, Right.All, 0, 0, 0);
  p.does(Syscall.Copy, LENT, Right.All, 0, 0, 0);
  p.does(Syscall.Map, SELF, COPY, FIRST_PLACE, 0, PAGES * PAGE_BYTES).a5 = Right.Read | Right.Write;
  p.does(Syscall.Map, SELF, FROM_LENT, SECOND_PLACE, 0, PAGES * PAGE_BYTES).a5 = Right.Read;
  if (index === 0) {
    p.does(Syscall.Unmap, SELF, FIRST_PLACE, 0, 0, 0);
    p.does(Syscall.Unmap, SELF, SECOND_PLACE, 0, 0, 0);
    for (let slot = RECEIVED; slot < SLOTS_END; slot++) {
      p.does(Syscall.Drop, slot, 0, 0, 0, 0);
    }
  }
  return p.repeats().starts() >= 0;
}
