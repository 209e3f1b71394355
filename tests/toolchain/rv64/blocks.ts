// A module of what asc never writes: branches that carry values, loops and ifs with parameters, blocks with two
// results, code that cannot be reached, passive data. `main` prints one character for each function and argument.

import { assemble, constant, type FunctionParts, I32, NO_RESULT, unsignedLeb } from "../wasm/assemble.ts";
import { MEMORY_BASE } from "./harness.ts";

/** Where memory.init writes to. */
const scratch = constant((MEMORY_BASE + 40) | 0);

const get = (index: number): number[] => [0x20, index];
const set = (index: number): number[] => [0x21, index];
const br = (depth: number): number[] => [0x0c, depth];
const brIf = (depth: number): number[] => [0x0d, depth];
const END = 0x0b;
const OTHERWISE = 0x05;
const DROP = 0x1a;
const ADD = 0x6a;
const SUB = 0x6b;
const EQZ = 0x45;
const UNREACHABLE = 0x00;

/** Block types by index: see `types` below. */
const PAIR_TO_ONE = 0;
const TO_PAIR = 1;
const ONE_TO_ONE = 2;

/** Each takes one i32 and gives one. */
const bodies: readonly { readonly locals?: readonly number[]; readonly code: readonly number[] }[] = [
  // A conditional branch with a value, and what falls through instead.
  { code: [0x02, I32, ...constant(7), ...get(0), ...brIf(0), DROP, ...constant(9), END] },
  // A table of branches to two blocks and to the function, all with a value.
  {
    code: [
      ...[0x02, I32, 0x02, I32, ...constant(3), ...get(0), 0x0e, 3, 0, 1, 2, 0, END],
      ...[...constant(10), ADD, END, ...constant(20), ADD],
    ],
  },
  // A loop with two parameters: sums from the argument down to 0.
  {
    locals: [I32, I32],
    code: [
      ...[...constant(0), ...get(0), 0x03, PAIR_TO_ONE, ...set(1), ...set(2)],
      ...[...get(2), ...get(1), ADD, ...get(1), ...constant(1), SUB],
      ...[...get(1), ...brIf(0), DROP, END],
    ],
  },
  // An if with a parameter, with and without its other arm.
  {
    code: [...constant(5), ...get(0), 0x04, ONE_TO_ONE, ...constant(1), ADD, OTHERWISE, ...get(0), ADD, END],
  },
  { code: [...constant(5), ...get(0), 0x04, ONE_TO_ONE, ...constant(2), ADD, END] },
  // A block with two results, reached by a branch and by its end.
  {
    code: [
      ...[0x02, TO_PAIR, ...constant(8), ...constant(3), ...get(0), ...brIf(0)],
      ...[DROP, DROP, ...constant(4), ...constant(2), END, SUB],
    ],
  },
  // A conditional return, and one without a condition in the middle of a block.
  {
    code: [
      ...constant(6),
      ...get(0),
      ...brIf(0),
      DROP,
      0x02,
      NO_RESULT,
      ...constant(2),
      0x0f,
      END,
      ...constant(3),
    ],
  },
  // Code behind a branch is skipped, with all that nests in it.
  {
    code: [
      ...[0x02, I32, ...constant(1), ...br(0)],
      ...[0x02, NO_RESULT, ...get(0), 0x04, NO_RESULT, UNREACHABLE, OTHERWISE, ...br(1), END, END, DROP],
      ...[0x03, NO_RESULT, ...br(0), END, END],
    ],
  },
  // An if whose arms both leave: what follows it is never reached.
  { code: [...get(0), 0x04, I32, ...constant(1), 0x0f, OTHERWISE, ...constant(2), 0x0f, END] },
  // A value that was read before its local changed, used as an address afterwards.
  { code: [...get(0), ...constant(1000), ...set(0), 0x2d, 0, ...unsignedLeb(MEMORY_BASE + 16)] },
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
      I32,
      ...constant(1),
      OTHERWISE,
      ...constant(2),
      END,
    ],
  },
  // A condition of two, and a branch with a value on it.
  {
    code: [
      ...[0x02, I32, ...constant(7), ...get(0), 0x04, I32, ...get(0), ...constant(2), SUB, OTHERWISE],
      ...[...constant(1), END, ...brIf(0), DROP, ...constant(9), END],
    ],
  },
  // A condition of three, turned round inside and outside, before an if with a result and one without an else.
  {
    locals: [I32],
    code: [
      ...[...get(0), 0x04, I32, ...get(0), ...constant(1), SUB, 0x04, I32, ...get(0), ...constant(2), SUB],
      ...[OTHERWISE, ...constant(0), END, EQZ, OTHERWISE, ...constant(1), END, EQZ],
      ...[0x04, I32, ...constant(3), OTHERWISE, ...constant(5), END, ...set(1)],
      ...[
        ...get(0),
        0x04,
        I32,
        ...constant(0),
        OTHERWISE,
        ...get(0),
        EQZ,
        END,
        0x04,
        NO_RESULT,
        ...constant(8),
      ],
      ...[...set(1), END, ...get(1)],
    ],
  },
  // A condition of which one arm leaves, and one to which a branch with a value goes.
  {
    code: [
      ...[...get(0), 0x04, I32, ...get(0), ...constant(1), SUB, OTHERWISE, ...constant(4), 0x0f, END],
      ...[0x04, I32, ...get(0), ...constant(3), SUB, 0x04, I32, ...constant(1), ...get(0), ...brIf(0), DROP],
      ...[...constant(0), OTHERWISE, ...constant(0), END, 0x04, I32, ...constant(6), OTHERWISE],
      ...[...constant(7), END, OTHERWISE, ...constant(8), END],
    ],
  },
  // A condition of which both arms leave, and one before an if with a parameter.
  {
    code: [
      ...[...constant(5), ...get(0), 0x04, I32, ...constant(1), OTHERWISE, ...get(0), END],
      ...[0x04, ONE_TO_ONE, ...constant(2), ADD, END, DROP],
      ...[...get(0), 0x04, I32, ...constant(1), 0x0f, OTHERWISE, ...constant(2), 0x0f, END],
      ...[0x04, NO_RESULT, END, ...constant(3)],
    ],
  },
];

