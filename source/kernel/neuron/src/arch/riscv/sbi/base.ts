/** SBI base extension (SBI 4): what firmware is this, and which extensions has it? */
import { sbiQuery } from "./call";

const EXTENSION_BASE: u64 = 0x10;
const PROBE_EXTENSION: u64 = 3;

const value: usize = memory.data(8, 8);

/** Whether the firmware has `extension`. Called by the boot hart only. */
export function probeExtension(extension: u64): bool {
  return sbiQuery(EXTENSION_BASE, PROBE_EXTENSION, extension, value) === 0 && load<u64>(value) !== 0;
}
