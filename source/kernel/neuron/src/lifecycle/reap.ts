/**
 * A task's end gives back all that it held, and ends what it made. Reached from its own Exit or fault (this hart ran
 * it) or from Kill (this hart claimed it); either way it is in no queue and runs nowhere.
 *
 * Most ends are done at once. One that has much to give back goes on in pieces, between which interrupts are taken: the
 * task says how far it has come (`stage`, `position`), and any hart may go on with it (lifecycle/kill.ts).
 */

import { Audit } from "abi/audit";
import { Kind } from "abi/handle";
import { End, TaskState, Wait } from "abi/task";
import { hartsOn, thisHart, WANTS_PAUSE } from "../arch/riscv/hart";
import { outOfLine, readTime } from "../arch/riscv/intrinsics";
import { lookAtStart, Start } from "../arch/riscv/smp";
import { auditOf } from "../diag/audit";
import { systemEnded } from "../diag/panic";
import { giveUpCapability, giveUpTaken } from "../ipc/close";
import { releaseConsole } from "../ipc/console";
import { signal, unbind } from "../ipc/notification";
import { failCallersOf } from "../ipc/timeout";
import { unbindInterruptsOf } from "../irq/interrupts";
import { givePagesBack, Job } from "../job/job";
import { releaseVmo, Vmo } from "../mm/vmo";
import { destroyGroup, destroyRoot } from "../mm/vspace";
import { leaveSpace } from "../sched/space";
import { settle } from "../sched/time";
import { releaseNotification } from "../task/endpoint";
import { capabilityAt, Lending } from "../task/handles";
import { Asked, askChildren, closeKill, keepEnding, leaveMaker, releaseTask } from "../task/life";
import { mappingAt } from "../task/mappings";
import { Stage, Task } from "../task/objects";
import { giveSomeFaultsBack, leaveDebugger } from "./debug";
import { endMoreJobs } from "./job";
import { forgetMapping } from "./memory";
import { takeBackMore } from "./revoke";

/** Ends `task` for the reason `end`; `detail` is the exit code or the faulting address. */
export function endTask(task: Task, end: End, detail: u64): void {
  task.end = end;
  task.endDetail = detail;
  // After the two above: a task that sees Ended reads them (syscall/task.ts).
  task.state = TaskState.Ended;
  task.waitWord = Wait.Ended;
  const hart = thisHart();
  const address = <u32>changetype<usize>(task);
  if (hart.running === address || hart.frame === address) {
    settle(hart, readTime());
    // Nothing of it is saved any more (trap.S), and it may be gone when this hart settles again.
    hart.frame = 0;
    if (hart.running === address) {
      hart.running = 0;
    }
  }

  closeKill(task);
  // Of its maker's share: who makes tasks that end pushes out no other end.
  const maker = task.maker;
  auditOf(maker === null ? task.id : maker.id, Audit.TaskEnded, task.id, end, detail);
  if (task.vital !== 0) {
    systemEnded(task.nameAddress, end, detail);
  }
  leaveDebugger(task);
  unbind(task);
  unbindInterruptsOf(task);
  // What is in force on this hart afterwards: on the way out, the space of the task that it runs then.
  if (hart.isIn(task.satp)) {
    leaveSpace();
  }
  endMore(task);
}

/**
 * What one piece of an end may cost, in units of some hundred instructions. What does not fit is left to another piece
 * (lifecycle/kill.ts), and pending interrupts are taken before it. What alone is more than a piece is one by itself.
 */
const PIECE: i32 = 50;
const UNITS_A_CAPABILITY: i32 = 4;
const UNITS_A_MAPPING: i32 = 2;
const FEW_PAGES: u32 = 4;
const UNITS_OF_MANY_PAGES: i32 = 20;
const UNITS_A_TABLE: i32 = 2;
const UNITS_A_TELLING: i32 = 8;
const CHILDREN_A_PIECE: u32 = 50;

/** Goes on giving back what `task`, which has ended, held. It is this hart's. What is left is kept for another piece. */
export function endMore(task: Task): void {
  thisHart().wants |= WANTS_PAUSE;
  if (!giveBackMore(task)) {
    keepEnding(task);
  }
}

/** One piece. True if nothing is left for another one: then the task may be gone. */
function giveBackMore(task: Task): bool {
  const levels = <i32>levelsToSettle(task.job);
  let left = PIECE;
  if (task.stage === Stage.Calls) {
    if ((task.starts !== 0 || task.ends !== null) && !finishCalls(task)) {
      return false;
    }
    task.stage = Stage.Callers;
  }
  if (task.stage === Stage.Callers) {
    left = failCallersOf(task, left);
    if (left <= 0) {
      return false;
    }
    task.stage = Stage.Debugged;
  }
  if (task.stage === Stage.Debugged) {
    if (task.debugs !== 0) {
      if (left === PIECE) {
        giveSomeFaultsBack(task);
      }
      return false;
    }
    task.stage = Stage.Console;
  }
  if (task.stage === Stage.Console) {
    if (!releaseConsole(task)) {
      return false;
    }
    task.stage = Stage.Slots;
  }
  if (task.stage === Stage.Slots) {
    left = emptySlots(task, left, levels);
  }
  if (left > 0 && task.stage === Stage.Mappings) {
    left = forgetMappings(task, left, levels);
  }
  if (left > 0 && task.stage === Stage.Tables) {
    left = destroyTables(task, left, levels);
  }
  if (left > 0 && task.stage === Stage.Children) {
    const asked = askChildren(task, CHILDREN_A_PIECE);
    if (asked === Asked.All) {
      return true;
    }
    left = asked === Asked.None ? left : 0;
  }
  if (left <= 0) {
    return false;
  }
  tellEnd(task, left, levels);
  return true;
}