const PUT_INDEX = 0;
const ATTEMPT_INDEX = 1;
const FIRST_BODY = 2;

/** Arguments that every function is called with. */
const ARGUMENTS = [0, 1, 2, 3];

/** The module's bytes. */
export function blocksModule(): Uint8Array {
  const put = (value: readonly number[]): number[] => [...value, ...constant(48), ADD, 0x10, PUT_INDEX];
  const functions: FunctionParts[] = bodies.map(({ locals = [], code }) => ({
    params: [I32],
    results: [I32],
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
  const droppedIndex = FIRST_BODY + bodies.length + 1;
  const main: FunctionParts = {
    name: "main",
    code: [
      ...put(constant(2 - 48)),
      ...bodies.flatMap((_, index) => [
        ...ARGUMENTS.flatMap((argument) => put([...constant(argument), 0x10, FIRST_BODY + index])),
        ...put(constant(10 - 48)),
      ]),
      ...put([0x10, ATTEMPT_INDEX]),
      0x10,
      droppedIndex,
      ...put([0x10, ATTEMPT_INDEX]),
    ],
  };
  return assemble({
    imports: [
      ["assembly", "put", [I32], []],
      ["assembly", "attempt", [], [I32]],
    ],
    types: [
      [[I32, I32], [I32]],
      [[], [I32, I32]],
      [[I32], [I32]],
    ],
    functions: [...functions, attempted, dropped, main],
    memory: MEMORY_BASE / 0x10000 + 1,
    data: [
      [(MEMORY_BASE + 16) | 0, [1, 3, 5, 7]],
      [undefined, [2, 4, 6, 8, 9]],
    ],
  });
}
