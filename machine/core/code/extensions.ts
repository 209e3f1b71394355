/**
 * The extensions of the instruction set that the harts have beside RV64IMAC; without one, its instructions are illegal.
 * Asked when an instruction is decoded (decode.ts), never when it is executed.
 */

/** The extensions, as bits of the mask. */
export const enum Extension {
  /** Basic bit manipulation (zbb.ts). */
  Zbb = 1,
}

const OFFERED: usize = memory.data(4, 4);

/** The extensions that the harts have. */
export function extensions(): u32 {
  return load<u32>(OFFERED);
}

/** Only for setExtensions (machine.ts): what is decoded already stays as it is. */
export function noteExtensions(mask: u32): void {
  store<u32>(OFFERED, mask);
}
