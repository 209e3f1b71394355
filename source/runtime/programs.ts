/**
 * nexus-init as functions (source/idl/init.capnp): ask it to run a program and wait for its end, or to end a service.
 * Goes on in client.ts.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { End } from "abi/task";
import {
  InitKillParamsBuilder,
  InitKillResults,
  InitMethod,
  InitRunParamsBuilder,
  InitRunResults,
  RunStatus,
} from "gen/idl/init";
import { callService, callServiceUntil, MALFORMED_REPLY } from "./client";
import { messagePage } from "./ipc";

/** How the program of a `runProgram` ended. */
@unmanaged
@final
export class Ending {
  /** The exit code, or the address of the fault. */
  detail: u64;
  cause: End;
}

/**
 * Runs pkg://bin/<name>, for as long as it takes, or until Ctrl-C is typed.
 *
 * @param name address of the name; `nameLength` bytes
 * @param argument address of what the program finds in its startup page; `length` bytes, up to ARGUMENT_BYTES_MAX
 * @param ending filled in when the program ran: with `ok` and with `interrupted`
 * @returns RunStatus.ok, or why it did not run to its end; or a Refusal
 */
export function runProgram(
  service: u32,
  name: usize,
  nameLength: u32,
  argument: usize,
  length: u32,
  ending: Ending,
): i32 {
  const params = InitRunParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.setName(name, nameLength);
  params.setArgument(argument, length);
  const bytes = callServiceUntil(service, InitMethod.run, NO_SLOT, 0, FOREVER);
  if (bytes < 0) {
    return bytes;
  }
  const results = InitRunResults.open(messagePage(), bytes);
  if (results === null) {
    return MALFORMED_REPLY;
  }
  ending.cause = <End>results.cause;
  ending.detail = results.detail;
  return results.status;
}

/** Asks nexus-init to end a service so many microseconds from now. In bring-up builds only. */
export function killService(service: u32, name: usize, nameLength: u32, afterMicroseconds: u64): i32 {
  beginKill(afterMicroseconds).setName(name, nameLength);
  return askToKill(service);
}

/** The same for a name that is a literal. */
export function killServiceNamed(service: u32, name: string, afterMicroseconds: u64): i32 {
  beginKill(afterMicroseconds).setNameString(name);
  return askToKill(service);
}

function beginKill(afterMicroseconds: u64): InitKillParamsBuilder {
  const params = InitKillParamsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  params.afterMicroseconds = afterMicroseconds;
  return params;
}

function askToKill(service: u32): i32 {
  const bytes = callService(service, InitMethod.kill, NO_SLOT, 0);
  if (bytes < 0) {
    return bytes;
  }
  const results = InitKillResults.open(messagePage(), bytes);
  return results === null ? MALFORMED_REPLY : <i32>results.status;
}

/** A status of the service as source/idl/init.capnp spells it. */
export function runStatusName(status: i32): string {
  switch (status) {
    case RunStatus.ok:
      return "ok";
    case RunStatus.badMessage:
      return "badMessage";
    case RunStatus.unknownMethod:
      return "unknownMethod";
    case RunStatus.badName:
      return "badName";
    case RunStatus.tooLong:
      return "tooLong";
    case RunStatus.notStarted:
      return "notStarted";
    case RunStatus.busy:
      return "busy";
    case RunStatus.interrupted:
      return "interrupted";
    default:
      return "a malformed reply";
  }
}
