/**
 * The console service as functions (source/idl/console.capnp): each is one call to consoled, and gives one number
 * (client.ts). A task that only prints uses log.ts, which needs no service. Goes on in client.ts.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import { FOREVER, NO_SLOT } from "abi/syscall";
import {
  ConsoleFlushParamsBuilder,
  ConsoleFlushResults,
  ConsoleMethod,
  ConsoleReadLineParamsBuilder,
  ConsoleReadLineResults,
  ConsoleStatus,
} from "gen/idl/console";
import { callService, callServiceUntil, MALFORMED_REPLY } from "./client";
import { messagePage } from "./ipc";

/** How often a line is asked for. The bound is needed because a consoled that was given up refuses at once. */
const READ_TRIES_MAX: u32 = 8;

/** A line that was typed. It lies in the message page, until the next call of any service. */
@unmanaged
@final
export class TypedLine {
  /** Where its UTF-8 begins, without a line feed at the end. */
  start: usize;
  /** Bytes of it. */
  length: u32;
}

/**
 * Waits for a line, for as long as it takes. If consoled ends meanwhile, this asks the next consoled again. What was
 * typed to the old one is gone.
 *
 * @param typed filled in with `ok`, and left as it is otherwise
 * @returns ConsoleStatus.ok, interrupted (Ctrl-C), ended (Ctrl-D), busy or tooLong (the prompt); or a Refusal
 */
export function readLine(service: u32, prompt: string, typed: TypedLine): i32 {
  let outcome = askLine(service, prompt, typed);
  for (let i: u32 = 1; i < READ_TRIES_MAX && outcome === Refusal.PeerGone; i++) {
    outcome = askLine(service, prompt, typed);
  }
  return outcome;
}

function askLine(service: u32, prompt: string, typed: TypedLine): i32 {
  ConsoleReadLineParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).setPromptString(prompt);
  const bytes = callServiceUntil(service, ConsoleMethod.readLine, NO_SLOT, 0, FOREVER);
  if (bytes < 0) {
    return bytes;
  }
  const results = ConsoleReadLineResults.open(messagePage(), bytes);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  if (results.status !== ConsoleStatus.ok) {
    return results.status;
  }
  typed.start = results.lineStart;
  typed.length = results.lineLength;
  return ConsoleStatus.ok;
}

/** Waits until everything that was printed so far has left the machine. */
export function flushConsole(service: u32): i32 {
  ConsoleFlushParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  const bytes = callService(service, ConsoleMethod.flush, NO_SLOT, 0);
  if (bytes < 0) {
    return bytes;
  }
  const results = ConsoleFlushResults.open(messagePage(), bytes);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/** A status of the service as source/idl/console.capnp spells it. */
export function consoleStatusName(status: i32): string {
  switch (status) {
    case ConsoleStatus.ok:
      return "ok";
    case ConsoleStatus.badMessage:
      return "badMessage";
    case ConsoleStatus.unknownMethod:
      return "unknownMethod";
    case ConsoleStatus.tooLong:
      return "tooLong";
    case ConsoleStatus.busy:
      return "busy";
    case ConsoleStatus.interrupted:
      return "interrupted";
    case ConsoleStatus.full:
      return "full";
    case ConsoleStatus.ended:
      return "ended";
    default:
      return "a malformed reply";
  }
}
