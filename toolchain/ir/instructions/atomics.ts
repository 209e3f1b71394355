// Translates atomics. All of Wasm's are sequentially consistent, so LLVM's are `seq_cst`: on RV64 an atomic load
// becomes `fence rw,rw; lw; fence r,rw`, a read-modify-write one `amo….aqrl`, a compare-exchange a loop of lr and sc,
// and the 8- and 16-bit forms such a loop on the word around them.
//
// Wasm traps on an atomic access that is not aligned. No code is needed for that: RISC-V hardware itself raises a
// misaligned-address exception for lr, sc and amo, and the guest's own accessors are aligned by their layout.

import type { Access, RmwOperator } from "../../wasm/module.ts";
import type { Builder } from "../builder.ts";
import { narrowed, pointerTo, pushAccessed } from "./memory.ts";
import type { Reach } from "./reach.ts";

export function atomicLoad(builder: Builder, reach: Reach, access: Access): void {
  const at = pointerTo(builder, reach, access);
  const loaded = builder.assign(`load atomic i${access.bits}, ptr ${at} seq_cst, align ${access.align}`);
  pushAccessed(builder, loaded, access);
}

export function atomicStore(builder: Builder, reach: Reach, access: Access): void {
  const value = builder.pop();
  const at = pointerTo(builder, reach, access);
  const text = narrowed(builder, value, access);
  builder.emit(`store atomic i${access.bits} ${text}, ptr ${at} seq_cst, align ${access.align}`);
}

/** Adds, swaps …, and gives the old value. */
export function atomicRmw(builder: Builder, reach: Reach, op: RmwOperator, access: Access): void {
  const value = builder.pop();
  const at = pointerTo(builder, reach, access);
  const text = narrowed(builder, value, access);
  const before = builder.assign(
    `atomicrmw ${op} ptr ${at}, i${access.bits} ${text} seq_cst, align ${access.align}`,
  );
  pushAccessed(builder, before, access);
}

/**
 * Stores the replacement if the expected value is there, and gives the old value. A narrow form wraps both
 * operands to its width first (V8 does the same, and asc's `atomic.cmpxchg<u8>` relies on it).
 */
export function atomicCmpxchg(builder: Builder, reach: Reach, access: Access): void {
  const replacement = builder.pop();
  const expected = builder.pop();
  const at = pointerTo(builder, reach, access);
  const width = `i${access.bits}`;
  const next = narrowed(builder, replacement, access);
  const compare = narrowed(builder, expected, access);
  const pair = builder.assign(
    `cmpxchg ptr ${at}, ${width} ${compare}, ${width} ${next} seq_cst seq_cst, align ${access.align}`,
  );
  pushAccessed(builder, builder.assign(`extractvalue { ${width}, i1 } ${pair}, 0`), access);
}

export function atomicFence(builder: Builder): void {
  builder.emit("fence seq_cst");
}
