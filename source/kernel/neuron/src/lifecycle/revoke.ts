/**
 * What a slot lent is taken back: each copy of it, the copies of those, and what was mapped by any of them. All of it is
 * done while the other harts stand still (sched/standstill.ts), so no copy, mapping or drop is half made. It goes in
 * turns, between which the others go on: the task that asked for it makes its call again and again (`callAgain`), or its
 * end goes on in pieces.
 *
 *   the lender says Ending            none of its copies is copied any more
 *   every slot of every task          a copy is taken, and released
 *   every mapping of every task       it is taken out
 *
 * A copy may lend as well. Then all that came from it goes first: the search begins anew with its lease, and comes back
 * when nothing of that is left.
 *
 * Not taken back: memory that a device was told of stays pinned until the device is reset (dma/pins.ts), because nothing
 * but a reset keeps a device from writing there. A call that was received is answered. And a notification that was named
 * for the end of a task, its faults, an interrupt or the console is signalled as long as that lasts.
 *
 * Reached from syscall/capabilities.ts and lifecycle/reap.ts.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { TaskState, Wait } from "abi/task";
import { outOfLine } from "../arch/riscv/intrinsics";
import { giveUpCapability, giveUpTaken, hasTaken } from "../ipc/close";
import { releaseConsole } from "../ipc/console";
import { unbind } from "../ipc/notification";
import { setStatus } from "../ipc/results";
import { abandonWait } from "../ipc/timeout";
import { unbindInterrupt } from "../irq/interrupts";
import { unmapPages } from "../mm/vspace";
import { spaceChanged } from "../sched/space";
import { goOn, standStill } from "../sched/standstill";
import { wake } from "../sched/wake";
import { Capability, capabilityAt, checkCopy, Lending, leaseOf, lenderOf, takenBy } from "../task/handles";
import { Mapping, Turn } from "../task/mapping";
import { mappingAt } from "../task/mappings";
import { Task } from "../task/objects";
import { claim, TASKS_MAX, taskAt, waitKind } from "../task/task";
import { giveFaultsBack } from "./debug";
import { freeRecord } from "./memory";

/**
 * What a turn may cost, in looks at a slot, a mapping, or a task without any: some ten instructions each. What is begun with
 * the last of them is finished.
 */
const UNITS_A_TURN: i32 = 300;
const UNITS_A_CAPABILITY: i32 = 60;
const UNITS_A_MAPPING: i32 = 200;
/** Pages that are taken out at once. */
const PAGES_A_TAKE: u32 = 128;
/** A copy that lends, of a copy that lends, and so on. */
export const LENDERS_MAX: u32 = 8;

/** `takesAt`: the slots of every task, then its mappings; and before them, that the lender does not say Ending yet. */
const MAPPINGS_START: u32 = TASKS_MAX;
const SEARCH_END: u32 = 2 * TASKS_MAX;
const NOT_BEGUN: u32 = SEARCH_END + 1;

/** One turn of taking back what `lender`, a slot of `task`, lent. True when nothing of it is left. */
export function takeBackMore(task: Task, lender: Capability): bool {
  outOfLine();
  if (hasTaken(task)) {
    giveUpTaken(task);
    return false;
  }
  const lease = leaseOf(lender);
  if (task.takesBack !== lease) {
    task.takesBack = lease;
    searchFor(task, lease);
  }
  if (!standStill()) {
    return false;
  }
  const isDone = takeSome(task);
  goOn();
  if (isDone) {
    // It stays Ending if it was lent itself, and is about to be taken back.
    lender.lending = checkCopy(lender) === Refusal.None ? Lending.Yes : Lending.Ending;
    task.takesBack = 0;
  }
  return isDone;
}

/** Whether copies of `capability` may be made that lend: a limit on how deep that goes. */
export function mayLend(capability: Capability): bool {
  let lease = <u32>capability.lease;
  for (let i: u32 = 1; i < LENDERS_MAX; i++) {
    if (lease === 0) {
      return true;
    }
    lease = lenderOf(lease).lease;
  }
  return false;
}

