// A module of what asc never writes: branches that carry values, loops and ifs with parameters, blocks with two
// results, code that cannot be reached, passive data. `main` prints one character for each function and argument.

import { assemble, constant, type FunctionParts, i32, none, u32 } from "../wasm/assemble.ts";
import { MEMORY_BASE } from "./harness.ts";

/** Where memory.init writes to. */
const scratch = constant((MEMORY_BASE + 40) | 0);

const get = (index: number): number[] => [0x20, index];
const set = (index: number): number[] => [0x21, index];
const br = (depth: number): number[] => [0x0c, depth];
const brIf = (depth: number): number[] => [0x0d, depth];
const end = 0x0b;
const otherwise = 0x05;
const drop = 0x1a;
const add = 0x6a;
const sub = 0x6b;
const unreachable = 0x00;

/** Block types by index: see `types` below. */
const pairToOne = 0;
const toPair = 1;
const oneToOne = 2;

/** Each takes one i32 and gives one. */
const bodies: readonly { readonly locals?: readonly number[]; readonly code: readonly number[] }[] = [
  // A conditional branch with a value, and what falls through instead.
  { code: [0x02, i32, ...constant(7), ...get(0), ...brIf(0), drop, ...constant(9), end] },
  // A table of branches to two blocks and to the function, all with a value.
  {
    code: [
      ...[0x02, i32, 0x02, i32, ...constant(3), ...get(0), 0x0e, 3, 0, 1, 2, 0, end],
      ...[...constant(10), add, end, ...constant(20), add],
    ],
  },
  // A loop with two parameters: sums from the argument down to 0.
  {
    locals: [i32, i32],
    code: [
      ...[...constant(0), ...get(0), 0x03, pairToOne, ...set(1), ...set(2)],
      ...[...get(2), ...get(1), add, ...get(1), ...constant(1), sub],
      ...[...get(1), ...brIf(0), drop, end],
    ],
  },
  // An if with a parameter, with and without its other arm.
  { code: [...constant(5), ...get(0), 0x04, oneToOne, ...constant(1), add, otherwise, ...get(0), add, end] },
  { code: [...constant(5), ...get(0), 0x04, oneToOne, ...constant(2), add, end] },
  // A block with two results, reached by a branch and by its end.
  {
    code: [
      ...[0x02, toPair, ...constant(8), ...constant(3), ...get(0), ...brIf(0)],
      ...[drop, drop, ...constant(4), ...constant(2), end, sub],
    ],
  },
  // A conditional return, and one without a condition in the middle of a block.
  {
    code: [
      ...constant(6),
      ...get(0),
      ...brIf(0),
      drop,
      0x02,
      none,
      ...constant(2),
      0x0f,
      end,
      ...constant(3),
    ],
  },
  // Code behind a branch is skipped, whatever nests in it.
  {
    code: [
      ...[0x02, i32, ...constant(1), ...br(0)],
      ...[0x02, none, ...get(0), 0x04, none, unreachable, otherwise, ...br(1), end, end, drop],
      ...[0x03, none, ...br(0), end, end],
    ],
  },
  // An if whose arms both leave: what follows it is never reached.
  { code: [...get(0), 0x04, i32, ...constant(1), 0x0f, otherwise, ...constant(2), 0x0f, end] },
  // A value that was read before its local changed, used as an address afterwards.
  { code: [...get(0), ...constant(1000), ...set(0), 0x2d, 0, ...u32(MEMORY_BASE + 16)] },
  // memory.init from a passive segment, then what it wrote.
  { code: [...scratch, ...get(0), ...constant(2), 0xfc, 8, 1, 0, ...scratch, 0x2d, 0, 0] },
  // select of i64, and a comparison of 64 bits as the condition.
  {
    code: [
      0x42,
      9,
      0x42,
      4,
      ...get(0),
      0x1b,
      0x42,
      5,
      0x53,
      0x04,
      i32,
      ...constant(1),
      otherwise,
      ...constant(2),
      end,
    ],
  },
];

const putIndex = 0;
const attemptIndex = 1;
const firstBody = 2;

/** Arguments that every function is called with. */
const ARGUMENTS = [0, 1, 2, 3];

/** The module's bytes. */
export function blocksModule(): Uint8Array {
  const put = (value: readonly number[]): number[] => [...value, ...constant(48), add, 0x10, putIndex];
  const functions: FunctionParts[] = bodies.map(({ locals = [], code }) => ({
    params: [i32],
    results: [i32],
    locals,
    code,
  }));
  const attempted: FunctionParts = {
    name: "attempted",
    // All of the passive segment: right at first, and a trap once it was dropped.
    code: [...scratch, ...constant(0), ...constant(5), 0xfc, 8, 1, 0],
  };
  const dropped: FunctionParts = {
    name: "dropped",
    code: [0xfc, 9, 1, ...scratch, ...constant(0), ...constant(0), 0xfc, 8, 1, 0],
  };
  const droppedIndex = firstBody + bodies.length + 1;
  const main: FunctionParts = {
    name: "main",
    code: [
      ...put(constant(2 - 48)),
      ...bodies.flatMap((_, index) => [
        ...ARGUMENTS.flatMap((argument) => put([...constant(argument), 0x10, firstBody + index])),
        ...put(constant(10 - 48)),
      ]),
      ...put([0x10, attemptIndex]),
      0x10,
      droppedIndex,
      ...put([0x10, attemptIndex]),
    ],
  };
  return assemble({
    imports: [
      ["assembly", "put", [i32], []],
      ["assembly", "attempt", [], [i32]],
    ],
    types: [
      [[i32, i32], [i32]],
      [[], [i32, i32]],
      [[i32], [i32]],
    ],
    functions: [...functions, attempted, dropped, main],
    memory: MEMORY_BASE / 0x10000 + 1,
    data: [
      [(MEMORY_BASE + 16) | 0, [1, 3, 5, 7]],
      [undefined, [2, 4, 6, 8, 9]],
    ],
  });
}
