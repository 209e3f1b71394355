/**
 * Tasks that would keep what was lent to them (thieves.ts). On harts of their own they use it without a pause while it is taken
 * back. When `revoke` returns, nothing but the lender's own slots refers to the memory, and each of them shows that it has
 * nothing: it reads where it had mapped it, and uses the slots where it had it. Reads that fault are told to the attacker.
 */
import { Kind, Right } from "abi/handle";
import { messageInfo, messageInfoWithSlot } from "abi/message";
import { create, createVmo, deadlineIn, drop, lend, now, result, revoke, vmoSize, wait } from "runtime/call";
import { call } from "runtime/ipc";
import { startup } from "runtime/startup";
import { goOnBehindLoad } from "../puppet/debugger";
import { Step } from "../puppet/puppet";
import { tellNumber, tellStatus } from "../report";
import { LENT_BYTES, startThieves, THIEVES, Thief, TURNS, thief } from "./thieves";

const ROUNDS: u32 = 16;
/** How long the thieves have it at most. */
const PAUSE_MICROSECONDS: u64 = 300;
/** How long it may take to send it, and to show that nothing is left. */
const ROUND_MILLISECONDS: u64 = 5_000;
const FAULT_MILLISECONDS: u64 = 1;
/** The references that the lender holds itself: its slot, and the one that lends. */
const OWN_REFERENCES: u64 = 2;

/** What was found in all rounds. */
let taken: u32 = 0;
let roundsWithThieves: u32 = 0;
let shown: u32 = 0;
let references: u64 = 0;
let pages: u64 = 0;
let slots: u64 = 0;

export function attackRevocation(): void {
  const status = createVmo(LENT_BYTES);
  if (status < 0) {
    return tellStatus("making memory", status);
  }
  const vmo = <u32>result(0);
  if (create(Kind.Notification) < 0) {
    return;
  }
  const bell = <u32>result(0);
  if (!startThieves(bell)) {
    return;
  }
  for (let round: u32 = 0; round < ROUNDS; round++) {
    if (lend(vmo, Right.All, 0) < 0) {
      break;
    }
    const lent = <u32>result(0);
    sendToAll(lent);
    takeBack(vmo, lent, round);
    if (!awaitShown(bell, round + 1)) {
      break;
    }
    countWhatIsLeft();
  }
  tellNumber("times that it was taken back", taken);
  tellNumber("times that a thief had it before", roundsWithThieves);
  tellNumber("times that all thieves showed what they have", shown);
  tellNumber("references that a thief kept", references);
  tellNumber("pages that a thief could still read", pages);
  tellNumber("slots that a thief could still use", slots);
}

/** The receiver gets it from the sender. */
function sendToAll(lent: u32): void {
  for (let i: u32 = 0; i < THIEVES; i++) {
    if (i !== Thief.Receiver) {
      const until = deadlineIn(ROUND_MILLISECONDS, startup().timebase);
      call(thief(i).endpoint, messageInfoWithSlot(0, lent, Right.All), 0, 0, until);
    }
  }
}

/** At another moment in each round, and in every second one by the end of the slot that lent it. */
function takeBack(vmo: u32, lent: u32, round: u32): void {
  const until = now() + (startup().timebase * PAUSE_MICROSECONDS * round) / ROUNDS / 1_000_000;
  while (now() < until) {}
  vmoSize(lent);
  roundsWithThieves += result(1) > OWN_REFERENCES ? 1 : 0;
  const stays = round % 2 === 0;
  const isTaken = stays ? revoke(lent) === 0 : drop(lent) === 0;
  taken += isTaken ? 1 : 0;
  vmoSize(vmo);
  references += result(1) - (stays ? OWN_REFERENCES : OWN_REFERENCES - 1);
  if (stays) {
    drop(lent);
  }
}

/** From here on the thieves show what they have. False if that takes too long. */
function awaitShown(bell: u32, times: u64): bool {
  for (let i: u32 = 0; i < THIEVES; i++) {
    const awaits = thief(i).awaits;
    if (awaits !== null) {
      atomic.store<u64>(changetype<usize>(awaits) + offsetof<Step>("a0"), times);
    }
  }
  const until = deadlineIn(ROUND_MILLISECONDS, startup().timebase);
  // The receiver waits for the sender, and shows what it has after each message.
  const receiver = thief(Thief.Receiver);
  call(receiver.endpoint, messageInfo(0), 0, 0, until);
  const received = receiver.receives.done;
  while (now() < until) {
    let isShown = receiver.last.done >= received;
    for (let i: u32 = 0; i < THIEVES; i++) {
      isShown = isShown && (i === Thief.Receiver || thief(i).last.done === times);
    }
    if (isShown) {
      shown++;
      return true;
    }
    serveFaults(bell);
  }
  return false;
}

/** Those that stand on a read of what they had go on behind it. */
function serveFaults(bell: u32): void {
  if (wait(bell, deadlineIn(FAULT_MILLISECONDS, startup().timebase)) >= 0) {
    for (let bits = result(0); bits !== 0; bits &= bits - 1) {
      goOnBehindLoad(thief(<u32>ctz(bits)).puppet.task);
    }
  }
}

function countWhatIsLeft(): void {
  for (let i: u32 = 0; i < THIEVES; i++) {
    const known = thief(i);
    const reads = known.reads;
    pages += reads === null ? 0 : <u64>TURNS - <u64>reads.status;
    for (let use: u32 = 0; use < known.useCount; use++) {
      slots += known.puppet.step(known.uses + use).status >= 0 ? 1 : 0;
    }
  }
}
