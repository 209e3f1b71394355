/**
 * nexus-init as a service (source/idl/init.capnp): the shell has programs run, one at a time. The program's row is added
 * behind the others for as long as it runs; the answer waits for its end. It is the program in front: a Ctrl-C that comes
 * while it runs, or is fetched, ends it.
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
import { isProgramName } from "./argument";
import { endedBit, interruptBit, take } from "./events";
import { fetch, release } from "./fetch";
import { planKill } from "./kill";
import { FILE_ADDRESS } from "./limits";
import { start } from "./start";
import { describeProgram, PROGRAMS_MAX, Topology } from "./topology";

const request = changetype<Request>(memory.data(offsetof<Request>(), 8));
/** What the message brought: fetching the program uses the message page. */
const name: usize = memory.data(TASK_NAME_BYTES, 8);
const argument: usize = memory.data(ARGUMENT_BYTES_MAX, 8);

/** The row of the program that runs, and who waits for it. */
let row: u32 = 0;
let isRunning: bool = false;
/** It was ended because of a Ctrl-C, or is about to be. */
let isInterrupted: bool = false;
let token: u64 = 0;

if (ARGUMENT_BYTES_MAX !== STARTUP_ARGUMENT_BYTES) {
  ERROR("the contract's argument is the startup page's");
}

/** After a message, or after signals. */
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
  // A run that was started is answered at its end. A status alone has the same form in every method.
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

/** Starts a program; with `ok` the caller waits for its end. */
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

  // What was typed before there was anything to end is past.
  take(interruptBit());
  isInterrupted = false;
  row = topology.count;
  describeProgram(topology, name, nameLength);
  isRunning = startRow(topology, length);
  if (!isRunning) {
    topology.count = row;
    return RunStatus.notStarted;
  }
  token = request.token;
  return RunStatus.ok;
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

/** Ends the program that runs in front; its end is signalled like any other. If it has just ended by itself, that counts. */
function interrupt(topology: Topology): void {
  isInterrupted = killTask(topology.program(row).task) >= 0;
}

/** The program has ended: its row goes, and who asked for it is told. */
function onEnd(topology: Topology): void {
  const task = topology.program(row).task;
  const isKnown = taskStatus(task) >= 0;
  const cause = isKnown ? <u32>result(1) : 0;
  const detail = isKnown ? result(2) : 0;
  drop(task);
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
  // Whoever gave up waiting is no concern of ours.
  reply(to, messageInfo(finishMessage()), 0, 0);
}
