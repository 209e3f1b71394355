/**
 * `ps`, `run` and `kill`: lists the tasks, runs a program, ends a service.
 */
import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { Class, End, TASK_NAME_BYTES, TASK_NUMBER_BITS, TASK_NUMBER_MASK, TaskState, Wait } from "abi/task";
import { RunStatus } from "gen/idl/init";
import { information, result } from "runtime/call";
import { print } from "runtime/log";
import { sayEnd } from "runtime/names";
import { Ending, killServiceNow, runProgram, runStatusName } from "runtime/programs";
import { slotOf } from "runtime/startup";
import { lengthToZero } from "text/bytes";
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
import { CommandLine } from "./command-line";

/** Far more than can exist: the kernel says where its table ends. */
const TASKS_MAX: u32 = 1024;

const name: usize = memory.data(TASK_NAME_BYTES, 8);
const ending = changetype<Ending>(memory.data(offsetof<Ending>(), 8));

/** Every task that there is. False, after a line. */
export function answerPs(_line: CommandLine): bool {
  const info = slotOf(Role.Info);
  for (let index: u32 = 0; index < TASKS_MAX; index++) {
    const status = information(info, Topic.Task, index);
    // The first number past the last is refused.
    if (status < 0) {
      return index > 0 || refused("asking the kernel", status);
    }
    const word = <u32>result(0);
    const generation = <u32>(result(0) >> 32);
    const state = word & 0xff;
    // An index that names no task has ended without a name.
    if (state === TaskState.Ended && result(1) === 0) {
      continue;
    }
    keepName();
    const end = <End>result(3);
    const detail = result(4);
    const runs = result(5);
    beginRow();
    composed("task", 6, taskText(index | (generation << TASK_NUMBER_BITS), beginValue()));
    bytes("name", TASK_NAME_BYTES, name, lengthToZero(name, TASK_NAME_BYTES));
    words("state", 6, stateName(state));
    words("class", 10, className((word >> 8) & 0xff));
    words("waits", 8, waitName((word >> 16) & 0xff));
    bringUpNumber("hart", 4, word >> 24);
    number("runs", 8, runs);
    if (state === TaskState.Ended && !isForPeople()) {
      number("end", 0, <u64>end);
      hexadecimal("detail", 0, detail);
      composed("cause", 0, sayEnd(beginValue(), end, detail));
    }
    endRow();
  }
  return true;
}

/** `5`, or `5.2` for the third task of that number. */
export function taskText(id: u32, to: Line): Line {
  const generation = id >> TASK_NUMBER_BITS;
  to.decimal(id & TASK_NUMBER_MASK);
  return generation === 0 ? to : to.text(".").decimal(generation);
}

/** The name of task `index`, or "-" if there is no such task, or none any more. */
export function nameOf(index: u32): Line {
  const isThere = information(slotOf(Role.Info), Topic.Task, index) >= 0 && result(1) !== 0;
  if (!isThere) {
    return beginValue().text("-");
  }
  keepName();
  return beginValue().printable(name, lengthToZero(name, TASK_NAME_BYTES));
}

/** Of the answer to Topic.Task. */
function keepName(): void {
  store<u64>(name, result(1));
  store<u64>(name + 8, result(2));
}

function stateName(state: u32): string {
  if (state === TaskState.Unborn) {
    return "unborn";
  }
  return state === TaskState.Alive ? "alive" : "ended";
}

function className(number: u32): string {
  switch (number) {
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

function waitName(kind: u32): string {
  switch (kind) {
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
      return "between";
    default:
      return "-";
  }
}

/** `run program argument…`, through nexus-init. False, after a line, if it did not run. */
export function answerRun(line: CommandLine): bool {
  const service = slotOf(Role.InitService);
  if (service === NO_SLOT) {
    print(say("only the shell of a run may run programs"));
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
    number("end", 0, ending.cause);
    hexadecimal("detail", 0, ending.detail);
    composed("cause", 0, sayEnd(beginValue(), ending.cause, ending.detail));
    endRow();
  } else if (ending.cause !== End.Exit || ending.detail !== 0) {
    print(sayEnd(say("ended: "), ending.cause, ending.detail));
  }
  return true;
}

/**
 * `kill service`, through nexus-init, which answers first and then ends the service, so that the person sees what
 * follows. False, after a line, if nexus-init refuses.
 */
export function answerKill(line: CommandLine): bool {
  const service = slotOf(Role.InitService);
  if (service === NO_SLOT) {
    print(say("only the shell of a run may end services"));
    return false;
  }
  const victim = line.wordStart(1);
  const length = line.wordLength(1);
  if (length === 0) {
    print(say("the name of a service is needed: ps lists them"));
    return false;
  }
  const status = killServiceNow(service, victim, length);
  if (status < 0) {
    return refused("asking nexus-init", status);
  }
  if (status !== RunStatus.ok) {
    print(say("no service was ended: ").text(killStatusText(status)));
    return false;
  }
  if (isForPeople()) {
    print(say("").printable(victim, length).text(" is to end"));
    return true;
  }
  beginRow();
  bytes("service", 0, victim, length);
  words("state", 0, "ending");
  endRow();
  return true;
}

function killStatusText(status: i32): string {
  if (status === RunStatus.badName) {
    return "no running service has this name (ps lists the tasks)";
  }
  if (status === RunStatus.unknownMethod) {
    return "nexus-init does that in bring-up builds only";
  }
  return runStatusName(status);
}