/** How many jobs from `job` upwards what is given back to it goes through: they have ended. */
function levelsToSettle(job: Job): u32 {
  let levels: u32 = 0;
  let at = job;
  let parent = at.parent;
  // bounded by the jobs there are
  while (parent !== null && at.isEnded) {
    levels++;
    at = parent;
    parent = at.parent;
  }
  return levels;
}

/** What its RestartHart or EndJob had begun. False if there is more of it. */
function finishCalls(task: Task): bool {
  outOfLine();
  if (task.starts !== 0 && lookAtStart(task.starts - 1) === Start.Pending) {
    return false;
  }
  task.starts = 0;
  return endMoreJobs(task);
}

/** Empties the next slots. Returns what is left of the piece. */
function emptySlots(task: Task, most: i32, levels: i32): i32 {
  let left = most;
  for (let slot = task.position; slot < task.slotsEnd; slot++) {
    const capability = capabilityAt(task, slot);
    if (capability.kind === <u8>Kind.Empty) {
      continue;
    }
    // What it lent ends with it. Whatever else is in this piece waits for the next one.
    if (capability.lending !== Lending.No && (left !== PIECE || !takeBackMore(task, capability))) {
      task.position = slot;
      return 0;
    }
    capability.lending = Lending.No;
    const units = capability.kind === <u8>Kind.Vmo ? unitsToRelease(capability.vmo) : 0;
    const rest = left - units - UNITS_A_CAPABILITY - levels;
    if ((rest < 0 && left !== PIECE) || !giveUpCapability(capability)) {
      task.position = slot;
      return 0;
    }
    left = rest;
  }
  if (!giveUpTaken(task)) {
    task.position = task.slotsEnd;
    return 0;
  }
  const making = task.making;
  if (making !== null) {
    releaseVmo(making);
  }
  enter(task, Stage.Mappings);
  return left;
}

/** The next stage begins. */
function enter(task: Task, stage: Stage): void {
  task.stage = stage;
  task.position = 0;
}

/** Lets go of the next that it had mapped. Returns what is left of the piece. */
function forgetMappings(task: Task, most: i32, levels: i32): i32 {
  // Another hart may still be on its way out of the kernel, from the system call in which the task blocked, with these
  // tables in force: hardware may walk them ahead of any need (privileged ISA 4.2.1). What a TLB knows of the space may
  // stay: the next task with this identifier has not been seen by any hart (sched/schedule.ts).
  if (hartsOn(task.satp) !== 0) {
    return 0;
  }
  let left = most;
  for (let i = task.position; i < task.mappingsEnd; i++) {
    const mapping = mappingAt(task, i);
    const vmo = mapping.vmo;
    const units = vmo === null ? 0 : unitsToRelease(vmo) + levels;
    const rest = left - units - UNITS_A_MAPPING;
    if (rest < 0 && left !== PIECE) {
      task.position = i;
      return 0;
    }
    left = rest;
    forgetMapping(mapping);
  }
  enter(task, Stage.Tables);
  return left;
}

/** What releasing a reference to `vmo` costs beyond any other: many pages go back in many blocks. */
function unitsToRelease(vmo: Vmo): i32 {
  return vmo.pages > FEW_PAGES && vmo.references.value === 1 ? UNITS_OF_MANY_PAGES : 0;
}

/** Gives the next tables back. Returns what is left of the piece. */
function destroyTables(task: Task, most: i32, levels: i32): i32 {
  // They are given back to the job at the end.
  let left = most - levels;
  if (left <= 0 && most !== PIECE) {
    return 0;
  }
  let given: u32 = 0;
  do {
    let frames = destroyGroup(task.root);
    if (frames === 0) {
      frames = destroyRoot(task.root);
      task.stage = Stage.Children;
    }
    given += frames;
    left -= <i32>frames * UNITS_A_TABLE;
  } while (left > 0 && task.stage === Stage.Tables);
  givePagesBack(task.job, given);
  return left;
}

/**
 * The end of `last`, which has ended and made nothing that is left, is told; then those of its makers, as far as they
 * lingered for it.
 */
function tellEnd(last: Task, most: i32, levels: i32): void {
  let left = most;
  let task: Task | null = last;
  // bounded by the piece
  while (task !== null) {
    const rest = left - UNITS_A_TELLING - levels;
    if (rest < 0 && left !== PIECE) {
      return keepEnding(task);
    }
    left = rest;
    const told = task.endNotification;
    if (told !== null) {
      task.endNotification = null;
      signal(told, task.endBits);
      releaseNotification(told);
      // The task itself goes as far up.
      if (left < levels) {
        return keepEnding(task);
      }
      left -= levels;
    }
    const maker = leaveMaker(task);
    releaseTask(task);
    task = maker;
  }
}
