/**
 * What a task has mapped: a record for each mapping, so that overlaps are found, and all of it can be given back. A large one
 * comes and goes in several turns (lifecycle/memory.ts).
 *
 *   0 address │ 4 pages │ 8 memory object + 1, 0 for device registers │ 12 mapped │ 16 turn
 */
import { PAGE_BYTES } from "abi/layout";
import { TASKS_MAX, Task } from "./task";

/** Mappings of one task. */
export const MAPPINGS_MAX: u32 = 48;

@unmanaged
@final
export class Mapping {
  address: u32;
  /** 0: this record is free. */
  pages: u32;
  vmoPlusOne: u32;
  /** Pages that stand in the tables, the first ones. */
  mapped: u32;
  /** A `Turn`. */
  turn: u32;
}

/** Whether a mapping is on its way in or out. Then only the task whose call that is goes on with it (`work`, in the task). */
export const enum Turn {
  None = 0,
  In = 1,
  Out = 2,
}

const table: usize = memory.data(TASKS_MAX * MAPPINGS_MAX * offsetof<Mapping>(), 8);

/** Record `index`, below MAPPINGS_MAX, of `task`. */
export function mappingAt(task: Task, index: u32): Mapping {
  return changetype<Mapping>(table + (task.index * MAPPINGS_MAX + index) * offsetof<Mapping>());
}

/** A free record, or null. */
export function freeMapping(task: Task): Mapping | null {
  for (let i: u32 = 0; i < MAPPINGS_MAX; i++) if (mappingAt(task, i).pages === 0) return mappingAt(task, i);
  return null;
}

/** The mapping that begins at `address`, or null. */
export function mappingFrom(task: Task, address: u32): Mapping | null {
  for (let i: u32 = 0; i < MAPPINGS_MAX; i++) {
    const mapping = mappingAt(task, i);
    if (mapping.pages !== 0 && mapping.address === address) return mapping;
  }
  return null;
}

/** Whether any page from `address` on is mapped. The range was checked not to wrap. */
export function overlapsMapping(task: Task, address: u32, bytes: u32): bool {
  for (let i: u32 = 0; i < MAPPINGS_MAX; i++) {
    const mapping = mappingAt(task, i);
    if (mapping.pages === 0) continue;
    if (address < mapping.address + mapping.pages * PAGE_BYTES && mapping.address < address + bytes)
      return true;
  }
  return false;
}
