/**
 * The tasks of revocation.ts, and what each of them does for ever: it receives what was lent, uses it in a loop until a call
 * is refused, waits until the attacker says that all was taken back, and shows what it has left.
 *
 *   mapper                      maps it, reads it, unmaps it
 *   heir                        copies it and lends it on, then does the same by a copy of what it lent
 *   sender ──relay──▶ receiver  sends a copy of it, and another; the receiver copies each
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { messageInfoWithSlot } from "abi/message";
import { FOREVER, SELF, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { create, grant, result, takeFaults } from "runtime/call";
import { Puppet, puppetOf, Step } from "../puppet/puppet";

export const THIEVES: u32 = 4;
export const enum Thief {
  Mapper = 0,
  Heir = 1,
  Sender = 2,
  Receiver = 3,
}

/** The pages are mapped in turns of 64. The first of each turn is read. */
export const TURNS: u32 = 32;
const TURN_BYTES: u64 = 64 * <u64>PAGE_BYTES;
export const LENT_BYTES: u32 = TURNS * <u32>TURN_BYTES;
const PLACE: u64 = USER_MAPPINGS;

/** A thief's slots: where it receives, where its calls leave what they get, and the sender's way to the receiver. */
const ENDPOINT: u32 = 0;
const RECEIVED: u32 = 1;
const COPY: u32 = 2;
const LENT: u32 = 3;
const FROM_LENT: u32 = 4;
const RELAY: u32 = 63;

/** What the attacker knows of a thief. */
@unmanaged
@final
export class Known {
  puppet: Puppet;
  /** Where it receives, a slot of the attacker. */
  endpoint: u32;
  /** Its first step, and its last one. */
  receives: Step;
  last: Step;
  /** In which it waits for the attacker's word; null for the receiver, which does without. */
  awaits: Step | null;
  /** Its reads of all that it had mapped; null if it maps nothing. */
  reads: Step | null;
  /** Its first step that only uses a slot, and how many there are. */
  uses: u32;
  useCount: u32;
}

const table: usize = memory.data(THIEVES * offsetof<Known>(), 8);

export function thief(index: u32): Known {
  return changetype<Known>(table + index * offsetof<Known>());
}

/** Makes all of them. Bit i of `bell` is told of the faults of thief i. False if one cannot be made. */
export function startThieves(bell: u32): bool {
  for (let i: u32 = 0; i < THIEVES; i++) {
    if (!make(i, bell)) {
      return false;
    }
  }
  // The sender is the only one that names another.
  grant(thief(Thief.Sender).puppet.task, thief(Thief.Receiver).endpoint, Right.Send, 0, RELAY);
  for (let i: u32 = 0; i < THIEVES; i++) {
    if (thief(i).puppet.repeats().starts() < 0) {
      return false;
    }
  }
  return true;
}

function make(index: u32, bell: u32): bool {
  const p = puppetOf(index, Class.App);
  if (p === null || create(Kind.Endpoint) < 0) {
    return false;
  }
  const known = thief(index);
  known.puppet = p;
  known.endpoint = <u32>result(0);
  grant(p.task, known.endpoint, Right.Receive, 0, ENDPOINT);
  known.receives = p.does(Syscall.Receive, ENDPOINT, FOREVER, 0, 0, 0);
  p.passesOn();
  p.does(Syscall.Reply, 0, 0, 0, 0, 0);
  if (index === Thief.Mapper) {
    maps(known, RECEIVED);
    shows(known, COPY);
  } else if (index === Thief.Heir) {
    p.does(Syscall.Copy, RECEIVED, Right.All, 0, 0, 0);
    p.does(Syscall.Lend, RECEIVED, Right.All, 0, 0, 0);
    p.does(Syscall.Copy, LENT, Right.All, 0, 0, 0);
    maps(known, FROM_LENT);
    shows(known, FROM_LENT + 1);
  } else if (index === Thief.Sender) {
    sends(p);
    known.awaits = p.awaits();
    shows(known, LENT);
  } else {
    p.does(Syscall.Copy, RECEIVED, Right.All, 0, 0, 0);
    shows(known, LENT);
    p.does(Syscall.Drop, RECEIVED, 0, 0, 0, 0);
    known.last = p.does(Syscall.Drop, COPY, 0, 0, 0, 0);
  }
  return takeFaults(p.task, bell, 1 << index) >= 0;
}

/** Until it is refused. Then it waits, and reads all of it once more. */
function maps(known: Known, slot: u32): void {
  const p = known.puppet;
  const begin = p.steps;
  p.does(Syscall.Map, SELF, slot, PLACE, 0, LENT_BYTES).a5 = Right.Read | Right.Write;
  // Behind the three that follow.
  p.goesIfRefused(begin + 5);
  p.reads(PLACE, TURN_BYTES, TURNS);
  p.does(Syscall.Unmap, SELF, PLACE, 0, 0, 0);
  p.goesIfDone(begin);
  known.awaits = p.awaits();
  known.reads = p.reads(PLACE, TURN_BYTES, TURNS);
}

/** Until it is refused. */
function sends(p: Puppet): void {
  const begin = p.steps;
  p.does(Syscall.Copy, RECEIVED, Right.All, 0, 0, 0);
  p.goesIfRefused(begin + 5);
  p.does(Syscall.Call, RELAY, messageInfoWithSlot(0, COPY, Right.All), 0, 0, 0).a6 = FOREVER;
  p.does(Syscall.Drop, COPY, 0, 0, 0, 0);
  p.goesIfDone(begin);
}

/** Uses its slots before `end`, in which it had what was lent. */
function shows(known: Known, end: u32): void {
  known.uses = known.puppet.steps;
  known.useCount = end - RECEIVED;
  for (let slot = RECEIVED; slot < end; slot++) {
    known.last = known.puppet.does(Syscall.VmoSize, slot, 0, 0, 0, 0);
  }
}
