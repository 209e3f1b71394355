/**
 * A task's registers as its debugger sees them, in the message page (Syscall.ReadRegisters, Syscall.WriteRegisters):
 *
 *   0 pc │ 8 x1 (ra) │ 16 x2 (sp) │ … register xN at 8 × N
 */
export const REGISTERS_BYTES: u32 = 32 * 8;
/** The register in which a call returns its result, by its number (RISC-V psABI). */
export const A0: u32 = 10;

/** Where register `number` stands, from the start of the message page; 0 is pc. */
export function registerOffset(number: u32): u32 {
  return number * 8;
}
