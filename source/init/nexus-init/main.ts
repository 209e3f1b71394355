/**
 * nexus-init, the first task: the kernel starts it with every capability that the machine has to give, and it hands
 * them on as topology.ts says. Services come from the boot bundle, the programs of the run from the disk. When the last
 * of them has ended, the machine is turned off.
 *
 * The path of a boot: main (here) ▸ start.ts ▸ runtime/loader.ts ▸ a service says that it is ready ▸ supervise.ts ▸
 * fetch.ts reads the program through packagefsd ▸ start.ts again ▸ supervise.ts waits for its end.
 */
import { ExitCode } from "abi/exit";
import { Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Extension, Role, STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { hashWithZbb } from "blake2b/blake2b";
import { PRODUCTION } from "gen/profile";
import { copySlot, drop, now, powerOff, result } from "runtime/call";
import { setPatience } from "runtime/client";
import { flushConsole } from "runtime/console";
import { print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { offers, slotOf, startup } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { LINE_STATE_BYTES, Line } from "text/line";
import { openBundle } from "./bundle";
import { Flaw, flaw, flawName } from "./check";
import { endedBit, Heard, listen, openEvents, take } from "./events";
import { fetch, OWN_BADGE, release } from "./fetch";
import { closeJob } from "./jobs";
import { killWhenDue } from "./kill";
import { FILE_ADDRESS, FLUSH_MILLISECONDS } from "./limits";
import { outputBadge, tellEnd } from "./run/apart";
import {
  CHAOS_PROGRAM,
  COMMANDS_MAX,
  Command,
  commandEnd,
  DEFAULT_PROGRAM,
  SHELL_PROGRAM,
  split,
} from "./run/argument";
import { because, say, sayOf } from "./say";
import { endFront, onEvent } from "./serve";
import { start } from "./start";
import { bringUp, comesBack, endOf, hasLeft, noteRestart, supervise } from "./supervise";
import {
  describe,
  describeApart,
  describeChaos,
  describeProgram,
  describeShell,
  Origin,
  Program,
  State,
  TOPOLOGY_BYTES,
  Topology,
} from "./topology";

const rows = changetype<Topology>(memory.data(TOPOLOGY_BYTES, 8));
/** What to run: the startup page's argument, or the default. */
const argument = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const argumentBuffer: usize = memory.data(STARTUP_ARGUMENT_BYTES, 8);
/** The command that is being handled. */
const command = changetype<Command>(memory.data(offsetof<Command>(), 8));

/** The whole life of the system, one step a line. Each step prints what went wrong in it. */
export function main(): i32 {
  setTaskName("nexus-init");
  hashWithZbb(offers(Extension.Zbb));
  const topology = rows.begin();
  const isWell =
    readArgument() &&
    planTopology(topology) &&
    openBundle() &&
    openEvents() &&
    startServices(topology) &&
    runPrograms(topology);
  flush(topology);
  const status = powerOff(slotOf(Role.Power));
  print(because(say("turning the machine off was refused"), status));
  return isWell ? ExitCode.Done : ExitCode.Failed;
}

/** Reads the commands of this run, or takes the default (argument.ts). */
function readArgument(): bool {
  const page = startup();
  const words = argument.begin(argumentBuffer, STARTUP_ARGUMENT_BYTES);
  words.bytes(page.argument, lengthToZero(page.argument, STARTUP_ARGUMENT_BYTES));
  if (words.length === 0) {
    words.text(DEFAULT_PROGRAM);
  }
  return true;
}

/** Adds the services' rows, then one for each command of the run. */
function planTopology(topology: Topology): bool {
  describe(topology);
  const words = argument;
  let from: u32 = 0;
  for (let commands: u32 = 0; from <= words.length; commands++) {
    const end = commandEnd(words.address, words.length, from);
    const start = words.address + <usize>from;
    if (!split(start, end - from, command) || commands === COMMANDS_MAX) {
      const what = say("nexus,run does not begin with the name of a program: ");
      print(what.printable(start, words.length - from));
      return false;
    }
    const program = describeProgram(topology, command.name, command.nameLength);
    if (program.isNamed(SHELL_PROGRAM)) {
      describeShell(program);
    }
    if (!PRODUCTION && program.isNamed(CHAOS_PROGRAM)) {
      describeChaos(program);
    }
    if (command.isApart) {
      describeApart(program, outputBadge());
    }
    from = end + 1;
  }
  const found = flaw(topology);
  if (found === Flaw.None) {
    return true;
  }
  print(say("the topology is not valid: ").text(flawName(found)));
  return false;
}

/** Starts every row from the boot bundle in order. Each one is ready (or absent) before the next. */
function startServices(topology: Topology): bool {
  for (let i: u32 = 0; i < topology.count; i++) {
    if (topology.program(i).origin === Origin.Bundle && !bringUp(topology, i)) {
      return false;
    }
  }
  return true;
}

/** Runs the rows from the disk: reads each, starts it and waits for its end. If one fails, the next still runs. */
function runPrograms(topology: Topology): bool {
  const words = argument;
  const count = topology.count;
  let from: u32 = 0;
  let isWell = true;
  for (let i: u32 = 0; i < count; i++) {
    if (topology.program(i).origin !== Origin.Package) {
      continue;
    }
    const end = commandEnd(words.address, words.length, from);
    split(words.address + <usize>from, end - from, command);
    if (!runProgram(topology, i, command.rest, command.restLength)) {
      isWell = false;
    }
    from = end + 1;
  }
  return isWell;
}

/**
 * Runs the program of row `index` to its end. True if it left with exit code 0. The shell at the console that ends in
 * another way than by leaving is started again, as a service is: the person there goes on.
 */
function runProgram(topology: Topology, index: u32, rest: usize, length: u32): bool {
  const program = topology.program(index);
  const isAtConsole = length === 0 && program.isNamed(SHELL_PROGRAM);
  while (live(topology, program, index, rest, length)) {
    const mayReturn = isAtConsole && !hasLeft(program);
    tellEnd(program);
    const found = endOf(program);
    drop(program.task);
    closeJob(program);
    if (program.isNamed(SHELL_PROGRAM)) {
      // Nothing hears any more how the program ends that the shell runs.
      endFront(topology);
    }
    if (found === null) {
      return true;
    }
    if (!mayReturn || !comesBack(program, index, found)) {
      print(found);
      return false;
    }
    if (!awaitDue(topology, program)) {
      return false;
    }
    noteRestart(program);
  }
  return false;
}

/** One life of the program of row `index`. False, after a line, if it could not be started. */
function live(topology: Topology, program: Program, index: u32, rest: usize, length: u32): bool {
  const bytes = fetch(topology, program);
  if (bytes === 0) {
    return false;
  }
  const isStarted = start(topology, index, FILE_ADDRESS, bytes, rest, length);
  release();
  return isStarted && awaitEnd(topology, program, index);
}

/** Waits until the program of row `index` ends, and supervises all services meanwhile. False, after a line, if it cannot. */
function awaitEnd(topology: Topology, program: Program, index: u32): bool {
  let next = lookAfter(topology);
  while (!take(endedBit(index))) {
    if (!hear(topology, program, next)) {
      return false;
    }
    next = lookAfter(topology);
  }
  program.state = State.Ended;
  return true;
}

/** The same until a program that has fallen is due. */
function awaitDue(topology: Topology, program: Program): bool {
  let next = lookAfter(topology);
  while (now() < program.due) {
    if (!hear(topology, program, min<u64>(next, program.due))) {
      return false;
    }
    next = lookAfter(topology);
  }
  return true;
}

/** Does what is due. Returns when the next is, in ticks. */
function lookAfter(topology: Topology): u64 {
  return min<u64>(supervise(topology), killWhenDue(topology));
}

/** Handles the next message or signals, until `deadline` at most. */
function hear(topology: Topology, program: Program, deadline: u64): bool {
  const heard = listen(deadline);
  if (heard < 0 && heard !== Refusal.TimedOut) {
    print(because(sayOf("waiting was refused for ", program), heard));
    return false;
  }
  onEvent(topology, heard === Heard.Message);
  return true;
}

/** Waits until all printed text has left the machine. Without consoled, the kernel has printed it already. */
function flush(topology: Topology): void {
  setPatience(FLUSH_MILLISECONDS);
  const server = topology.server(Role.ConsoleService);
  if (server === null || server.state !== State.Running) {
    return;
  }
  if (copySlot(server.endpoint, Right.Send, OWN_BADGE) !== Refusal.None) {
    return;
  }
  flushConsole(<u32>result(0));
}
