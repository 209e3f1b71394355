/**
 * Mapping and unmapping, for a task itself and for its maker: the record, the page tables, the reference to the memory
 * object and what TLBs know go together here.
 */

import { MESSAGE_PAGE, PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { releaseVmo, retainVmo, vmoAt } from "../mm/vmo";
import { isUserRange, mapPages, unmapPages } from "../mm/vspace";
import { spaceChanged } from "../sched/schedule";
import {
  freeMapping,
  MAPPINGS_MAX,
  Mapping,
  mappingAt,
  mappingFrom,
  overlapsMapping,
} from "../task/mappings";
import { Task } from "../task/task";

/** Maps physical memory; `vmoPlusOne` is 0 for a device's registers. The rights were checked. */
function mapRecorded(
  task: Task,
  address: u32,
  physical: u32,
  bytes: u32,
  rights: u32,
  vmoPlusOne: u32,
): Refusal {
  if (!isUserRange(address, bytes)) return Refusal.BadArgument;
  if (overlapsMapping(task, address, bytes)) return Refusal.Overlap;
  const mapping = freeMapping(task);
  if (mapping === null) return Refusal.TableFull;
  const pages = bytes / PAGE_BYTES;
  if (!mapPages(task.root, address, physical, pages, rights)) {
    // Part of it was there for a moment, and a TLB may know it.
    spaceChanged(task);
    return Refusal.NoMemory;
  }
  mapping.address = address;
  mapping.pages = pages;
  mapping.vmoPlusOne = vmoPlusOne;
  spaceChanged(task);
  return Refusal.None;
}

/** Maps `bytes` of memory object `vmo` from `offset` at `address` of `task`. */
export function mapVmo(task: Task, vmo: u32, address: u64, offset: u64, bytes: u64, rights: u32): Refusal {
  const object = vmoAt(vmo);
  const size = <u64>object.pages * PAGE_BYTES;
  if ((offset & (PAGE_BYTES - 1)) !== 0 || offset >= size || bytes === 0 || bytes > size - offset) {
    return Refusal.BadArgument;
  }
  if (address > u32.MAX_VALUE) return Refusal.BadArgument;
  const refusal = mapRecorded(task, <u32>address, object.base + <u32>offset, <u32>bytes, rights, vmo + 1);
  if (refusal === Refusal.None) retainVmo(vmo);
  return refusal;
}

/** Maps device registers at `physical`. */
export function mapRegisters(task: Task, physical: u32, bytes: u32, address: u64, rights: u32): Refusal {
  if (address > u32.MAX_VALUE) return Refusal.BadArgument;
  return mapRecorded(task, <u32>address, physical, bytes, rights, 0);
}

/** Takes the mapping that begins at `address` out of `task`, then lets go of its memory. */
export function unmapAt(task: Task, address: u64): Refusal {
  if (address > u32.MAX_VALUE) return Refusal.BadAddress;
  // The kernel reads and writes it for as long as the task lives.
  if (<u32>address === MESSAGE_PAGE) return Refusal.BadArgument;
  const mapping = mappingFrom(task, <u32>address);
  if (mapping === null) return Refusal.BadAddress;
  unmapPages(task.root, mapping.address, mapping.pages);
  spaceChanged(task);
  forget(mapping);
  return Refusal.None;
}

function forget(mapping: Mapping): void {
  mapping.pages = 0;
  if (mapping.vmoPlusOne !== 0) releaseVmo(mapping.vmoPlusOne - 1);
}

/** The task has ended and no hart uses its address space: lets go of all it had mapped. Its tables go separately. */
export function forgetMappings(task: Task): void {
  for (let i: u32 = 0; i < MAPPINGS_MAX; i++) {
    const mapping = mappingAt(task, i);
    if (mapping.pages !== 0) forget(mapping);
  }
}
