/**
 * How hot code has to be before it is translated (hot.ts).
 */

/**
 * Instructions that are interpreted in a page before the host is told, and the sum over all machines of a process from which
 * the host surveys the page. The sum is high, because a process that boots once should not take longer than it would without
 * translation. The host can set other values.
 */
const PAGE_HEAT: u32 = 500;
const NEW_PAGE_HEAT: u32 = 2_000_000;

/**
 * How often an entry is passed, in all machines of the process, before it is translated. The host can set another value. It
 * is told each time that an entry was passed ENTRY_STEP times.
 */
const ENTRY_HEAT: u32 = 1500;
const ENTRY_STEP: u32 = 100;

/** The three values that hold. The first is 0 if nothing is translated. */
const HEAT: usize = memory.data(12, 4);

/**
 * Sets when code is translated: the host is told of a page after `known` instructions (0: never), surveys it after `unknown`
 * instructions in all machines of its process, and translates an entry that was passed `passes` times (1 to 65535). To be
 * called before the first instruction.
 */
export function setTranslation(known: u32, unknown: u32, passes: u32): void {
  store<u32>(HEAT, known);
  store<u32>(HEAT, unknown, 4);
  store<u32>(HEAT, passes, 8);
}

/** Sets the values above. */
export function defaultTranslation(): void {
  setTranslation(PAGE_HEAT, NEW_PAGE_HEAT, ENTRY_HEAT);
}

/** Whether anything is translated. */
export function isTranslating(): bool {
  return load<u32>(HEAT) !== 0;
}

/** How many instructions are interpreted in a page before the host is told. */
export function pageHeat(): i32 {
  const heat = load<u32>(HEAT);
  return heat === 0 ? i32.MAX_VALUE : <i32>heat;
}

/** How often an entry is passed before the host is told. */
export function entryStep(): u32 {
  return min(entryHeat(), ENTRY_STEP);
}

/** How often an entry is passed, in all machines of the process, before the host translates it. */
export function entryHeat(): u32 {
  return load<u32>(HEAT, 8);
}

/** How many instructions are interpreted in a page, in all machines of the process, before the host surveys it. */
export function newPageHeat(): u32 {
  return load<u32>(HEAT, 4);
}
