/**
 * Who is alive. All tasks of the topology report to one notification, `events`: a service that it is ready or absent,
 * the kernel that a task has ended.
 *
 *   63                      10    3   2    1         0
 *  ┌─────────────────────────┬──────┬───┬──────────┬─────────┐
 *  │ 0                       │ row 1│ 0 │ ABSENT   │ READY   │   bit 2 + i: the program of row i has ended
 *  └─────────────────────────┴──────┴───┴──────────┴─────────┘
 *
 * Services start one after another, so READY and ABSENT always speak of the one that is being started. What ends and
 * should not have is said in one line, and the run is over.
 */
import { Kind } from "abi/handle";
import { Refusal } from "abi/refusal";
import { SIGNAL_ABSENT, SIGNAL_ENDED, SIGNAL_READY } from "abi/startup";
import { FOREVER, NO_SLOT, NOTIFIED } from "abi/syscall";
import { End } from "abi/task";
import { bind, create, deadlineIn, result, taskStatus, wait } from "runtime/call";
import { receive, word } from "runtime/ipc";
import { print } from "runtime/log";
import { endName } from "runtime/names";
import { startup } from "runtime/startup";
import { START_MILLISECONDS } from "./limits";
import { because, say, sayOf } from "./say";
import { PROGRAMS_MAX, Program, State, Topology } from "./topology";

let events: u32 = NO_SLOT;
/** Where the shell asks for programs to be run (serve.ts); `events` is bound to it. */
let requests: u32 = NO_SLOT;
/** Signals that came and were not used yet. */
let seen: u64 = 0;

/** Creates the notification and the endpoint. False, after a line. */
export function openEvents(): bool {
  let status = create(Kind.Notification);
  if (status >= 0) {
    events = <u32>result(0);
    status = bind(events);
  }
  if (status >= 0) status = create(Kind.Endpoint);
  if (status >= 0) {
    requests = <u32>result(0);
    return true;
  }
  print(because(say("a notification and an endpoint were refused"), status));
  return false;
}

/** The endpoint that programs are run through. */
export function initEndpoint(): u32 {
  return requests;
}

/** Whether the program of row `index` has ended; true once for each end. */
export function takeEnd(index: u32): bool {
  const hasEnded = (seen & endedBit(index)) !== 0;
  seen &= ~endedBit(index);
  return hasEnded;
}

/** The notification's slot. */
export function eventsSlot(): u32 {
  return events;
}

/** What the kernel signals when the program of row `index` ends. */
export function endedBit(index: u32): u64 {
  return SIGNAL_ENDED << (<u64>index);
}

/**
 * Waits until the service of row `index`, which was just started, is ready, or has ended: one that is absent says so and
 * leaves, and only its exit code tells whether that was well. False, after a line.
 */
export function awaitReady(topology: Topology, index: u32): bool {
  const program = topology.program(index);
  const deadline = deadlineIn(START_MILLISECONDS, startup().timebase);
  while ((seen & (SIGNAL_READY | endedBit(index))) === 0) {
    const status = wait(events, deadline);
    if (status < 0) {
      const words = status === Refusal.TimedOut ? "no sign of life from " : "waiting was refused for ";
      print(because(sayOf(words, program), status));
      return false;
    }
    seen |= result(0);
  }
  if ((seen & SIGNAL_READY) !== 0) program.state = State.Running;
  else if ((seen & SIGNAL_ABSENT) !== 0) program.state = State.Absent;
  seen &= ~(SIGNAL_READY | SIGNAL_ABSENT);
  return servicesStand(topology, topology.count);
}

/**
 * Waits until the program of row `index` ends. True if it left with exit code 0; else after a line.
 *
 * @param onEvent called after whatever has come: a message (`isMessage`), or signals
 */
export function awaitEnd(
  topology: Topology,
  index: u32,
  onEvent: (topology: Topology, isMessage: bool) => void,
): bool {
  while ((seen & endedBit(index)) === 0) {
    if (!servicesStand(topology, index)) return false;
    const status = receive(requests, FOREVER);
    if (status < 0) {
      print(because(sayOf("waiting was refused for ", topology.program(index)), status));
      return false;
    }
    if (status === NOTIFIED) seen |= word(0);
    onEvent(topology, status !== NOTIFIED);
  }
  seen &= ~endedBit(index);
  // A service that fell may be why the program failed, so it is named first.
  const stood = servicesStand(topology, index);
  return reportEnd(topology.program(index)) && stood;
}

/** Whether no program of the first `count` rows has ended that should be running; else a line for each that has. */
function servicesStand(topology: Topology, count: u32): bool {
  let stand = true;
  for (let i: u32 = 0; i < count; i++) {
    if ((seen & endedBit(i)) === 0) continue;
    seen &= ~endedBit(i);
    const program = topology.program(i);
    const isExpected = program.state === State.Absent;
    const leftWell = reportEnd(program);
    if (isExpected && leftWell) continue;
    if (leftWell) print(sayOf("service ended without being asked: ", program));
    stand = false;
  }
  return stand;
}

/** Says how a program ended, if that was not by exit code 0. Whether it was. */
function reportEnd(program: Program): bool {
  if (program.state !== State.Absent) program.state = State.Ended;
  const status = taskStatus(program.task);
  if (status < 0) {
    print(because(sayOf("nobody knows how this ended: ", program), status));
    return false;
  }
  const cause = <End>result(1);
  const detail = result(2);
  if (cause === End.Exit && <u32>detail === 0) return true;
  const words = sayOf("", program).text(" ended: ");
  if (cause === End.Exit) words.text("exit code ").decimal(<u64>(<u32>detail));
  else words.text(endName(cause)).text(", at ").hex(detail);
  print(words);
  return false;
}

if (PROGRAMS_MAX + 2 > 64) ERROR("a notification has no bit for every row");
