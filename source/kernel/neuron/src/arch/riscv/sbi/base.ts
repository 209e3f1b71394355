/** SBI base extension (SBI 4): what firmware is this, and which extensions has it? */
import { sbiQuery } from "./call";

const EXTENSION_BASE: u64 = 0x10;
const GET_SPEC_VERSION: u64 = 0;
const GET_IMPLEMENTATION_ID: u64 = 1;
const GET_IMPLEMENTATION_VERSION: u64 = 2;
const PROBE_EXTENSION: u64 = 3;

const value: usize = memory.data(8, 8);

/** Whether the firmware has `extension`. Called by the boot hart only. */
export function probeExtension(extension: u64): bool {
  return sbiQuery(EXTENSION_BASE, PROBE_EXTENSION, extension, value) === 0 && load<u64>(value) !== 0;
}

/** The value of a base function that takes no argument; 0 if the firmware has none. Boot hart only. */
function ask(functionId: u64): u64 {
  return sbiQuery(EXTENSION_BASE, functionId, 0, value) === 0 ? load<u64>(value) : 0;
}

/** Version of the SBI: major in bits 30:24, minor below. */
export function specVersion(): u64 {
  return ask(GET_SPEC_VERSION);
}

/** Which firmware: 1 is OpenSBI. */
export function implementationId(): u64 {
  return ask(GET_IMPLEMENTATION_ID);
}

export function implementationVersion(): u64 {
  return ask(GET_IMPLEMENTATION_VERSION);
}
