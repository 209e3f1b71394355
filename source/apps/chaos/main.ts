/**
 * chaos: ends services in the middle of its own reads, and checks the recovery: every byte is right, every error is
 * clear, nothing hangs, and no memory is lost. nexus-init allows it only (source/idl/init.capnp, `kill`) as the program
 * of a bring-up run, "chaos virtioblkd 12".
 *
 *   chaos <service> <rounds>     the service ends once a round
 *   chaos both <rounds>          virtioblkd, then packagefsd right behind it
 *   chaos greedy <rounds>        each service in turn, while this task has all that it can get
 *   chaos limit                  virtioblkd, until it is given up; the rest lives
 *   chaos harts <rounds>         harts stop and start while this task's pages come and go
 *   chaos nexus-init             the end of everything
 *
 * Exit code 0: all is as it should be. 1: something is not, and a line says what. 2: the argument is unknown.
 */
import { ExitCode } from "abi/exit";
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { line, print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { startup } from "runtime/startup";
import { equals, lengthToZero, NOT_A_NUMBER, parseDecimal, startsWith } from "text/bytes";
import { runHarts } from "./harts";
import { endEverything, endUntilGivenUp } from "./limit";
import { nameOf, runRounds, Victims } from "./rounds";

const SPACE: u8 = 0x20;

/** The most rounds of a run. */
const ROUNDS_MAX: u64 = 10_000;

export function main(): i32 {
  setTaskName("chaos");
  const words = startup().argument;
  const length = lengthToZero(words, STARTUP_ARGUMENT_BYTES);
  if (equals(words, length, "limit")) {
    return endUntilGivenUp() ? ExitCode.Done : ExitCode.Failed;
  }
  if (equals(words, length, "nexus-init")) {
    return endEverything() ? ExitCode.Done : ExitCode.Failed;
  }
  for (let victims: i32 = 0; victims < Victims.Count; victims++) {
    const rounds = roundsOf(words, length, nameOf(<Victims>victims));
    if (rounds !== 0) {
      return runRounds(<Victims>victims, rounds) ? ExitCode.Done : ExitCode.Failed;
    }
  }
  const rounds = roundsOf(words, length, "harts");
  if (rounds !== 0) {
    return runHarts(rounds) ? ExitCode.Done : ExitCode.Failed;
  }
  print(line().text("chaos: no such words: ").printable(words, length));
  return ExitCode.Unknown;
}

/** The number behind `word` and a space, 0 if it is not that. */
function roundsOf(argument: usize, length: u32, word: string): u32 {
  const count = <u32>word.length + 1;
  if (length < count || !startsWith(argument, length, word)) {
    return 0;
  }
  if (load<u8>(argument + <usize>(count - 1)) !== SPACE) {
    return 0;
  }
  const rounds = parseDecimal(argument + <usize>count, length - count);
  return rounds === NOT_A_NUMBER || rounds > ROUNDS_MAX ? 0 : <u32>rounds;
}
