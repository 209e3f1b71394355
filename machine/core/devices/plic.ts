/**
 * The platform-level interrupt controller (RISC-V PLIC specification 1.0.0), with two contexts a hart: machine mode at
 * 2h, supervisor mode at 2h + 1.
 *
 *   device ──level──▶ gateway ──pending──▶ enable, priority > threshold ──▶ external interrupt of the context's hart
 *                        ▲                                    │
 *                        └────────── complete ◀── claim ◀─────┘
 *
 * The gateways are for level interrupts, and follow the specification where QEMU 7.2 does not. A line that is still high
 * when its source is completed is pending again at once, and a register write takes effect at once. A request that was
 * forwarded stays when its line falls. A completion counts only from a context in which the source is enabled.
 */
import { Interrupt, setPending } from "../hart/hart";
import { HARTS_MAX } from "../layout";

/** Sources 1 to 96, as the device tree's `riscv,ndev` says. */
export const PLIC_SOURCES: u32 = 96;
const WORDS: u32 = 4;
const CONTEXTS: u32 = HARTS_MAX * 2;
const PRIORITY_MAX: u32 = 7;

/** Offsets of the registers. */
const PENDING: u32 = 0x1000;
const ENABLE: u32 = 0x2000;
const ENABLE_STRIDE: u32 = 0x80;
const CONTEXT: u32 = 0x20_0000;
const CONTEXT_STRIDE: u32 = 0x1000;
export const PLIC_BYTES: u32 = 0x60_0000;

/** A byte of priority for each source; then bit sets of WORDS words; then the contexts'. */
const priorities: usize = memory.data(128, 4);
const levels: usize = memory.data(16, 4);
const pendings: usize = memory.data(16, 4);
const claimeds: usize = memory.data(16, 4);
const enables: usize = memory.data(256, 4);
const thresholds: usize = memory.data(64, 4);

/** How many harts there are. There are no contexts beyond theirs. */
const harts: usize = memory.data(4, 4);

/** All registers 0, all lines low. */
export function plicReset(hartCount: u32): void {
  memory.fill(priorities, 0, 128);
  memory.fill(levels, 0, 16);
  memory.fill(pendings, 0, 16);
  memory.fill(claimeds, 0, 16);
  memory.fill(enables, 0, 256);
  memory.fill(thresholds, 0, 64);
  store<u32>(harts, hartCount);
}

/** The line of `source` (1 to PLIC_SOURCES) rises or falls. */
export function plicLine(source: u32, on: bool): void {
  if (has(levels, source) === on) {
    return;
  }
  put(levels, source, on);
  if (!on || has(claimeds, source)) {
    return;
  }
  put(pendings, source, true);
  update();
}

/** A 32-bit read. */
export function plicLoad(offset: u32): u32 {
  if (offset < PENDING) {
    const source = offset >> 2;
    return source <= PLIC_SOURCES ? load<u8>(priorities + source) : 0;
  }
  if (offset < ENABLE) {
    return wordAt(pendings, (offset - PENDING) >> 2);
  }
  if (offset < CONTEXT) {
    const context = (offset - ENABLE) / ENABLE_STRIDE;
    return exists(context) ? wordAt(enablesOf(context), ((offset - ENABLE) % ENABLE_STRIDE) >> 2) : 0;
  }
  const context = (offset - CONTEXT) / CONTEXT_STRIDE;
  if (!exists(context)) {
    return 0;
  }
  const register = (offset - CONTEXT) % CONTEXT_STRIDE;
  if (register === 0) {
    return load<u32>(thresholds + (context << 2));
  }
  return register === 4 ? claim(context) : 0;
}

/** A 32-bit write. */
export function plicStore(offset: u32, value: u32): void {
  if (offset < PENDING) {
    const source = offset >> 2;
    if (source >= 1 && source <= PLIC_SOURCES) {
      store<u8>(priorities + source, value & PRIORITY_MAX);
    }
  } else if (offset >= ENABLE && offset < CONTEXT) {
    storeEnable((offset - ENABLE) / ENABLE_STRIDE, ((offset - ENABLE) % ENABLE_STRIDE) >> 2, value);
  } else if (offset >= CONTEXT) {
    storeContext((offset - CONTEXT) / CONTEXT_STRIDE, (offset - CONTEXT) % CONTEXT_STRIDE, value);
  }
  update();
}

function storeEnable(context: u32, word: u32, value: u32): void {
  // There is no source 0, and none beyond the last.
  if (exists(context) && word < WORDS) {
    store<u32>(enablesOf(context) + (word << 2), value & sourcesOf(word));
  }
}

function storeContext(context: u32, register: u32, value: u32): void {
  if (!exists(context)) {
    return;
  }
  if (register === 0) {
    store<u32>(thresholds + (context << 2), value & PRIORITY_MAX);
  } else if (register === 4) {
    complete(context, value);
  }
}

/** Claims the most urgent pending source of a context, the lowest number among equals. 0 if there is none. */
function claim(context: u32): u32 {
  // The threshold decides about the interrupt, not about the claim (PLIC 8).
  const source = best(context, 0);
  if (source === 0) {
    return 0;
  }
  put(pendings, source, false);
  put(claimeds, source, true);
  update();
  return source;
}

function complete(context: u32, source: u32): void {
  if (source === 0 || source > PLIC_SOURCES || !has(enablesOf(context), source)) {
    return;
  }
  if (!has(claimeds, source)) {
    return;
  }
  put(claimeds, source, false);
  if (has(levels, source)) {
    put(pendings, source, true);
  }
}

/** The pending and enabled source with the highest priority above `threshold`, 0 for none. */
function best(context: u32, threshold: u32): u32 {
  let found: u32 = 0;
  let priority = threshold;
  for (let word: u32 = 0; word < WORDS; word++) {
    let bits = wordAt(pendings, word) & wordAt(enablesOf(context), word);
    while (bits !== 0) {
      const source = (word << 5) + ctz<u32>(bits);
      bits &= bits - 1;
      if (load<u8>(priorities + source) > priority) {
        found = source;
        priority = load<u8>(priorities + source);
      }
    }
  }
  return found;
}

/** Tells every hart whether it has an external interrupt. */
function update(): void {
  for (let context: u32 = 0; exists(context); context++) {
    const bit = (context & 1) !== 0 ? Interrupt.SupervisorExternal : Interrupt.MachineExternal;
    setPending(context >> 1, bit, best(context, load<u32>(thresholds + (context << 2))) !== 0);
  }
}

function exists(context: u32): bool {
  return context < CONTEXTS && context < load<u32>(harts) * 2;
}

/** The bits of the sources that exist in a word. */
function sourcesOf(word: u32): u32 {
  if (word === 0) {
    return ~1;
  }
  return word === WORDS - 1 ? 1 : ~0;
}

function enablesOf(context: u32): usize {
  return enables + context * WORDS * 4;
}

function wordAt(set: usize, word: u32): u32 {
  return word < WORDS ? load<u32>(set + (word << 2)) : 0;
}

function has(set: usize, source: u32): bool {
  return ((load<u32>(set + ((source >> 5) << 2)) >> (source & 31)) & 1) !== 0;
}

function put(set: usize, source: u32, on: bool): void {
  const at = set + ((source >> 5) << 2);
  const bit: u32 = 1 << (source & 31);
  store<u32>(at, on ? load<u32>(at) | bit : load<u32>(at) & ~bit);
}
