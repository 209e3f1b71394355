/**
 * How hot code has to be before it is translated (hot.ts).
 */

/**
 * Instructions interpreted in a page before the host is told, and what they have to add up to in all machines of a process
 * before the host surveys it: a process that boots once should not take longer than without translation. These hold if the
 * host sets nothing else.
 */
const PAGE_HEAT: u32 = 20_000;
const NEW_PAGE_HEAT: u32 = 2_000_000;

/** How often an entry is passed before it is translated, if the host sets nothing else. */
const ENTRY_HEAT: u32 = 1500;

/** What the host set of the three; the first is 0 if nothing is translated. */
const HEAT: usize = memory.data(12, 4);

/**
 * Says when code is translated: after `known` instructions were interpreted in its page (0: never), after `unknown` in all
 * machines of the host's process, and after an entry was passed `passes` times (1 to 65535). Before the first instruction.
 */
export function setTranslation(known: u32, unknown: u32, passes: u32): void {
  store<u32>(HEAT, known);
  store<u32>(HEAT, unknown, 4);
  store<u32>(HEAT, passes, 8);
}

/** Code is translated when it is as hot as is worth the work. */
export function defaultTranslation(): void {
  setTranslation(PAGE_HEAT, NEW_PAGE_HEAT, ENTRY_HEAT);
}

/** Whether anything is translated. */
export function isTranslating(): bool {
  return load<u32>(HEAT) !== 0;
}

/** The heat of a page, and that of an entry, before anything of it was executed. */
export function pageHeat(): i32 {
  const heat = load<u32>(HEAT);
  return heat === 0 ? i32.MAX_VALUE : <i32>heat;
}

export function entryHeat(): u32 {
  return load<u32>(HEAT, 8);
}

/** How many instructions are to be interpreted in a page that the host has not surveyed yet, in all its machines. */
export function newPageHeat(): u32 {
  return load<u32>(HEAT, 4);
}
