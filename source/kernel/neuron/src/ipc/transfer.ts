/**
 * A message goes from one task to another: words, bytes of the message page, a capability. Both tasks belong to this
 * hart: it runs the one and has claimed the other.
 */
import { SLOT_COUNT } from "abi/handle";
import { infoBytes, infoRights, infoSlotPlusOne, MESSAGE_BYTES_MAX, receivedInfo } from "abi/message";
import { Refusal } from "abi/refusal";
import { outOfLine } from "../arch/riscv/intrinsics";
import { audited, checkAny, checkTransfer, copyCapability, freeSlot, slotOf } from "../task/handles";
import { Task } from "../task/objects";

/** Checks what a sender says about its own message, before anything else is done. */
export function checkMessage(sender: Task): Refusal {
  const info = sender.message.info;
  if (infoBytes(info) > MESSAGE_BYTES_MAX) {
    return Refusal.BadArgument;
  }
  const slotPlusOne = infoSlotPlusOne(info);
  if (slotPlusOne === 0) {
    return Refusal.None;
  }
  return checkTravelling(sender, slotPlusOne - 1);
}

/** Checks the capability that comes along. A refusal is audited. */
function checkTravelling(sender: Task, slot: u32): Refusal {
  outOfLine();
  let refusal = checkAny(sender, slot);
  if (refusal === Refusal.None) {
    refusal = checkTransfer(slotOf(sender, slot));
  }
  return audited(sender, slot, refusal);
}

/** Whether `receiver` has a free slot, if a capability comes along. */
export function checkRoom(sender: Task, receiver: Task): Refusal {
  return infoSlotPlusOne(sender.message.info) !== 0 && freeSlot(receiver) === SLOT_COUNT
    ? Refusal.TableFull
    : Refusal.None;
}

/**
 * Delivers the message of `sender`, which was checked and for which there is room, to `receiver` and sets its results:
 * status 0, info with `badge`, words, `token`.
 */
export function deliver(sender: Task, receiver: Task, badge: u32, token: u64): void {
  const message = sender.message;
  const info = message.info;
  receiver.a0 = 0;
  receiver.a1 = receivedInfo(0, 0, badge);
  receiver.a2 = message.word0;
  receiver.a3 = message.word1;
  receiver.a4 = message.word2;
  receiver.a5 = message.word3;
  receiver.a6 = token;
  // Words alone stay in registers all the way: what needs a call comes last.
  if (infoBytes(info) !== 0 || infoSlotPlusOne(info) !== 0) {
    carry(sender, receiver, info, badge);
  }
}

/** What of a message does not fit into registers: bytes of the message page, and a capability. */
function carry(sender: Task, receiver: Task, info: u64, badge: u32): void {
  outOfLine();
  const bytes = infoBytes(info);
  const slotPlusOne = infoSlotPlusOne(info);
  let slotThere: u32 = 0;
  if (slotPlusOne !== 0) {
    const slot = freeSlot(receiver);
    assert(slot < SLOT_COUNT);
    copyCapability(slotOf(sender, slotPlusOne - 1), receiver, slot, infoRights(info), 0);
    slotThere = slot + 1;
  }
  if (bytes > 0) {
    memory.copy(receiver.messagePage, sender.messagePage, bytes);
  }
  receiver.a1 = receivedInfo(bytes, slotThere, badge);
}
