/**
 * A message goes from one task to another: words, bytes of the message page, a capability. This hart runs one of the
 * two tasks. The other one waits, and this hart has claimed it (task/task.ts), so no other hart touches either.
 *
 * The sender's info word (abi/message.ts) says how many bytes go and which slot: it holds slot + 1, and 0 stands for a
 * message without a capability.
 */
import { Kind, SLOT_COUNT } from "abi/handle";
import { infoBytes, infoRights, infoSlotPlusOne, MESSAGE_BYTES_MAX, receivedInfo } from "abi/message";
import { Refusal } from "abi/refusal";
import { outOfLine } from "../arch/riscv/intrinsics";
import {
  auditRefusal,
  capabilityAt,
  checkCopy,
  checkHeld,
  checkTransfer,
  copyCapability,
  freeSlot,
  KEEP_BADGE,
} from "../task/handles";
import { Task } from "../task/objects";

/** Checks the sender's info word, before the message has any effect. */
export function checkMessage(sender: Task): Refusal {
  const info = sender.info;
  if (infoBytes(info) > MESSAGE_BYTES_MAX) {
    return Refusal.BadArgument;
  }
  const slotPlusOne = infoSlotPlusOne(info);
  if (slotPlusOne === 0) {
    return Refusal.None;
  }
  return checkSentCapability(sender, slotPlusOne - 1);
}

/** Checks that the sender has a capability in `slot` and may give it away. A refusal is audited. */
function checkSentCapability(sender: Task, slot: u32): Refusal {
  outOfLine();
  let refusal = checkHeld(sender, slot);
  if (refusal === Refusal.None) {
    refusal = checkTransfer(capabilityAt(sender, slot));
  }
  return auditRefusal(sender, slot, refusal);
}

/** Checks that `receiver` has a free slot if the message carries a capability. */
export function checkRoom(sender: Task, receiver: Task): Refusal {
  return infoSlotPlusOne(sender.info) !== 0 && freeSlot(receiver) === SLOT_COUNT
    ? Refusal.TableFull
    : Refusal.None;
}

/**
 * Delivers the message of `sender` to `receiver`, after checkMessage() and checkRoom(). Sets the receiver's results:
 * status 0, info with `badge`, words, `token`.
 */
export function deliver(sender: Task, receiver: Task, badge: u32, token: u64): void {
  const info = sender.info;
  deliverWords(sender, receiver, receivedInfo(0, 0, badge));
  receiver.a6 = token;
  // A message of words only, the usual one, has arrived now without a function call. The rest needs one, so it is last.
  if (infoBytes(info) !== 0 || infoSlotPlusOne(info) !== 0) {
    deliverRest(sender, receiver, info, badge);
  }
}

/** The words of a message, status 0, and `info` as the receiver is told it. */
export function deliverWords(sender: Task, receiver: Task, info: u64): void {
  receiver.a0 = 0;
  receiver.a1 = info;
  receiver.a2 = sender.a2;
  receiver.a3 = sender.a3;
  receiver.a4 = sender.a4;
  receiver.a5 = sender.a5;
}

/** Delivers what does not fit into registers: a capability, and bytes of the message page. */
function deliverRest(sender: Task, receiver: Task, info: u64, badge: u32): void {
  outOfLine();
  const bytes = infoBytes(info);
  const slotPlusOne = infoSlotPlusOne(info);
  let receivedSlotPlusOne: u32 = 0;
  if (slotPlusOne !== 0) {
    const slot = freeSlot(receiver);
    assert(slot < SLOT_COUNT);
    const sent = capabilityAt(sender, slotPlusOne - 1);
    // It may have been taken back while the sender waited. Then the message comes without it.
    if (sent.kind !== <u8>Kind.Empty && checkCopy(sent) === Refusal.None) {
      copyCapability(sent, receiver, slot, infoRights(info), KEEP_BADGE);
      receivedSlotPlusOne = slot + 1;
    }
  }
  if (bytes > 0) {
    memory.copy(receiver.messagePage, sender.messagePage, bytes);
  }
  receiver.a1 = receivedInfo(bytes, receivedSlotPlusOne, badge);
}
