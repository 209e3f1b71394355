/**
 * `ps`, `run` and `kill`: lists the tasks, runs a program, ends a service.
 */
import { classOfTask, generationOfTask, hartOfTask, stateOfTask, Topic, waitOfTask } from "abi/info";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { Class, End, TASK_NAME_BYTES, TASK_NUMBER_BITS, TASK_NUMBER_MASK, TaskState, Wait } from "abi/task";
import { KILL_MICROSECONDS_MAX, RunStatus } from "gen/idl/init";
import { information, result } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { print } from "runtime/log";
import { sayEnd } from "runtime/names";
import { Ending, killService, runProgram, runStatusName } from "runtime/programs";
import { slotOf } from "runtime/startup";
import { lengthToZero, parseDecimal } from "text/bytes";
import { Line } from "text/line";
import {
  beginRow,
  beginValue,
  bringUpNumber,
  bytes,
  composed,
  endRow,
  hexadecimal,
  isForPeople,
  number,
  refused,
  say,
  words,
} from "./answer";

/** Far more than the kernel has room for. It refuses the first number past its table, and the loop ends there. */
const TASK_NUMBERS_MAX: u32 = 1024;

const name: usize = memory.data(TASK_NAME_BYTES, 8);
const ending = changetype<Ending>(memory.data(offsetof<Ending>(), 8));

/** `ps`: a row for each task. Prints why and returns false if the kernel refuses. */
export function answerPs(_line: CommandLine): bool {
  const info = slotOf(Role.Info);
  for (let index: u32 = 0; index < TASK_NUMBERS_MAX; index++) {
    const status = information(info, Topic.Task, index);
    if (status < 0) {
      const isPastTheLast = index > 0;
      return isPastTheLast || refused("asking the kernel", status);
    }
    const word = result(0);
    const state = stateOfTask(word);
    const isNone = state === TaskState.Ended && result(1) === 0;
    if (isNone) {
      continue;
    }
    // Printing is a system call too, so everything is taken out of the results before it.
    takeName();
    const end = <End>result(3);
    const job = result(3) >> 32;
    const detail = result(4);
    const runs = result(5);
    beginRow();
    composed("task", 6, taskText(index | (generationOfTask(word) << TASK_NUMBER_BITS), beginValue()));
    bytes("name", TASK_NAME_BYTES, name, lengthToZero(name, TASK_NAME_BYTES));
    words("state", 6, stateName(state));
    words("class", 10, className(classOfTask(word)));
    number("job", 4, job);
    words("waits", 8, waitName(waitOfTask(word)));
    bringUpNumber("hart", 4, hartOfTask(word));
    number("runs", 8, runs);
    if (state === TaskState.Ended && !isForPeople()) {
      endFields(end, detail);
    }
    endRow();
  }
  return true;
}

/** The fields of a row that tell a program how a task ended: as numbers, and in words. */
function endFields(end: End, detail: u64): void {
  number("end", 0, <u64>end);
  hexadecimal("detail", 0, detail);
  composed("cause", 0, sayEnd(beginValue(), end, detail));
}

/** `5`, or `5.2` if two tasks had the number 5 before this one. */
export function taskText(id: u32, to: Line): Line {
  const generation = id >> TASK_NUMBER_BITS;
  to.decimal(id & TASK_NUMBER_MASK);
  return generation === 0 ? to : to.text(".").decimal(generation);
}

/** The name of the task that has number `index` now, or "-" if no task has it. */
export function nameOf(index: u32): Line {
  const isThere = information(slotOf(Role.Info), Topic.Task, index) >= 0 && result(1) !== 0;
  if (!isThere) {
    return beginValue().text("-");
  }
  takeName();
  return beginValue().printable(name, lengthToZero(name, TASK_NAME_BYTES));
}

/** Copies the name from the results of the Topic.Task that was asked last to `name`. */
function takeName(): void {
  store<u64>(name, result(1));
  store<u64>(name + 8, result(2));
}

