/**
 * nx, in the guest. With an argument it executes that one command and leaves. The answer goes to the console in lines
 * that a program can read (`nx: key=value …`, ended by `nx: end`), from which ./nx on the host prints tables. Without
 * an argument it is the shell.
 *
 * Exit code 0: answered. 1: the system could not answer. 2: no such command.
 */
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { setTaskName } from "runtime/panic";
import { startup } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { execute, Outcome } from "./commands";
import { shell } from "./shell";

export function main(): i32 {
  setTaskName("nx");
  const command = startup().argument;
  const length = lengthToZero(command, STARTUP_ARGUMENT_BYTES);
  if (length === 0) {
    return shell() ? Outcome.Answered : Outcome.Failed;
  }
  const outcome = execute(command, length);
  return outcome === Outcome.Failed || outcome === Outcome.Unknown ? outcome : Outcome.Answered;
}
