/**
 * What a task has mapped: a record for each mapping, so that overlaps are found, and all of it can be given back.
 */
import { PAGE_BYTES } from "abi/layout";
import { Mapping } from "./mapping";
import { Task } from "./objects";
import { TASKS_MAX } from "./task";

/** Mappings of one task. */
export const MAPPINGS_MAX: u32 = 48;

const table: usize = memory.data(TASKS_MAX * MAPPINGS_MAX * <u32>offsetof<Mapping>(), 8);

/** Record `index`, below MAPPINGS_MAX, of `task`. */
export function mappingAt(task: Task, index: u32): Mapping {
  return changetype<Mapping>(table + (task.index * MAPPINGS_MAX + index) * offsetof<Mapping>());
}

/** Whether `mapping` is one of the records of `task`. */
export function isMappingOf(task: Task, mapping: Mapping): bool {
  const at = changetype<usize>(mapping);
  return at >= changetype<usize>(mappingAt(task, 0)) && at < changetype<usize>(mappingAt(task, MAPPINGS_MAX));
}

/** A free record, or null. It is in use once it has pages. */
export function freeMapping(task: Task): Mapping | null {
  const end = task.mappingsEnd;
  for (let i: u32 = 0; i < end; i++) {
    if (mappingAt(task, i).pages === 0) {
      return mappingAt(task, i);
    }
  }
  if (end === MAPPINGS_MAX) {
    return null;
  }
  task.mappingsEnd = end + 1;
  return mappingAt(task, end);
}

/** The mapping that begins at `address`, or null. */
export function mappingFrom(task: Task, address: u32): Mapping | null {
  const end = task.mappingsEnd;
  for (let i: u32 = 0; i < end; i++) {
    const mapping = mappingAt(task, i);
    if (mapping.pages !== 0 && mapping.address === address) {
      return mapping;
    }
  }
  return null;
}

/** Whether any page from `address` on is mapped. The range was checked not to wrap. */
export function overlapsMapping(task: Task, address: u32, bytes: u32): bool {
  const end = task.mappingsEnd;
  for (let i: u32 = 0; i < end; i++) {
    const mapping = mappingAt(task, i);
    if (mapping.pages === 0) {
      continue;
    }
    if (address < mapping.address + mapping.pages * PAGE_BYTES && mapping.address < address + bytes) {
      return true;
    }
  }
  return false;
}
