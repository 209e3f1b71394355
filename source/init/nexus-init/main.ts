/**
 * nexus-init, the first task: the kernel starts it with every capability that the machine has to give, and it hands
 * them on as topology.ts says. Services come from the boot bundle, the program of the run from the disk. When that
 * program ends, the machine is turned off.
 *
 * The walk of a boot: main (here) ▸ start.ts ▸ runtime/loader.ts ▸ a service says that it is ready ▸ supervise.ts ▸
 * fetch.ts reads the program through packagefsd ▸ start.ts again ▸ supervise.ts waits for its end.
 */
import { Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { Role, STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { copySlot, powerOff, result } from "runtime/call";
import { flushConsole } from "runtime/console";
import { print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { slotOf, startup } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { LINE_STATE_BYTES, Line } from "text/line";
import { DEFAULT_PROGRAM, nameLength, nameOffset, restLength, restOffset, split } from "./argument";
import { fileAddress, fileBytes, findInBundle, openBundle } from "./bundle";
import { Flaw, flaw, flawName } from "./check";
import { fetch, fetchedBytes, OWN_BADGE, release } from "./fetch";
import { FILE_ADDRESS } from "./limits";
import { because, say } from "./say";
import { start } from "./start";
import { awaitEnd, awaitReady, openEvents } from "./supervise";
import { describe, Origin, Program, State, TOPOLOGY_BYTES, Topology } from "./topology";

const topologyState: usize = memory.data(TOPOLOGY_BYTES, 8);
/** What to run: the startup page's argument, or the default. */
const argumentState: usize = memory.data(LINE_STATE_BYTES, 8);
const argumentBuffer: usize = memory.data(STARTUP_ARGUMENT_BYTES, 8);

/** The whole life of the system, a step a line. Each step says for itself what went wrong. */
export function main(): i32 {
  setTaskName("nexus-init");
  const topology = changetype<Topology>(topologyState).begin();
  const isWell =
    readArgument() &&
    planTopology(topology) &&
    openBundle() &&
    openEvents() &&
    startServices(topology) &&
    runProgram(topology);
  flush(topology);
  const status = powerOff(slotOf(Role.Power));
  print(because(say("turning the machine off was refused"), status));
  return isWell ? 0 : 1;
}

/** The program of this run and its argument (argument.ts). */
function readArgument(): bool {
  const page = startup();
  const words = argument().begin(argumentBuffer, STARTUP_ARGUMENT_BYTES);
  words.bytes(page.argument, lengthToZero(page.argument, STARTUP_ARGUMENT_BYTES));
  if (words.length === 0) words.text(DEFAULT_PROGRAM);
  if (split(words.address, words.length)) return true;
  print(say("nexus,run does not begin with the name of a program: ").printable(words.address, words.length));
  return false;
}

function planTopology(topology: Topology): bool {
  describe(topology, argument().address + <usize>nameOffset(), nameLength());
  const found = flaw(topology);
  if (found === Flaw.None) return true;
  print(say("the topology cannot be: ").text(flawName(found)));
  return false;
}

/** Every row from the boot bundle, in order, each one ready (or absent) before the next. */
function startServices(topology: Topology): bool {
  for (let i: u32 = 0; i < topology.count; i++) {
    const program = topology.program(i);
    if (program.origin !== Origin.Bundle) continue;
    if (!findInBundle(program.name, program.nameLength)) return false;
    if (!start(topology, i, fileAddress(), fileBytes(), argumentBuffer, 0)) return false;
    if (!awaitReady(topology, i)) return false;
  }
  return true;
}

/** The row from the disk: read, started, waited for. */
function runProgram(topology: Topology): bool {
  for (let i: u32 = 0; i < topology.count; i++) {
    const program = topology.program(i);
    if (program.origin !== Origin.Package) continue;
    const server = topology.server(Role.PackageService);
    if (server === null || !canServe(server)) return false;
    if (!fetch(server.endpoint, program)) return false;
    const rest = argument().address + <usize>restOffset();
    const isStarted = start(topology, i, FILE_ADDRESS, fetchedBytes(), rest, restLength());
    release();
    return isStarted && awaitEnd(topology, i);
  }
  print(say("the topology has no program to run"));
  return false;
}

/** packagefsd has fixtures at least: it is never absent unless something is wrong. */
function canServe(server: Program): bool {
  if (server.state === State.Running) return true;
  print(say("no package file system to read the program from"));
  return false;
}

/** What was printed leaves the machine before the machine is turned off. Without consoled the kernel has seen to it. */
function flush(topology: Topology): void {
  const server = topology.server(Role.ConsoleService);
  if (server === null || server.state !== State.Running) return;
  if (copySlot(server.endpoint, Right.Send, OWN_BADGE) !== Refusal.None) return;
  flushConsole(<u32>result(0));
}

function argument(): Line {
  return changetype<Line>(argumentState);
}
