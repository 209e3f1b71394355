/**
 * nexus-init as a service (source/idl/init.capnp): runs programs for the shell, one at a time. The program's row is
 * added behind the others for as long as it runs, and the shell gets its answer at the program's end. It is the program
 * in front: a Ctrl-C while it runs, or is fetched, ends it.
 *
 * Reached from main.ts with every message and signal; goes on in fetch.ts and start.ts, and in kill.ts.
 */
import { MESSAGE_BYTES_MAX, messageInfo } from "abi/message";
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { End, TASK_NAME_BYTES } from "abi/task";
import { finishMessage } from "capnp/build";
import {
  ARGUMENT_BYTES_MAX,
  InitKillParams,
  InitMethod,
  InitRunParams,
  InitRunResultsBuilder,
  RunStatus,
} from "gen/idl/init";
import { drop, killTask, result, taskStatus } from "runtime/call";
import { messagePage, reply } from "runtime/ipc";
import { Request } from "runtime/service";
import { endedBit, interruptBit, take } from "./events";
import { fetch, release } from "./fetch";
import { closeJob } from "./jobs";
import { planKill } from "./kill";
import { FILE_ADDRESS } from "./limits";
import { isProgramName } from "./run/argument";
import { start } from "./start";
import { describeProgram, PROGRAMS_MAX, Topology } from "./topology";

const request = changetype<Request>(memory.data(offsetof<Request>(), 8));
/** A copy of the request's text: fetching the program uses the message page. */
const name: usize = memory.data(TASK_NAME_BYTES, 8);
const argument: usize = memory.data(ARGUMENT_BYTES_MAX, 8);

/** The row of the program that runs, and the caller that waits for it. */
let row: u32 = 0;
let isRunning: bool = false;
/** Whether a Ctrl-C has ended it, or is about to. */
let isInterrupted: bool = false;
let token: u64 = 0;

if (ARGUMENT_BYTES_MAX !== STARTUP_ARGUMENT_BYTES) {
  ERROR("the contract's argument is the startup page's");
}

/** Handles a message, or signals. */
export function onEvent(topology: Topology, isMessage: bool): void {
  if (isMessage) {
    onMessage(topology);
  }
  if (isRunning && take(interruptBit())) {
    interrupt(topology);
  }
  if (isRunning && take(endedBit(row))) {
    onEnd(topology);
  }
}

function onMessage(topology: Topology): void {
  request.take();
  const isRun = request.w0 === InitMethod.run;
  let status = RunStatus.unknownMethod;
  if (isRun) {
    status = run(topology, request);
  } else if (request.w0 === InitMethod.kill) {
    status = kill(topology, request);
  }
  // A run that was started is answered at its end. An answer with only a status has the same form in every method.
  if (!isRun || status !== RunStatus.ok) {
    answer(request.token, status, 0, 0);
  }
  request.settle();
}

function kill(topology: Topology, request: Request): RunStatus {
  const params = InitKillParams.open(messagePage(), request.bytes);
  if (params === null) {
    return RunStatus.badMessage;
  }
  return planKill(topology, params.nameStart, params.nameLength, params.afterMicroseconds);
}

/** Starts a program. On `ok` the caller waits for its end. */
function run(topology: Topology, request: Request): RunStatus {
  const params = InitRunParams.open(messagePage(), request.bytes);
  if (params === null) {
    return RunStatus.badMessage;
  }
  if (isRunning || topology.count === PROGRAMS_MAX) {
    return RunStatus.busy;
  }
  const nameLength = params.nameLength;
  if (!isProgramName(params.nameStart, nameLength)) {
    return RunStatus.badName;
  }
  const length = params.argumentLength;
  if (length > ARGUMENT_BYTES_MAX) {
    return RunStatus.tooLong;
  }
  memory.copy(name, params.nameStart, nameLength);
  memory.copy(argument, params.argumentStart, length);

  // A Ctrl-C from before this run does not count.
  take(interruptBit());
  isInterrupted = false;
  row = topology.count;
  const program = describeProgram(topology, name, nameLength);
  // It prints where the shell prints.
  program.consoleBadge = badgeOfCaller(topology, request.badge);
  isRunning = startRow(topology, length);
  if (!isRunning) {
    topology.count = row;
    return RunStatus.notStarted;
  }
  token = request.token;
  return RunStatus.ok;
}

/** By which badge the bytes of the row are known that called; 0 for none. */
function badgeOfCaller(topology: Topology, caller: u32): u32 {
  return caller === 0 || caller > topology.count ? 0 : topology.program(caller - 1).consoleBadge;
}

function startRow(topology: Topology, length: u32): bool {
  const bytes = fetch(topology, topology.program(row));
  if (bytes === 0) {
    return false;
  }
  const isStarted = start(topology, row, FILE_ADDRESS, bytes, argument, length);
  release();
  return isStarted;
}

/**
 * Ends the program in front. The kernel signals its end like any other. If it has just ended by itself, its own end
 * counts.
 */
function interrupt(topology: Topology): void {
  isInterrupted = killTask(topology.program(row).task) >= 0;
}

/** The shell has ended: ends the program that it ran, if there is one. */
export function endFront(topology: Topology): void {
  if (isRunning) {
    killTask(topology.program(row).task);
  }
}

/** Handles the program's end: removes its row and answers the caller. */
function onEnd(topology: Topology): void {
  const task = topology.program(row).task;
  const isKnown = taskStatus(task) >= 0;
  const cause = isKnown ? <u32>result(1) : 0;
  const detail = isKnown ? result(2) : 0;
  drop(task);
  closeJob(topology.program(row));
  topology.count = row;
  isRunning = false;
  const isByInterrupt = isInterrupted && cause === End.Killed;
  answer(token, isByInterrupt ? RunStatus.interrupted : RunStatus.ok, cause, detail);
}

function answer(to: u64, status: RunStatus, cause: u32, detail: u64): void {
  const results = InitRunResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = status;
  results.cause = cause;
  results.detail = detail;
  // The caller may have given up waiting, which is not an error.
  reply(to, messageInfo(finishMessage()), 0, 0);
}
