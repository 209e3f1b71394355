// Reads a decoded page for the translator: the instructions that were ever decoded in it, in the order of their addresses,
// with branches in their far form.

import { Op } from "../../../build/gen/host/machine/core/code/ops.ts";
import { PAGE_BYTES } from "../../../build/gen/host/machine/core/layout.ts";
import type { Core } from "../core.ts";

/** An instruction, with the fields of machine/core/code/ops.ts: registers are offsets into the hart's state. */
export interface Instruction {
  code: Op;
  rd: number;
  rs1: number;
  rs2: number;
  immediate: number;
  /** The offsets in the page where it begins, and where the next one begins. */
  offset: number;
  next: number;
}

/** Halfwords of a page. An instruction can begin at each of them. */
export const STARTS = PAGE_BYTES / 2;

const opCodes: ReadonlySet<number> = new Set(Object.values(Op));

function isOp(code: number): code is Op {
  return opCodes.has(code);
}

/** Adds what is decoded of a page now to `known`, a byte for each halfword. True if that was more than before. */
export function noteDecoded(core: Core, page: number, known: Uint8Array): boolean {
  let isMore = false;
  for (let index = 0; index < STARTS; index++) {
    if (known[index] === 0 && core.findOp(page, index * 2) !== 0) {
      known[index] = 1;
      isMore = true;
    }
  }
  return isMore;
}

/** The known instructions of a page, by their addresses. */
export function readInstructions(core: Core, page: number, known: Uint8Array): Instruction[] {
  const view = new DataView(core.memory.buffer);
  const instructions: Instruction[] = [];
  for (let index = 0; index < STARTS; index++) {
    if (known[index] === 0) {
      continue;
    }
    const at = core.decodeApart(page, index * 2) >>> 0;
    const code = view.getUint16(at, true);
    if (isOp(code)) {
      instructions.push({
        code,
        rd: view.getUint16(at + 2, true),
        rs1: view.getUint16(at + 4, true),
        rs2: view.getUint16(at + 6, true),
        immediate: view.getInt32(at + 8, true),
        offset: view.getUint16(at + 12, true),
        next: view.getUint16(at + 14, true),
      });
    }
  }
  return instructions;
}
