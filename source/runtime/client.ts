/**
 * What every client of a service does: send a method and its parameters, wait, open the answer.
 *
 * A call ends in one number, so a caller has one thing to check: negative for a Refusal of the kernel, zero for done,
 * positive for the service's own status (its `…Status` in source/idl), `MALFORMED_REPLY` for an answer that is no
 * message of that method. Reached from packages.ts and blocks.ts; goes on in ipc.ts.
 */

import { infoBytes, infoSlotPlusOne, messageInfo, messageInfoWithSlot } from "abi/message";
import { Refusal } from "abi/refusal";
import { NO_SLOT } from "abi/syscall";
import { finishMessage } from "capnp/build";
import { deadlineIn, drop } from "./call";
import { call, receivedInfo } from "./ipc";
import { startup } from "./startup";

/** The service answered with something that is not the result of the method. */
export const MALFORMED_REPLY: i32 = 0x7fff_ffff;

/** How long a service may take, in milliseconds: far longer than any that works, so a hang becomes an error. */
const CALL_MILLISECONDS: u64 = 60_000;
let patienceMilliseconds: u64 = CALL_MILLISECONDS;

/** From now on a service may take this long. For a caller that has other work to do meanwhile. */
export function setPatience(milliseconds: u64): void {
  patienceMilliseconds = milliseconds;
}

/**
 * Sends the message that was just built in the message page, with a copy of `slot` (NO_SLOT for none) cut to `rights`.
 *
 * @returns how many bytes of answer are in the message page, or a Refusal
 */
export function callService(service: u32, method: u32, slot: u32, rights: u32): i32 {
  const deadline = deadlineIn(patienceMilliseconds, startup().timebase);
  return callServiceUntil(service, method, slot, rights, deadline);
}

/** The same with a deadline of its own: for a service that waits for a person or a program. */
export function callServiceUntil(service: u32, method: u32, slot: u32, rights: u32, deadline: u64): i32 {
  const bytes = send(service, method, slot, rights, deadline);
  // This method hands out no capability. One that comes anyway must not fill our table.
  if (bytes >= 0) {
    dropReceived();
  }
  return bytes;
}

/**
 * The same as `callService` for a method whose answer may take a capability along: `receivedSlot` says where it is, until
 * the next call. The caller has to drop it.
 */
export function callServiceForSlot(service: u32, method: u32): i32 {
  return send(service, method, NO_SLOT, 0, deadlineIn(patienceMilliseconds, startup().timebase));
}

/** The slot of the capability that came with the last answer; NO_SLOT if none did. */
export function receivedSlot(): u32 {
  const slotPlusOne = infoSlotPlusOne(receivedInfo());
  return slotPlusOne === 0 ? NO_SLOT : slotPlusOne - 1;
}

/** Drops the capability that came with the last answer, if one did. */
export function dropReceived(): void {
  const slot = receivedSlot();
  if (slot !== NO_SLOT) {
    drop(slot);
  }
}

function send(service: u32, method: u32, slot: u32, rights: u32, deadline: u64): i32 {
  const bytes = finishMessage();
  // Parameters that do not fit into a page: only a path could be that long.
  if (bytes === 0) {
    return Refusal.BadArgument;
  }
  const info = slot === NO_SLOT ? messageInfo(bytes) : messageInfoWithSlot(bytes, slot, rights);
  const status = call(service, info, method, 0, deadline);
  return status < 0 ? status : <i32>infoBytes(receivedInfo());
}