function stateName(state: TaskState): string {
  if (state === TaskState.Unborn) {
    return "unborn";
  }
  return state === TaskState.Alive ? "alive" : "ended";
}

function className(taskClass: Class): string {
  switch (taskClass) {
    case Class.Driver:
      return "driver";
    case Class.Service:
      return "service";
    case Class.App:
      return "app";
    default:
      return "background";
  }
}

function waitName(wait: Wait): string {
  switch (wait) {
    case Wait.Sending:
      return "send";
    case Wait.Receiving:
      return "receive";
    case Wait.Replying:
      return "reply";
    case Wait.Notified:
      return "signal";
    case Wait.Sleeping:
      return "sleep";
    case Wait.Claimed:
      // Between waiting and running: a hart is about to end its wait.
      return "between";
    case Wait.Faulted:
      return "fault";
    default:
      return "-";
  }
}

/** `run program argument…`: nexus-init starts it. Prints why and returns false if the program did not run. */
export function answerRun(line: CommandLine): bool {
  const service = slotOf(Role.InitService);
  if (service === NO_SLOT) {
    print(say("only the shell started at boot may run programs"));
    return false;
  }
  if (line.wordLength(1) === 0) {
    print(say("the name of a program is needed: ls bin lists them"));
    return false;
  }
  const status = runProgram(
    service,
    line.wordStart(1),
    line.wordLength(1),
    line.restStart(2),
    line.restLength(2),
    ending,
  );
  if (status < 0) {
    return refused("asking nexus-init", status);
  }
  if (status === RunStatus.interrupted && isForPeople()) {
    print(say("").bytes(line.wordStart(1), line.wordLength(1)).text(" was ended by Ctrl-C"));
    return true;
  }
  if (status !== RunStatus.ok && status !== RunStatus.interrupted) {
    print(say("the program did not run: ").text(runStatusName(status)));
    return false;
  }
  if (!isForPeople()) {
    beginRow();
    endFields(ending.cause, ending.detail);
    endRow();
  } else if (ending.cause !== End.Exit || ending.detail !== 0) {
    print(sayEnd(say("ended: "), ending.cause, ending.detail));
  }
  return true;
}

/**
 * `kill service [milliseconds]`: nexus-init ends it, after this time. nexus-init answers before it does so, so the line
 * that this prints comes before the lines that tell of the end. Prints why and returns false if nexus-init refuses.
 */
export function answerKill(line: CommandLine): bool {
  const service = slotOf(Role.InitService);
  if (service === NO_SLOT) {
    print(say("only the shell started at boot may end services"));
    return false;
  }
  const victim = line.wordStart(1);
  const length = line.wordLength(1);
  if (length === 0) {
    print(say("the name of a service is needed: ps lists them"));
    return false;
  }
  const delay = line.wordLength(2) === 0 ? 0 : parseDecimal(line.wordStart(2), line.wordLength(2));
  if (delay > KILL_MILLISECONDS_MAX) {
    print(say("the time is a number of milliseconds, up to ").decimal(KILL_MILLISECONDS_MAX));
    return false;
  }
  const status = killService(service, victim, length, delay * THOUSAND);
  if (status < 0) {
    return refused("asking nexus-init", status);
  }
  if (status !== RunStatus.ok) {
    print(say("no service was ended: ").text(killStatusText(status)));
    return false;
  }
  if (isForPeople()) {
    print(say("ending ").printable(victim, length));
    return true;
  }
  beginRow();
  bytes("service", 0, victim, length);
  words("state", 0, "ending");
  endRow();
  return true;
}

/** Microseconds in a millisecond. */
const THOUSAND: u64 = 1000;
const KILL_MILLISECONDS_MAX: u64 = KILL_MICROSECONDS_MAX / THOUSAND;

function killStatusText(status: i32): string {
  if (status === RunStatus.badName) {
    return "no running service has this name (ps lists the tasks)";
  }
  if (status === RunStatus.unknownMethod) {
    return "nexus-init does that in bring-up builds only";
  }
  return runStatusName(status);
}