/** The search begins with what `lease` lent. */
function searchFor(task: Task, lease: u32): void {
  task.takesLease = lease;
  task.takesAt = NOT_BEGUN;
}

/**
 * Whether the slot whose copies are looked for came from what is taken back. While others went on, its task may have
 * emptied it, and filled it with something else.
 */
function isStillOurs(task: Task): bool {
  let lease = task.takesLease;
  for (let i: u32 = 0; lease !== 0 && i < LENDERS_MAX; i++) {
    if (lease === task.takesBack) {
      return true;
    }
    lease = lenderOf(lease).lease;
  }
  return false;
}

/** The next part of the search. True when all of it is done. */
function takeSome(task: Task): bool {
  if (!isStillOurs(task)) {
    searchFor(task, task.takesBack);
  }
  let left = UNITS_A_TURN;
  while (left > 0 && !hasTaken(task)) {
    if (task.takesAt === NOT_BEGUN) {
      lenderOf(task.takesLease).lending = Lending.Ending;
      task.takesAt = 0;
    } else if (task.takesAt === SEARCH_END) {
      if (task.takesLease === task.takesBack) {
        return true;
      }
      endInner(task);
    } else if (task.takesAt < MAPPINGS_START) {
      left -= takeFromSlots(task, taskAt(task.takesAt));
    } else {
      left -= takeFromMappings(task, taskAt(task.takesAt - MAPPINGS_START));
    }
  }
  return false;
}

/** All that a copy lent is gone: it is a copy like others, and the search goes on where it came from. */
function endInner(task: Task): void {
  const lender = lenderOf(task.takesLease);
  lender.lending = Lending.No;
  task.takesLease = lender.lease;
  task.takesAt = 0;
}

/** Takes the first that this lease lent to `holder`; if there is none, goes on to the next task. Returns what it cost. */
function takeFromSlots(task: Task, holder: Task): i32 {
  const lease = task.takesLease;
  const end = holder.slotsEnd;
  for (let slot: u32 = 0; slot < end; slot++) {
    const capability = capabilityAt(holder, slot);
    if (<u32>capability.lease === lease && capability.kind !== <u8>Kind.Empty) {
      return takeCapability(task, holder, capability) ? <i32>slot + UNITS_A_CAPABILITY : UNITS_A_TURN;
    }
  }
  task.takesAt++;
  return <i32>end + 1;
}

/** The same of mappings. */
function takeFromMappings(task: Task, holder: Task): i32 {
  const lease = task.takesLease;
  const end = holder.mappingsEnd;
  for (let i: u32 = 0; i < end; i++) {
    const mapping = mappingAt(holder, i);
    if (<u32>mapping.lease !== lease) {
      continue;
    }
    // A task that has ended runs no more, and gives its mappings back itself.
    if (holder.state === TaskState.Ended) {
      mapping.lease = 0;
      continue;
    }
    takeMapping(task, holder, mapping);
    return <i32>i + UNITS_A_MAPPING;
  }
  task.takesAt++;
  return <i32>end + 1;
}

/** False if something else has to be done first, in another turn. */
function takeCapability(task: Task, holder: Task, capability: Capability): bool {
  outOfLine();
  if (capability.lending !== Lending.No) {
    searchFor(task, leaseOf(capability));
    return false;
  }
  if (!endUse(holder, capability)) {
    return false;
  }
  if (capability.kind === <u8>Kind.Endpoint) {
    endWaitAt(holder, capability);
  } else if (capability.kind === <u8>Kind.Notification) {
    endWaitFor(holder, capability);
  }
  // It is no lender any more: what its task was taking back by it is gone.
  if (holder.takesBack === leaseOf(capability)) {
    holder.takesBack = 0;
  }
  const taken = takenBy(task);
  taken.kind = capability.kind;
  taken.rights = capability.rights;
  taken.object = capability.object;
  capability.kind = <u8>Kind.Empty;
  capability.rights = <u8>Right.None;
  releaseAtOnce(taken);
  return true;
}

