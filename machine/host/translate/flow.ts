// Finds how control flows in a page. A block is a sequence of instructions that are executed one after the other. A group is
// a set of blocks that lead to each other without a call. It is roughly a function of the guest, and becomes a function in
// Wasm.

import { Op } from "../../../build/gen/host/machine/core/code/ops.ts";
import { SINK_OFFSET } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { PAGE_BYTES } from "../../../build/gen/host/machine/core/layout.ts";
import type { Instruction } from "./page.ts";

/** How a block ends. */
export const Ending = {
  /** It goes on at `next`. */
  Falls: 0,
  /** Its last instruction branches to `taken`, or goes on at `next`. */
  Branches: 1,
  /** Its last instruction jumps to `taken`, and may put its return address into a register. */
  Jumps: 2,
  /** Its last instruction jumps to an address in a register. */
  Returns: 3,
  /** The interpreter executes the instruction at `next`. */
  Stops: 4,
} as const;
export type Ending = (typeof Ending)[keyof typeof Ending];

/** A block of a group. Places are offsets from the page's start, and may be outside of the page. */
export interface Block {
  start: number;
  instructions: readonly Instruction[];
  ending: Ending;
  next: number;
  taken: number;
  /** Execution can enter it from outside of the group. */
  isEntry: boolean;
}

/** Blocks that lead to each other, in the order of their addresses. */
export type Group = readonly Block[];

/** The most instructions of a block. A longer sequence becomes several blocks, so that a hart can go on in its middle. */
export const BLOCK_MAX = 40;

/** Calling a function has a cost. A group is worth it if it has a loop, or this many instructions. */
const GROUP_MIN = 24;

/** The instructions that a translation leaves to the interpreter. */
const interpreted: ReadonlySet<Op> = new Set<Op>([
  Op.PageEnd,
  Op.Amo,
  Op.FenceSlow,
  Op.System,
  Op.FenceI,
  Op.Cross,
  Op.Illegal,
  Op.Break,
  // Wasm has nothing like these two of Zbb, and they are rare.
  Op.OrcB,
  Op.Rev8,
]);

const branches: ReadonlySet<Op> = new Set<Op>([
  Op.BeqFar,
  Op.BneFar,
  Op.BltFar,
  Op.BgeFar,
  Op.BltuFar,
  Op.BgeuFar,
]);

/** Whether an instruction is a call: a jump that puts its return address into a register. */
function isCall({ code, rd }: Instruction): boolean {
  return (code === Op.JalFar || code === Op.Jalr) && rd !== SINK_OFFSET;
}

function isInPage(place: number): boolean {
  return place >= 0 && place < PAGE_BYTES;
}

/** Where blocks begin, and which of these places execution may enter from outside. */
interface Places {
  leaders: Set<number>;
  entries: Set<number>;
}

function findPlaces(instructions: readonly Instruction[]): Places {
  const leaders = new Set<number>();
  const entries = new Set<number>();
  let expected = -1;
  let length = 0;
  for (const instruction of instructions) {
    const { code, offset, next, immediate } = instruction;
    if (offset !== expected || leaders.has(offset)) {
      leaders.add(offset);
      length = 0;
    }
    if (length === BLOCK_MAX) {
      leaders.add(offset);
      entries.add(offset);
      length = 0;
    }
    length += 1;
    expected = next;
    if (branches.has(code) || code === Op.JalFar) {
      const taken = offset + immediate;
      leaders.add(taken).add(next);
      // The start of a function that is called, or of a loop.
      if (isCall(instruction) || taken <= offset) {
        entries.add(taken);
      }
    }
    if (isCall(instruction) || interpreted.has(code)) {
      leaders.add(next);
      entries.add(next);
    }
    if (code === Op.Jalr) {
      leaders.add(next);
    }
  }
  return { leaders, entries };
}

/** Makes a block of the instructions from `first` on. */
function readBlock(instructions: readonly Instruction[], first: number, leaders: ReadonlySet<number>): Block {
  const members: Instruction[] = [];
  const start = instructions[first]?.offset ?? 0;
  let next = start;
  const make = (ending: Ending, taken: number): Block => {
    return { start, instructions: members, ending, next, taken, isEntry: false };
  };
  for (let at = first; at < instructions.length; at++) {
    const instruction = instructions[at];
    if (instruction === undefined || instruction.offset !== next) {
      break;
    }
    if (at !== first && leaders.has(next)) {
      break;
    }
    const { code, offset, immediate } = instruction;
    if (interpreted.has(code)) {
      return make(Ending.Stops, next);
    }
    members.push(instruction);
    next = instruction.next;
    if (branches.has(code)) {
      return make(Ending.Branches, offset + immediate);
    }
    if (code === Op.JalFar) {
      return make(Ending.Jumps, offset + immediate);
    }
    if (code === Op.Jalr) {
      return make(Ending.Returns, next);
    }
  }
  return make(Ending.Falls, next);
}

/** The places to which a block leads without leaving its group. */
export function successors(block: Block): number[] {
  const last = block.instructions.at(-1);
  if (block.ending === Ending.Falls) {
    return [block.next];
  }
  if (block.ending === Ending.Branches) {
    return [block.next, block.taken];
  }
  return block.ending === Ending.Jumps && last !== undefined && !isCall(last) ? [block.taken] : [];
}

/** Finds the groups in a page's instructions. */
export function findGroups(instructions: readonly Instruction[]): Group[] {
  const { leaders, entries } = findPlaces(instructions);
  const blocks: Block[] = [];
  instructions.forEach(({ offset }, index) => {
    if (leaders.has(offset)) {
      blocks.push(readBlock(instructions, index, leaders));
    }
  });
  const indexes = new Map(blocks.map(({ start }, index) => [start, index]));
  const leader = blocks.map((_, index) => index);
  const find = (index: number): number => {
    let at = index;
    for (let up = leader[at]; up !== undefined && up !== at; up = leader[at]) {
      at = up;
    }
    return at;
  };
  const reached = new Set<number>();
  blocks.forEach((block, index) => {
    for (const place of successors(block)) {
      const other = isInPage(place) ? indexes.get(place) : undefined;
      if (other !== undefined) {
        reached.add(place);
        leader[find(other)] = find(index);
      }
    }
  });
  const groups = new Map<number, Block[]>();
  blocks.forEach((block, index) => {
    // If no block leads to it, it is entered from another page.
    const isBegun = entries.has(block.start) || !reached.has(block.start);
    block.isEntry = isBegun && block.instructions.length > 0;
    const root = find(index);
    const group = groups.get(root) ?? [];
    groups.set(root, group);
    group.push(block);
  });
  return [...groups.values()].filter(isWorthIt);
}

function isWorthIt(group: Group): boolean {
  const count = group.reduce((sum, { instructions }) => sum + instructions.length, 0);
  const hasLoop = group.some((block) => successors(block).some((place) => place <= block.start));
  return (hasLoop || count >= GROUP_MIN) && group.some(({ isEntry }) => isEntry);
}
