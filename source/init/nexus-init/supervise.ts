/**
 * Who is alive. `supervise` handles what was signalled, and starts again what is due; whoever waits for something calls it
 * whenever anything has come.
 *
 *   Waiting ─▶ Starting ─ READY ─▶ Running ─┐ ended          due           too often
 *                 │  ▲                      └──────▶ Fallen ─────▶ Starting       └──▶ GivenUp
 *                 │  └──────────────────────────────────┘
 *                 └─ ABSENT, left with 0 ─▶ Absent
 *
 * A service keeps its endpoint from one life to the next, so its clients' capabilities stay good: who waits in the queue is
 * served by the new one; whose request the old one had taken was told PeerGone by the kernel. A service that ends before it
 * ever served is not started again: what it did not like about the machine is still there, and the run is over.
 *
 * Reached from main.ts and fetch.ts; goes on in backoff.ts and start.ts.
 */
import { Audit } from "abi/audit";
import { Right } from "abi/handle";
import { Role } from "abi/startup";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { End } from "abi/task";
import { auditWrite, copySlot, deadlineIn, drop, killTask, now, result, taskStatus } from "runtime/call";
import { print } from "runtime/log";
import { sayEnd } from "runtime/names";
import { slotOf, startup } from "runtime/startup";
import { Line } from "text/line";
import { nextStart } from "./backoff";
import { BundledFile, findInBundle } from "./bundle";
import { absentBit, endedBit, Heard, listenToSignals, readyBit, take } from "./events";
import { NEWS_MILLISECONDS, RESTARTS_MAX, START_MILLISECONDS } from "./limits";
import { because, sayOf } from "./say";
import { start } from "./start";
import { Origin, Program, State, Topology } from "./topology";

/**
 * Handles what was signalled about services and what is due.
 *
 * @returns when to call it again even if nothing is signalled, in ticks
 */
export function supervise(topology: Topology): u64 {
  let next: u64 = FOREVER;
  for (let i: u32 = 0; i < topology.count; i++) {
    const program = topology.program(i);
    if (program.origin !== Origin.Bundle) {
      continue;
    }
    if (take(readyBit(i))) {
      onReady(program);
    }
    if (take(absentBit(i)) && program.state === State.Starting) {
      program.state = State.Absent;
    }
    if (take(endedBit(i))) {
      onEnd(program, i);
    }
    if (isDue(program)) {
      onDue(topology, program, i);
    }
    if (program.state === State.Starting || program.state === State.Fallen) {
      next = min<u64>(next, program.due);
    }
  }
  return next;
}

/** Starts the service of row `index` for the first time, and waits until it is ready or absent. False, after a line. */
export function bringUp(topology: Topology, index: u32): bool {
  const program = topology.program(index);
  if (!startService(topology, program, index)) {
    return false;
  }
  let next = supervise(topology);
  // One that is absent leaves as well, and only its exit code tells whether that was well.
  while (program.state === State.Starting || (program.state === State.Absent && program.task !== NO_SLOT)) {
    listenToSignals(next);
    next = supervise(topology);
  }
  return program.state === State.Running || program.state === State.Absent;
}

/**
 * After a call that failed: waits until no service is on its way back, but not beyond `deadline`. Who called hears of the
 * end a moment before we are told of it, so that moment is given.
 */
export function settle(topology: Topology, deadline: u64): void {
  listenToSignals(deadlineIn(NEWS_MILLISECONDS, startup().timebase));
  let next = supervise(topology);
  while (next !== FOREVER && now() < deadline) {
    listenToSignals(min<u64>(next, deadline));
    next = supervise(topology);
  }
}

/** The name of a program and how it ended, if that was not by exit code 0; null if it was. */
export function endOf(program: Program): Line | null {
  const status = taskStatus(program.task);
  if (status < 0) {
    return because(sayOf("nobody knows how this ended: ", program), status);
  }
  const cause = <End>result(1);
  const detail = result(2);
  if (cause === End.Exit && <u32>detail === 0) {
    return null;
  }
  return sayEnd(sayOf("", program).text(" ended: "), cause, detail);
}

function onReady(program: Program): void {
  if (program.state !== State.Starting) {
    return;
  }
  program.state = State.Running;
  program.hasServed = 1;
}

/** The task of a service has ended: as it should, before it ever served, or in the middle of its work. */
function onEnd(program: Program, index: u32): void {
  const found = endOf(program);
  drop(program.task);
  program.task = NO_SLOT;
  if (program.hasServed !== 0) {
    fall(program, index, found === null ? sayOf("", program).text(" left") : found);
    return;
  }
  if (program.state === State.Absent && found === null) {
    return;
  }
  program.state = State.Ended;
  print(found === null ? sayOf("service ended without being asked: ", program) : found);
}

/** Says how it fell (`words`) and what becomes of it. */
function fall(program: Program, index: u32, words: Line): void {
  const time = now();
  const due = nextStart(index, time, startup().timebase);
  if (due === FOREVER) {
    return giveUp(program, words);
  }
  program.state = State.Fallen;
  program.due = due;
  const delay = ((due - time) * 1000) / startup().timebase;
  print(words.text("; started again in ").decimal(delay).text(" ms"));
}

/**
 * Nobody will serve at its endpoint any more: with our right to receive the last one goes, and the kernel tells all who
 * wait there and all who will call. What stays is the right to call, for programs that are started later.
 */
function giveUp(program: Program, words: Line): void {
  program.state = State.GivenUp;
  const status = copySlot(program.endpoint, Right.Send | Right.Transfer, 0);
  drop(program.endpoint);
  program.endpoint = status < 0 ? NO_SLOT : <u32>result(0);
  print(words.text("; given up, it was started again ").decimal(RESTARTS_MAX).text(" times just now"));
}

function isDue(program: Program): bool {
  const isWaiting = program.state === State.Starting || program.state === State.Fallen;
  return isWaiting && now() >= program.due;
}

function onDue(topology: Topology, program: Program, index: u32): void {
  if (program.state === State.Fallen) {
    restart(topology, program, index);
    return;
  }
  print(sayOf("no sign of life from ", program).text(" within a minute"));
  if (program.hasServed === 0) {
    program.state = State.Ended;
    return;
  }
  // Its end is signalled, and it falls like any other.
  program.due = FOREVER;
  killTask(program.task);
}

function restart(topology: Topology, program: Program, index: u32): void {
  program.restarts += 1;
  auditWrite(slotOf(Role.Audit), Audit.ServiceRestarted, program.nameLow, program.restarts);
  if (startService(topology, program, index)) {
    return;
  }
  fall(program, index, sayOf("", program).text(" did not start"));
}

const file = changetype<BundledFile>(memory.data(offsetof<BundledFile>(), 8));

/** A new life for a service, its first or another one. False, after a line. */
function startService(topology: Topology, program: Program, index: u32): bool {
  if (!findInBundle(program.name, program.nameLength, file)) {
    return false;
  }
  // What an earlier life said is not about this one.
  take(readyBit(index));
  take(absentBit(index));
  if (!start(topology, index, file.address, file.bytes, 0, 0)) {
    return false;
  }
  program.due = deadlineIn(START_MILLISECONDS, startup().timebase);
  return true;
}

if (Heard.Signals !== 0) {
  ERROR("bringUp and settle take every other answer of listenToSignals for the deadline");
}
