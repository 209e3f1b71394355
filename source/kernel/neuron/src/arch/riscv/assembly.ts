/** What the kernel's assembly provides. */

/** Whether this hart has stimecmp, and the firmware lets the kernel use it (probe.S). */
export declare function hasStimecmp(): bool;
/** Whether this hart has the instructions of Zbb (probe.S). */
export declare function hasZbb(): bool;
/** Takes from user mode what senvcfg may allow it; false where the hart has no such register (probe.S). */
export declare function clearSenvcfg(): bool;

/** One SBI call (sbi.S). Returns the SBI error; the value is stored at `valueAddress`. */
export declare function sbiEcall(
  extension: u64,
  functionId: u64,
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  valueAddress: usize,
): i64;
