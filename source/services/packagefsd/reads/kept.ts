/**
 * The message of the request that came last. A call to the block service overwrites the message page, so the message is
 * kept before the first one: a request that has to wait for the disk is handled again from its start (waiting.ts).
 * Reached from blocks.ts and reads.ts.
 */
import { messagePage } from "runtime/ipc";
import { lastRequest } from "runtime/service";
import { MESSAGE_KEPT_BYTES } from "../limits";

const kept = memory.data(MESSAGE_KEPT_BYTES, 8);
/** The reply token of the request whose message is kept. */
let keptToken: u64 = 0;

/** Keeps the message of the last request, unless it was kept already. */
export function keepMessage(): void {
  const request = lastRequest();
  if (keptToken === request.token) {
    return;
  }
  keptToken = request.token;
  memory.copy(kept, messagePage(), <usize>min(request.bytes, MESSAGE_KEPT_BYTES));
}

/** Where it is: all of it, if it has at most MESSAGE_KEPT_BYTES. */
export function keptMessage(): usize {
  return kept;
}
