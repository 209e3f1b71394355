/**
 * The extensions of the instruction set that the harts have beside RV64IMAC; without one, its instructions are illegal.
 * Asked when an instruction is decoded (decode.ts), never when it is executed.
 */
import { chaosMask } from "../chaos/chaos";

/** The extensions, as bits of the mask. */
export const enum Extension {
  /** Basic bit manipulation (zbb.ts). */
  Zbb = 1,
}

/** Set in decoder() if there is any kind of chaos. */
export const FOR_CHAOS: u32 = 0x4000_0000;

const OFFERED: usize = memory.data(4, 4);

/** The extensions that the harts have. */
export function extensions(): u32 {
  return load<u32>(OFFERED);
}

/** Only for setExtensions (machine.ts): what is decoded already stays as it is. */
export function noteExtensions(mask: u32): void {
  store<u32>(OFFERED, mask);
}

/** All that decides how an instruction is decoded, beside the instruction itself: the extensions, and FOR_CHAOS. */
export function decoder(): u32 {
  return extensions() | (chaosMask() !== 0 ? FOR_CHAOS : 0);
}
