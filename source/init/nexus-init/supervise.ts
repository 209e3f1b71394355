/**
 * Keeps the services alive. `supervise` handles signals and starts again the services that are due. Code that waits
 * calls it after every event.
 *
 *   Waiting ─▶ Starting ─ READY ─▶ Running ─┐ ended          due           too often
 *                 │  ▲                      └──────▶ Fallen ─────▶ Starting       └──▶ GivenUp
 *                 │  └──────────────────────────────────┘
 *                 └─ ABSENT, left with 0 ─▶ Absent
 *
 * A service keeps its endpoint from one life to the next, so its clients' capabilities stay good. The new life serves
 * the callers that wait in the queue. The kernel tells PeerGone to a caller whose request the old life had taken. A
 * service that ends before it ever served is not started again: the cause in the machine is still there, and the run is
 * over.
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
import { closeJob } from "./jobs";
import { NEWS_MILLISECONDS, RESTARTS_MAX, START_MILLISECONDS } from "./limits";
import { because, sayOf } from "./say";
import { start } from "./start";
import { Origin, Program, State, Topology } from "./topology";

/**
 * Handles the signals about services, and the services that are due.
 *
 * @returns when to call this again even without a signal, in ticks
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

/**
 * Starts the service of row `index` for the first time, and waits until it is ready or absent. If that fails, prints why
 * and returns false.
 */
export function bringUp(topology: Topology, index: u32): bool {
  const program = topology.program(index);
  if (!startService(topology, program, index)) {
    return false;
  }
  let next = supervise(topology);
  // An absent service ends too, and only its exit code tells whether that was a failure.
  while (program.state === State.Starting || (program.state === State.Absent && program.task !== NO_SLOT)) {
    listenToSignals(next);
    next = supervise(topology);
  }
  return program.state === State.Running || program.state === State.Absent;
}

/**
 * After a call that failed: waits until no service is on its way back, but not beyond `deadline`. The call fails a
 * moment before the end of the service is signalled to us, so this waits for that moment too.
 */
export function settle(topology: Topology, deadline: u64): void {
  listenToSignals(deadlineIn(NEWS_MILLISECONDS, startup().timebase));
  let next = supervise(topology);
  while (next !== FOREVER && now() < deadline) {
    listenToSignals(min<u64>(next, deadline));
    next = supervise(topology);
  }
}

/** The name of a program and how it ended; null if it left with exit code 0. */
export function endOf(program: Program): Line | null {
  const status = taskStatus(program.task);
  if (status < 0) {
    return because(sayOf("cannot learn how this ended: ", program), status);
  }
  const cause = <End>result(1);
  const detail = result(2);
  if (cause === End.Exit && <u32>detail === 0) {
    return null;
  }
  return sayEnd(sayOf("", program).text(" ended: "), cause, detail);
}

/** Whether a program that has ended did so by itself, with any exit code. */
export function hasLeft(program: Program): bool {
  return taskStatus(program.task) >= 0 && <End>result(1) === End.Exit;
}

function onReady(program: Program): void {
  if (program.state !== State.Starting) {
    return;
  }
  program.state = State.Running;
  program.hasServed = 1;
}

/** Handles the end of a service's task: as it should, before it ever served, or in the middle of its work. */
function onEnd(program: Program, index: u32): void {
  const found = endOf(program);
  drop(program.task);
  program.task = NO_SLOT;
  closeJob(program);
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

/** Prints how the service fell (`words`), and starts it again later or gives it up. */
function fall(program: Program, index: u32, words: Line): void {
  if (!comesBack(program, index, words)) {
    giveUp(program, words);
  }
}

/** Prints how a program fell (`words`), and notes when it is due again. False, without a line, if it fell too often. */
export function comesBack(program: Program, index: u32, words: Line): bool {
  const time = now();
  const due = nextStart(index, time, startup().timebase);
  if (due === FOREVER) {
    return false;
  }
  program.state = State.Fallen;
  program.due = due;
  const delay = ((due - time) * 1000) / startup().timebase;
  print(words.text("; started again in ").decimal(delay).text(" ms"));
  return true;
}

/** Counts one more life of a program, and records it in the audit trail. */
export function noteRestart(program: Program): void {
  program.restarts += 1;
  auditWrite(slotOf(Role.Audit), Audit.ServiceRestarted, program.nameLow, program.restarts);
}

/**
 * Closes the endpoint of a service that will not be started again. Our right to receive is the last one. When it goes,
 * the kernel tells all callers, those that wait and those that come later. The right to call stays, for programs that
 * are started later.
 */
function giveUp(program: Program, words: Line): void {
  program.state = State.GivenUp;
  const status = copySlot(program.endpoint, Right.Send | Right.Transfer, 0);
  const callable = status < 0 ? NO_SLOT : <u32>result(0);
  drop(program.endpoint);
  program.endpoint = callable;
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
  // The kernel signals its end, and it falls like any other.
  program.due = FOREVER;
  killTask(program.task);
}

function restart(topology: Topology, program: Program, index: u32): void {
  noteRestart(program);
  if (startService(topology, program, index)) {
    return;
  }
  fall(program, index, sayOf("", program).text(" did not start"));
}

const file = changetype<BundledFile>(memory.data(offsetof<BundledFile>(), 8));

/** Starts a service, for the first time or again. If that fails, prints why and returns false. */
function startService(topology: Topology, program: Program, index: u32): bool {
  if (!findInBundle(program.name, program.nameLength, file)) {
    return false;
  }
  // Signals of an earlier life do not count for this one.
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
