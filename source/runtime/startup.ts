/**
 * What this task was given: capabilities by role, the timebase, its argument. The task's maker wrote the page, and it
 * is read-only here.
 */
import { STARTUP_PAGE } from "abi/layout";
import { Extension, Role, STARTUP_ENTRIES_MAX, STARTUP_MAGIC, Startup, StartupEntry } from "abi/startup";
import { NO_SLOT } from "abi/syscall";

/** The startup page. A page with another magic or count means that the maker and we disagree on the ABI. */
export function startup(): Startup {
  const page = changetype<Startup>(STARTUP_PAGE);
  assert(page.magic === STARTUP_MAGIC && page.count <= STARTUP_ENTRIES_MAX);
  return page;
}

/** The `nth` entry of that role (0 for the first), or null. */
export function entryOf(role: Role, nth: u32): StartupEntry | null {
  const page = startup();
  let left = nth;
  for (let i: u32 = 0; i < page.count; i++) {
    const entry = page.entry(i);
    if (entry.role !== role) {
      continue;
    }
    if (left === 0) {
      return entry;
    }
    left--;
  }
  return null;
}

/** The slot of the first capability of that role, or NO_SLOT. */
export function slotOf(role: Role): u32 {
  const entry = entryOf(role, 0);
  return entry === null ? NO_SLOT : entry.slot;
}

/** Whether every hart has this extension, so that this task may use it wherever it runs. */
export function offers(extension: Extension): bool {
  return (startup().extensions & <u64>extension) !== 0;
}
