/**
 * attacker: a program that tries what no program may. It is on the disk like any other and has what any program of a
 * run has; `nexus,run` says what it tries ("attacker harts"). It prints the outcome of each attempt (report.ts), and
 * tests/attack has the expected one.
 */

import { ExitCode } from "abi/exit";
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { line, print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { sleepFor } from "runtime/sleep";
import { startup } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { attackWithCalls, ROUNDS, ROUNDS_LONG } from "./calls";
import { attackWithDelays } from "./delays";
import { attackDisk } from "./disk";
import { attackResources } from "./exhaustion";
import { attackWithIpis } from "./flood";
import { attackHarts, attackSenders } from "./harts";
import { attackKin } from "./kin";
import { attackMemory } from "./memory";
import { attackReservations } from "./reservations";
import { attackCapabilities } from "./rights/capabilities";
import { attackWithFaults } from "./rights/faults";
import { attackReplies } from "./rights/replies";
import { attackRevocation } from "./rights/revocation";
import { attackTimers } from "./timers";
import { leaveTrail } from "./trail";

const REST_MILLISECONDS: u64 = 2;

export function main(): i32 {
  setTaskName("attacker");
  if (isAsked("harts")) {
    attackHarts();
  } else if (isAsked("senders")) {
    attackSenders();
  } else if (isAsked("ipis")) {
    attackWithIpis();
  } else if (isAsked("timers")) {
    attackTimers();
  } else if (isAsked("disk")) {
    attackDisk();
  } else if (isAsked("memory")) {
    attackMemory();
  } else if (isAsked("capabilities")) {
    attackCapabilities();
  } else if (isAsked("replies")) {
    attackReplies();
  } else if (isAsked("resources")) {
    attackResources();
  } else if (isAsked("kin")) {
    attackKin();
  } else if (isAsked("delays")) {
    attackWithDelays();
  } else if (isAsked("reservations")) {
    attackReservations();
  } else if (isAsked("revocation")) {
    attackRevocation();
  } else if (isAsked("faults")) {
    attackWithFaults();
  } else if (isAsked("calls")) {
    attackWithCalls(ROUNDS);
  } else if (isAsked("many calls")) {
    attackWithCalls(ROUNDS_LONG);
  } else if (isAsked("trail")) {
    leaveTrail();
  } else {
    return unknown();
  }
  // Every hart comes to rest, so that all that the kernel holds can be counted (tools/explore/accounts.ts).
  sleepFor(REST_MILLISECONDS);
  print(line().text("attack: end"));
  return 0;
}

/** Whether the argument is exactly `name`. */
function isAsked(name: string): bool {
  const argument = startup().argument;
  const length = lengthToZero(argument, STARTUP_ARGUMENT_BYTES);
  if (length !== <u32>name.length) {
    return false;
  }
  const letters = changetype<usize>(name);
  for (let i: u32 = 0; i < length; i++) {
    if (<u16>load<u8>(argument + <usize>i) !== load<u16>(letters + <usize>(i << 1))) {
      return false;
    }
  }
  return true;
}

function unknown(): i32 {
  const argument = startup().argument;
  const words = line().text("attacker: there is no attack named ");
  print(words.printable(argument, lengthToZero(argument, STARTUP_ARGUMENT_BYTES)));
  return ExitCode.Unknown;
}