/**
 * What `holder` has bound by `capability`, which is about to go, is bound no longer, unless it has another right to
 * that. False if this has to be called again.
 */
export function endUse(holder: Task, capability: Capability): bool {
  outOfLine();
  if (isLastOf(holder, capability, Kind.Notification, Right.Receive)) {
    if (holder.bound === capability.notification) {
      unbind(holder);
    }
  } else if (isLastOf(holder, capability, Kind.Interrupt, Right.Manage)) {
    unbindInterrupt(holder, capability.object);
  } else if (isLastOf(holder, capability, Kind.Console, Right.Manage)) {
    return releaseConsole(holder);
  } else if (isLastOf(holder, capability, Kind.Task, Right.Debug)) {
    giveFaultsBack(holder, capability.task);
  }
  return true;
}

/** Whether `capability` is one of `kind` with `right`, and its holder has no other to the same object. */
function isLastOf(holder: Task, capability: Capability, kind: Kind, right: u32): bool {
  return capability.isOf(kind, right) && !holdsOther(holder, capability, right);
}

/** What costs little to release goes here and now. The rest is released when the others go on. */
function releaseAtOnce(taken: Capability): void {
  const kind = <Kind>taken.kind;
  const isLast = kind === Kind.Vmo && taken.vmo.references.value === 1;
  if (!isLast && kind !== Kind.Endpoint) {
    giveUpCapability(taken);
  }
}

/** Whether `task` has another capability of the same object, with `right`. */
function holdsOther(task: Task, capability: Capability, right: u32): bool {
  for (let slot: u32 = 0; slot < task.slotsEnd; slot++) {
    const other = capabilityAt(task, slot);
    if (
      other !== capability &&
      other.isOf(<Kind>capability.kind, right) &&
      other.object === capability.object
    ) {
      return true;
    }
  }
  return false;
}

/** The task waits no longer at an endpoint that it has no right to wait at. */
function endWaitAt(task: Task, taken: Capability): void {
  const word = task.waitWord;
  const wait = waitKind(word);
  if ((wait !== Wait.Sending && wait !== Wait.Receiving) || task.endpoint !== taken.endpoint) {
    return;
  }
  if (!holdsOther(task, taken, wait === Wait.Sending ? Right.Send : Right.Receive)) {
    endWait(task, word);
  }
}

/** The task waits no longer for a notification that it has no right to wait for. */
function endWaitFor(task: Task, taken: Capability): void {
  const word = task.waitWord;
  const isWaited = waitKind(word) === Wait.Notified && task.waitsFor === taken.notification;
  if (isWaited && !holdsOther(task, taken, Right.Receive)) {
    endWait(task, word);
  }
}

/** While all others stand still, no other hart claims the task. */
function endWait(task: Task, word: u64): void {
  const isClaimed = claim(task, word);
  assert(isClaimed);
  abandonWait(task, waitKind(word));
  setStatus(task, Refusal.BadSlot);
  wake(task);
}

/** Takes the last pages out, and with the last of them the mapping. */
function takeMapping(task: Task, holder: Task, mapping: Mapping): void {
  outOfLine();
  const pages = min<u32>(mapping.mapped, PAGES_A_TAKE);
  mapping.mapped -= pages;
  unmapPages(holder.root, mapping.address + mapping.mapped * PAGE_BYTES, pages);
  spaceChanged(holder);
  if (mapping.mapped !== 0) {
    return;
  }
  if (<u32>mapping.turn !== Turn.None) {
    stopWork(mapping);
  }
  freeRecord(mapping);
  const vmo = mapping.vmo;
  if (vmo !== null) {
    const taken = takenBy(task);
    taken.kind = <u8>Kind.Vmo;
    taken.object = <u32>changetype<usize>(vmo);
    releaseAtOnce(taken);
  }
}

/** The task that was at work on this mapping begins its call anew, and is refused. */
function stopWork(mapping: Mapping): void {
  for (let i: u32 = 0; i < TASKS_MAX; i++) {
    if (taskAt(i).work === mapping) {
      taskAt(i).work = null;
      return;
    }
  }
}
