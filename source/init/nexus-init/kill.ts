/**
 * Ends a service on request (source/idl/init.capnp), so that tests, and a person at the shell, can see the recovery. In
 * bring-up builds only, and only for programs that topology.ts gives our endpoint to.
 *
 * The service ends a little after the request was answered, so that the caller is in the middle of its work by then.
 * Reached from serve.ts and main.ts.
 */
import { ExitCode } from "abi/exit";
import { FOREVER } from "abi/syscall";
import { KILL_MICROSECONDS_MAX, RunStatus } from "gen/idl/init";
import { PRODUCTION } from "gen/profile";
import { exit, killTask, now } from "runtime/call";
import { startup } from "runtime/startup";
import { equals } from "text/bytes";
import { SHELL_PROGRAM } from "./run/argument";
import { Origin, Program, State, Topology } from "./topology";

/** The row of the service that is to be ended, OURSELVES, or NO_ROW. */
const NO_ROW: u32 = 0xffff_ffff;
const OURSELVES: u32 = 0xffff_fffe;
let victim: u32 = NO_ROW;
/** Its life: how often it was started again. */
let life: u32 = 0;
let due: u64 = FOREVER;

/** Notes which service to end, and when. */
export function planKill(topology: Topology, name: usize, length: u32, afterMicroseconds: u64): RunStatus {
  if (PRODUCTION) {
    return RunStatus.unknownMethod;
  }
  if (victim !== NO_ROW) {
    return RunStatus.busy;
  }
  if (afterMicroseconds > KILL_MICROSECONDS_MAX) {
    return RunStatus.tooLong;
  }
  const found = rowOf(topology, name, length);
  if (found === NO_ROW) {
    return RunStatus.badName;
  }
  victim = found;
  life = found === OURSELVES ? 0 : topology.program(found).restarts;
  due = now() + (afterMicroseconds * startup().timebase) / 1_000_000;
  return RunStatus.ok;
}

/** Ends the service if it is due. Returns when to call this again, in ticks. */
export function killWhenDue(topology: Topology): u64 {
  if (victim === NO_ROW || now() < due) {
    return due;
  }
  if (victim === OURSELVES) {
    exit(ExitCode.AskedToEnd);
  }
  // It may have ended by itself meanwhile, and even be back: then there is nothing to do.
  const program = topology.program(victim);
  if (isAlive(program) && program.restarts === life) {
    killTask(program.task);
  }
  victim = NO_ROW;
  due = FOREVER;
  return due;
}

/** The row of a living service with this name, or of the run's shell; OURSELVES for nexus-init; NO_ROW if there is none. */
function rowOf(topology: Topology, name: usize, length: u32): u32 {
  if (equals(name, length, "nexus-init")) {
    return OURSELVES;
  }
  for (let i: u32 = 0; i < topology.count; i++) {
    const program = topology.program(i);
    const mayEnd = program.origin === Origin.Bundle || program.isNamed(SHELL_PROGRAM);
    if (!mayEnd || !isAlive(program)) {
      continue;
    }
    if (program.nameLength === length && memory.compare(program.name, name, length) === 0) {
      return i;
    }
  }
  return NO_ROW;
}

function isAlive(program: Program): bool {
  return program.state === State.Running || program.state === State.Starting;
}
