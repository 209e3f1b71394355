/**
 * Mapping and unmapping, for a task itself and for its maker: the record, the page tables, the reference to the memory
 * object and what TLBs know go together here. A large mapping comes and goes in turns, between which interrupts are
 * taken: the caller makes its call again and again (`callAgain`), until nothing is left to do. Reached from
 * syscall/memory.ts; goes on in mm/vspace.ts and mm/vmo.ts, and in sched/schedule.ts for the TLBs.
 */

import { Resource } from "abi/job";
import { MESSAGE_PAGE, PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { outOfLine } from "../arch/riscv/intrinsics";
import { releaseVmo, retainVmo, Vmo } from "../mm/vmo";
import { isUserRange, mapPages, unmapPages } from "../mm/vspace";
import { spaceChanged } from "../sched/space";
import { auditQuota } from "../task/charges";
import { Mapping, Turn } from "../task/mapping";
import { freeMapping, isMappingOf, mappingFrom, overlapsMapping } from "../task/mappings";
import { Task } from "../task/objects";
import { TASKS_MAX } from "../task/task";

/** Pages that come or go in one turn, with interrupts off. */
const PAGES_A_TURN: u32 = 64;

if (TASKS_MAX > 256) {
  ERROR("a mapping has eight bits for the task that is at work on it");
}

/**
 * Maps `bytes` of memory object `vmo` from `offset` at `address` of `space`, for `caller`, which runs on this hart.
 * With `caller.work` set afterwards there is more to do, and the caller has to call again. The rights were checked. `lease`
 * is that of the capability by which it is mapped (task/handles.ts): the mapping goes with that.
 *
 * What is to be mapped is kept from the first turn on. Who can write the caller's code or its registers may change the
 * arguments between two turns: nothing of them counts then but the space, which has to be the same.
 */
export function mapVmo(
  caller: Task,
  space: Task,
  vmo: Vmo,
  address: u64,
  offset: u64,
  bytes: u64,
  rights: u32,
  lease: u32,
): Refusal {
  if (caller.work !== null) {
    return goOn(caller, space);
  }
  const size = <u64>vmo.pages * PAGE_BYTES;
  if ((offset & (PAGE_BYTES - 1)) !== 0 || offset >= size || bytes > size - offset) {
    return Refusal.BadArgument;
  }
  if (address > u32.MAX_VALUE) {
    return Refusal.BadArgument;
  }
  const physical = vmo.base + <u32>offset;
  const refusal = begin(caller, space, <u32>address, physical, <u32>bytes, rights, vmo, lease);
  if (refusal === Refusal.None) {
    retainVmo(vmo);
  }
  return refusal;
}

/** Maps device registers at `physical`. As `mapVmo` otherwise. */
export function mapRegisters(
  task: Task,
  physical: u32,
  bytes: u32,
  address: u64,
  rights: u32,
  lease: u32,
): Refusal {
  if (task.work !== null) {
    return goOn(task, task);
  }
  if (address > u32.MAX_VALUE) {
    return Refusal.BadArgument;
  }
  return begin(task, task, <u32>address, physical, bytes, rights, null, lease);
}

/** All of a mapping in one go: for what the kernel itself maps. */
export function mapWhole(space: Task, vmo: Vmo, address: u32, bytes: u32, rights: u32): Refusal {
  let refusal = Refusal.None;
  do {
    refusal = mapVmo(space, space, vmo, address, 0, bytes, rights, 0);
  } while (space.work !== null);
  return refusal;
}

/** Takes a record for the mapping, and maps its first turn, which usually is all. */
function begin(
  caller: Task,
  space: Task,
  address: u32,
  physical: u32,
  bytes: u32,
  rights: u32,
  vmo: Vmo | null,
  lease: u32,
): Refusal {
  if (!isUserRange(address, bytes)) {
    return Refusal.BadArgument;
  }
  if (overlapsMapping(space, address, bytes)) {
    return Refusal.Overlap;
  }
  const mapping = freeMapping(space);
  if (mapping === null) {
    return Refusal.TableFull;
  }
  const pages = bytes / PAGE_BYTES;
  const first = min<u32>(pages, PAGES_A_TURN);
  caller.workPhysical = physical;
  caller.workRights = rights;
  mapping.lease = <u16>lease;
  const refusal = mapPages(space.job, space.root, address, physical, first, rights);
  if (refusal !== Refusal.None) {
    freeRecord(mapping);
    // Part of it was there for a moment, and a TLB may know it.
    spaceChanged(space);
    return auditQuota(caller, space.job, Resource.Pages, refusal);
  }
  mapping.address = address;
  mapping.pages = pages;
  mapping.vmo = vmo;
  mapping.mapped = first;
  if (first < pages) {
    workOn(caller, mapping, Turn.In);
  } else {
    spaceChanged(space);
  }
  return Refusal.None;
}

function workOn(caller: Task, mapping: Mapping, turn: Turn): void {
  outOfLine();
  mapping.turn = <u8>turn;
  mapping.worker = <u8>caller.index;
  caller.work = mapping;
}

function isDone(caller: Task, space: Task, mapping: Mapping): void {
  mapping.turn = <u8>Turn.None;
  caller.work = null;
  spaceChanged(space);
}

/** The next turn of what `caller` is at work on, if that is a mapping of `space`. */
function goOn(caller: Task, space: Task): Refusal {
  outOfLine();
  const mapping = changetype<Mapping>(changetype<usize>(caller.work));
  // The space may have ended since, and its records may be another's: in use for something else, or another task's work.
  const isOwn = <u32>mapping.turn !== Turn.None && <u32>mapping.worker === caller.index;
  if (!isMappingOf(space, mapping) || !isOwn) {
    caller.work = null;
    return Refusal.BadState;
  }
  switch (<u32>mapping.turn) {
    case Turn.In:
      return turnIn(caller, space, mapping);
    case Turn.Out:
      return turnOut(caller, space, Refusal.NoMemory);
    case Turn.OverQuota:
      return turnOut(caller, space, Refusal.Quota);
    default:
      return turnOut(caller, space, Refusal.None);
  }
}

/** Maps the next pages. What finds no memory for its tables goes out again. */
function turnIn(caller: Task, space: Task, mapping: Mapping): Refusal {
  const count = min<u32>(mapping.pages - mapping.mapped, PAGES_A_TURN);
  const done = mapping.mapped * PAGE_BYTES;
  const refusal = mapPages(
    space.job,
    space.root,
    mapping.address + done,
    caller.workPhysical + done,
    count,
    caller.workRights,
  );
  if (refusal !== Refusal.None) {
    mapping.turn = <u8>(refusal === Refusal.Quota ? Turn.OverQuota : Turn.Out);
    return turnOut(caller, space, auditQuota(caller, space.job, Resource.Pages, refusal));
  }
  mapping.mapped += count;
  if (mapping.mapped === mapping.pages) {
    isDone(caller, space, mapping);
  }
  return Refusal.None;
}

/**
 * Takes the last pages of what `caller` is at work on out; with the last of them its memory goes, and the call ends
 * with `end`.
 */
function turnOut(caller: Task, space: Task, end: Refusal): Refusal {
  outOfLine();
  const mapping = changetype<Mapping>(changetype<usize>(caller.work));
  const count = min<u32>(mapping.mapped, PAGES_A_TURN);
  mapping.mapped -= count;
  unmapPages(space.root, mapping.address + mapping.mapped * PAGE_BYTES, count);
  if (mapping.mapped !== 0) {
    return Refusal.None;
  }
  isDone(caller, space, mapping);
  forget(mapping);
  return end;
}

/** Takes the mapping that begins at `address` out of `space`, then lets go of its memory. As `mapVmo` otherwise. */
export function unmapAt(caller: Task, space: Task, address: u64): Refusal {
  if (caller.work !== null) {
    return goOn(caller, space);
  }
  if (address > u32.MAX_VALUE) {
    return Refusal.BadAddress;
  }
  // The kernel reads and writes it for as long as the task lives.
  if (<u32>address === MESSAGE_PAGE) {
    return Refusal.BadArgument;
  }
  const mapping = mappingFrom(space, <u32>address);
  if (mapping === null) {
    return Refusal.BadAddress;
  }
  if (<u32>mapping.turn !== Turn.None) {
    return Refusal.BadState;
  }
  if (mapping.mapped > PAGES_A_TURN) {
    workOn(caller, mapping, Turn.Unmapped);
    return turnOut(caller, space, Refusal.None);
  }
  takeOut(space, mapping);
  return Refusal.None;
}

/** Takes a mapping of few pages out in one go. */
function takeOut(space: Task, mapping: Mapping): void {
  unmapPages(space.root, mapping.address, mapping.mapped);
  spaceChanged(space);
  forget(mapping);
}

/** Takes the few pages of `vmo` that the kernel has just mapped at `address` out again. */
export function unmapAgain(space: Task, address: u32, vmo: Vmo): void {
  outOfLine();
  const mapping = mappingFrom(space, address);
  if (mapping !== null && mapping.vmo === vmo) {
    takeOut(space, mapping);
  }
}

/** The record is free. What it had mapped is the caller's to let go of. */
export function freeRecord(mapping: Mapping): void {
  mapping.pages = 0;
  // A task that is killed while it maps leaves its turn.
  mapping.turn = <u8>Turn.None;
  mapping.lease = 0;
}

function forget(mapping: Mapping): void {
  freeRecord(mapping);
  const vmo = mapping.vmo;
  if (vmo !== null) {
    releaseVmo(vmo);
  }
}

/** No hart uses the address space any more: lets go of what a mapping, if the record has one, had mapped. */
export function forgetMapping(mapping: Mapping): void {
  if (mapping.pages !== 0) {
    forget(mapping);
  }
}
