/** Which extensions of the instruction set the device tree promises. Reached from devices.ts. */
import { Tree } from "fdt/reader";

/** Extensions of the processor that matter here, as bits. */
export const enum Named {
  Sstc = 1,
  Zbb = 2,
}

/** An underscore: before the name of each extension of several letters. */
const BEFORE_NAME: u8 = 0x5f;

/** Which of these extensions `riscv,isa` names, as "rv64imac_zicsr_zbb_sstc" names both. */
export function namedExtensions(t: Tree, cpu: u32): u32 {
  const isa = t.property(cpu, "riscv,isa");
  const start = t.valueAddressOf(isa);
  const end = start + t.stringLengthOf(isa);
  let named: u32 = 0;
  for (let at = start; at < end; at++) {
    if (load<u8>(at) !== BEFORE_NAME) {
      continue;
    }
    if (isName(at + 1, end, "sstc")) {
      named |= Named.Sstc;
    } else if (isName(at + 1, end, "zbb")) {
      named |= Named.Zbb;
    }
  }
  return named;
}

/** Whether this name of ASCII letters stands there, and ends at `end` or where another one begins. */
function isName(start: usize, end: usize, name: string): bool {
  const letters = changetype<usize>(name);
  const behind = start + <usize>name.length;
  if (behind > end || (behind < end && load<u8>(behind) !== BEFORE_NAME)) {
    return false;
  }
  for (let at = start; at < behind; at++) {
    if (<u16>load<u8>(at) !== load<u16>(letters + ((at - start) << 1))) {
      return false;
    }
  }
  return true;
}
