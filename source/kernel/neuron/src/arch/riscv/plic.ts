/**
 * The PLIC (RISC-V Platform-Level Interrupt Controller 1.0). Each hart has a context for supervisor mode: its place in
 * the device tree's `interrupts-extended`, found by boot/devices.ts. A source is enabled on one hart at a time.
 *
 *   0x000000 + 4 × source                priority
 *   0x002000 + 0x80 × context            enable bits
 *   0x200000 + 0x1000 × context          threshold
 *   0x200004 + 0x1000 × context          claim / complete
 *
 * Reached from irq/interrupts.ts for the sources, and from main.ts as each hart starts.
 *
 * QEMU 7.2 does not look again at pending sources when an enable bit is written, so the threshold is rewritten after
 * each change of one.
 */
import { SIE_SEIE } from "./csr";
import { HARTS_MAX } from "./frame";
import { Hart } from "./hart";
import { setSie, volatileLoad32, volatileStore32 } from "./intrinsics";

const PRIORITY: u32 = 0;
const ENABLE: u32 = 0x2000;
const ENABLE_STRIDE: u32 = 0x80;
const THRESHOLD: u32 = 0x20_0000;
const CLAIM: u32 = 0x20_0004;
const CONTEXT_STRIDE: u32 = 0x1000;

/** Contexts whose enable bits fit below the first threshold. */
const CONTEXTS_MAX: u32 = (THRESHOLD - ENABLE) / ENABLE_STRIDE;

/** Sources this kernel takes; source 0 does not exist. */
export const PLIC_SOURCES_MAX: u32 = 96;
/** No context: the device tree names none for that hart's supervisor mode. */
export const NO_CONTEXT: u32 = 0xffff_ffff;

/** How many contexts have their registers within `bytes` of the PLIC. */
export function plicContextsIn(bytes: u32): u32 {
  return bytes <= THRESHOLD ? 0 : min<u32>((bytes - THRESHOLD) / CONTEXT_STRIDE, CONTEXTS_MAX);
}

let base: usize = 0;
/** Context of each hart, by logical number. */
const contexts: usize = memory.data(HARTS_MAX * 4, 4);

/** Kernel address of the registers. */
export function plicInit(address: usize): void {
  base = address;
}

export function setPlicContext(hart: u32, context: u32): void {
  store<u32>(contexts + (hart << 2), context);
}

function contextOf(hart: u32): u32 {
  return load<u32>(contexts + (hart << 2));
}

/** Takes every priority above 0 on this hart, and nothing until a source is enabled. */
export function plicStartHart(hart: Hart): void {
  const context = contextOf(hart.index);
  if (base === 0 || context === NO_CONTEXT) {
    return;
  }
  for (let word: u32 = 0; word < PLIC_SOURCES_MAX / 32; word++) {
    volatileStore32(base + ENABLE + context * ENABLE_STRIDE + (word << 2), 0);
  }
  volatileStore32(base + THRESHOLD + context * CONTEXT_STRIDE, 0);
  setSie(SIE_SEIE);
}

/** Enables or disables `source` (1 to PLIC_SOURCES_MAX - 1) on hart `hart`. The devices' lock is held. */
export function plicEnable(hart: u32, source: u32, enabled: bool): void {
  const context = contextOf(hart);
  if (base === 0 || context === NO_CONTEXT) {
    return;
  }
  const at = base + ENABLE + context * ENABLE_STRIDE + ((source >> 5) << 2);
  const word = volatileLoad32(at);
  const bit: u32 = 1 << (source & 31);
  volatileStore32(base + PRIORITY + (source << 2), enabled ? 1 : 0);
  volatileStore32(at, enabled ? word | bit : word & ~bit);
  volatileStore32(base + THRESHOLD + context * CONTEXT_STRIDE, 0);
}

/** Claims the most urgent pending source of this hart; 0 if another hart was faster. */
export function plicClaim(hart: Hart): u32 {
  const context = contextOf(hart.index);
  if (base === 0 || context === NO_CONTEXT) {
    return 0;
  }
  return volatileLoad32(base + CLAIM + context * CONTEXT_STRIDE);
}

/** The source was handled: it may come again. Through the context that claimed it. */
export function plicComplete(hart: u32, source: u32): void {
  volatileStore32(base + CLAIM + contextOf(hart) * CONTEXT_STRIDE, source);
}
