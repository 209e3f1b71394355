// What the guest does with a message that is wrong: each refusal once, by hand; then hundreds of thousands of
// corrupted messages at the very end of memory, where a read behind the message traps.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readSchema } from "../../../toolchain/schema/generate.ts";
import { withDrivers } from "../../../tools/fuzz/targets/capnp-drivers.ts";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest, root } from "../../harness/guest.ts";
import { anyStruct, hostClasses, hostMessage } from "./values.ts";

const MESSAGE_BYTES_MAX = 4096;
const STREAM_BYTES = 1 << 16;
const CORRUPTED_COUNT = 150_000;
const FILE = "tests/libs/capnp/everything.capnp";
const text = readFileSync(join(root, FILE), "utf8");
const schema = readSchema(text, FILE);

/** MessageRefusal of source/libs/capnp/refusal.ts. */
const refusals = {
  none: 0,
  badLength: 1,
  segmented: 2,
  noRoot: 3,
  outOfBounds: 4,
  badPointer: 5,
  amplified: 6,
  tooDeep: 7,
  tooLong: 8,
} as const;

let g: Guest;
let streamAt: number;

beforeAll(async () => {
  g = await guest({ text: withDrivers(text, FILE) });
  streamAt = g.alloc(STREAM_BYTES);
  g.alloc(MESSAGE_BYTES_MAX, 65_536);
});

/** Opens and reads a message that ends where memory ends: the stream's length, or -1. */
function read(name: string, bytes: Uint8Array, depth = 2): number {
  const at = g.memory.buffer.byteLength - bytes.length;
  g.bytes().set(bytes, at);
  return g.call(`readMessage_${name}`, at, bytes.length, streamAt, STREAM_BYTES, depth);
}

/** Reads a message, and gives why it was refused: `open` gives null exactly if there is a reason. */
function refusalOf(name: string, bytes: Uint8Array): number {
  const isRead = read(name, bytes) >= 0;
  const refusal = g.call(`refusal_${name}`, g.memory.buffer.byteLength - bytes.length, bytes.length);
  if (isRead !== (refusal === refusals.none)) {
    throw new Error(`refusal ${refusal} of a message that was ${isRead ? "read" : "refused"}`);
  }
  return refusal;
}

// --- messages by hand ---------------------------------------------------------------------------------------------

function framed(...words: bigint[]): Uint8Array {
  return raw(BigInt(words.length) << 32n, ...words);
}

function raw(...words: bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(words).buffer);
}

function struct(offset: number, dataWords: number, pointers: number): bigint {
  return BigInt.asUintN(32, BigInt(offset) << 2n) | (BigInt(dataWords) << 32n) | (BigInt(pointers) << 48n);
}

function list(offset: number, size: number, count: number): bigint {
  return BigInt.asUintN(32, (BigInt(offset) << 2n) | 1n) | (BigInt(size) << 32n) | (BigInt(count) << 35n);
}

/** Leaf: two data words (size, kind), one pointer (name). */
const leaf = (name: bigint, ...more: bigint[]): Uint8Array => framed(struct(0, 2, 1), 7n, 0n, name, ...more);
/** Tree: one data word, three pointers (left, right, children). */
const tree = (...words: bigint[]): Uint8Array => framed(struct(0, 1, 3), ...words);
const HELLO = 0x6f6c6c6568n;

describe("a message is refused, with its reason", () => {
  const cases: readonly [string, string, Uint8Array, keyof typeof refusals][] = [
    ["nothing is wrong", "Leaf", leaf(list(0, 2, 6), HELLO), "none"],
    ["it is empty", "Leaf", raw(), "badLength"],
    ["it has no root pointer", "Leaf", raw(1n << 32n), "badLength"],
    ["its frame says no words", "Leaf", raw(0n, 0n), "badLength"],
    [
      "its frame says more words than there are",
      "Leaf",
      raw(5n << 32n, struct(0, 2, 1), 0n, 0n, 0n),
      "badLength",
    ],
    [
      "its frame says four billion words",
      "Leaf",
      raw(0xffff_ffffn << 32n, struct(0, 2, 1), 0n, 0n, 0n),
      "badLength",
    ],
    [
      "it is longer than a page",
      "Leaf",
      framed(struct(0, 2, 1), ...Array<bigint>(600).fill(0n)),
      "badLength",
    ],
    ["it has two segments", "Leaf", raw((4n << 32n) | 1n, struct(0, 2, 1), 0n, 0n, 0n), "segmented"],
    ["its root is a list", "Leaf", framed(list(0, 2, 6), HELLO), "noRoot"],
    ["its root is a far pointer", "Leaf", framed(2n, 0n), "noRoot"],
    ["its root is a capability", "Leaf", framed(3n, 0n), "noRoot"],
    ["its root lies behind the end", "Leaf", framed(struct(1, 2, 1), 0n, 0n, 0n), "outOfBounds"],
    ["its root lies before the beginning", "Leaf", framed(struct(-2, 2, 1), 0n, 0n, 0n), "outOfBounds"],
    [
      "its root lies as far off as can be",
      "Leaf",
      framed(struct(-(2 ** 29), 2, 1), 0n, 0n, 0n),
      "outOfBounds",
    ],
    ["its root is larger than it", "Leaf", framed(struct(0, 0xffff, 0xffff), 0n, 0n, 0n), "outOfBounds"],
    ["a text has no zero at its end", "Leaf", leaf(list(0, 2, 5), HELLO), "badPointer"],
    ["a text has not even a zero", "Leaf", leaf(list(0, 2, 0)), "badPointer"],
    ["a text is a list of numbers", "Leaf", leaf(list(0, 4, 1), HELLO), "badPointer"],
    ["a text is a struct", "Leaf", leaf(struct(0, 1, 0), HELLO), "badPointer"],
    ["a text is a far pointer", "Leaf", leaf(2n, HELLO), "badPointer"],
    ["a text is a list but for its tag, a struct's", "Leaf", leaf(list(0, 2, 6) - 1n, HELLO), "badPointer"],
    ["a text is a list but for its tag, a far one", "Leaf", leaf(list(0, 2, 6) + 1n, HELLO), "badPointer"],
    ["a text lies behind the end", "Leaf", leaf(list(1, 2, 6), HELLO), "outOfBounds"],
    ["a text ends behind the end", "Leaf", leaf(list(0, 2, 9), HELLO), "outOfBounds"],
    ["a text has half a billion bytes", "Leaf", leaf(list(0, 2, 2 ** 29 - 1), HELLO), "outOfBounds"],
    ["a struct is a list", "Tree", tree(0n, list(2, 2, 1), 0n, 0n, 0n), "badPointer"],
    ["a list of structs has numbers", "Tree", tree(0n, 0n, 0n, list(0, 5, 1), 0n), "badPointer"],
    ["a list of structs has no tag", "Tree", tree(0n, 0n, 0n, list(0, 7, 0)), "outOfBounds"],
    [
      "the tag is a list pointer",
      "Tree",
      tree(0n, 0n, 0n, list(0, 7, 4), list(1, 1, 3), 0n, 0n, 0n, 0n),
      "badPointer",
    ],
    [
      "the tag has too many elements",
      "Tree",
      tree(0n, 0n, 0n, list(0, 7, 4), struct(2, 1, 3), 0n, 0n, 0n, 0n),
      "outOfBounds",
    ],
    [
      "the tag's size is 2^32 words",
      "Tree",
      tree(0n, 0n, 0n, list(0, 7, 0), struct(2 ** 29, 4, 4)),
      "outOfBounds",
    ],
    [
      "a list has elements of no size",
      "Tree",
      tree(0n, 0n, 0n, list(0, 7, 0), struct(2 ** 29, 0, 0)),
      "amplified",
    ],
    [
      "a text is used twice",
      "ServiceBothResults",
      framed(struct(0, 1, 1), 0n, struct(-2, 1, 1)),
      "amplified",
    ],
    ["a text is the struct that has it", "Leaf", leaf(list(-4, 2, 32), 0n), "amplified"],
    [
      "a list of structs is used twice",
      "Tree",
      // Two lists of one element, whose list of children is the list that it is in.
      tree(0n, 0n, 0n, list(0, 7, 4), struct(1, 1, 3), 0n, 0n, 0n, list(-5, 7, 4)),
      "amplified",
    ],
    ["a struct contains itself", "Tree", tree(0n, struct(-2, 1, 3), 0n, 0n), "amplified"],
  ];
  it.each(cases)("%s", (_, name, bytes, refusal) => {
    expect(refusalOf(name, bytes)).toBe(refusals[refusal]);
  });

  it("structs lie within one another beyond the limit", () => {
    // Each Tree has one data word and three pointers; the first leads on to the one that follows.
    const nested = (depth: number): Uint8Array => {
      const inner = Array.from({ length: depth }, (_, i) => [
        0n,
        i < depth - 1 ? struct(2, 1, 3) : 0n,
        0n,
        0n,
      ]);
      return framed(struct(0, 1, 3), ...inner.flat());
    };
    expect(refusalOf("Tree", nested(16))).toBe(refusals.none);
    expect(refusalOf("Tree", nested(17))).toBe(refusals.tooDeep);
  });

  it("lists of structs lie within one another beyond the limit", () => {
    // Each list has one Tree, whose children are the list that follows.
    const nested = (depth: number): Uint8Array => {
      const inner = Array.from({ length: depth }, (_, i) => [
        struct(1, 1, 3),
        0n,
        0n,
        0n,
        i < depth - 1 ? list(0, 7, 4) : 0n,
      ]);
      return framed(struct(0, 1, 3), 0n, 0n, 0n, list(0, 7, 4), ...inner.flat());
    };
    expect(refusalOf("Tree", nested(15))).toBe(refusals.none);
    expect(refusalOf("Tree", nested(16))).toBe(refusals.tooDeep);
  });

  it("the message does not begin at a multiple of 8", () => {
    const at = g.memory.buffer.byteLength - 4096;
    g.bytes().set(leaf(0n), at + 4);
    expect(g.call("readMessage_Leaf", at + 4, 40, streamAt, STREAM_BYTES, 2)).toBe(-1);
    expect(g.call("refusal_Leaf", at + 4, 40)).toBe(refusals.badLength);
  });

  it("a message may be as long as a page, and the reader ignores what follows it", () => {
    const page = new Uint8Array(MESSAGE_BYTES_MAX).fill(0xff);
    page.set(leaf(list(0, 2, 6), HELLO));
    expect(refusalOf("Leaf", page)).toBe(refusals.none);
  });
});

// --- corrupted messages -------------------------------------------------------------------------------------------

/** A generator of small fast random numbers (xorshift32): the same seed gives the same corruption. */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Damages a few places: a bit, a byte, or a word that looks like a pointer. */
function corrupt(bytes: Uint8Array, pick: (below: number) => number): Uint8Array {
  const copy = bytes.slice();
  const words = new BigUint64Array(copy.buffer);
  for (let left = 1 + pick(4); left > 0; left--) {
    const word = pick(words.length);
    const byte = pick(copy.length);
    const kind = pick(5);
    if (kind === 0) {
      copy[byte] = defined(copy[byte]) ^ (1 << pick(8));
    } else if (kind === 1) {
      copy[byte] = pick(256);
    } else if (kind === 2) {
      words[word] = list(pick(64) - 32, pick(8), pick(pick(2) === 0 ? 40 : 2 ** 29));
    } else if (kind === 3) {
      words[word] = struct(pick(64) - 32, pick(6), pick(14));
    } else {
      words[word] = defined(words[pick(words.length)]);
    }
  }
  return copy;
}

describe(`${CORRUPTED_COUNT} corrupted messages at the very end of memory`, () => {
  const names = ["Pointers", "Tree", "ServiceBothResults", "Leaf", "ServiceBothParams"];

  it("are read without a trap, and never more than was sent", async () => {
    const classes = await hostClasses(text, FILE);
    const corpus = names.flatMap((name) =>
      fc
        .sample(anyStruct(schema, name), { numRuns: 40, seed: 1 })
        .map((value) => ({ name, bytes: hostMessage(schema, classes(name), name, value) }))
        .filter(({ bytes }) => bytes.length <= MESSAGE_BYTES_MAX),
    );
    const pick = random(247);
    const outcomes = new Map<number, number>();
    for (let i = 0; i < CORRUPTED_COUNT; i++) {
      const sample = corpus[i % corpus.length];
      if (!sample) {
        throw new Error("the corpus is empty");
      }
      const refusal = refusalOf(sample.name, corrupt(sample.bytes, pick));
      outcomes.set(refusal, (outcomes.get(refusal) ?? 0) + 1);
      if (refusal === refusals.none && g.call("touchedBytes") > MESSAGE_BYTES_MAX) {
        throw new Error(`message ${i}: ${g.call("touchedBytes")} bytes read out of ${sample.bytes.length}`);
      }
    }
    // Both sides of the gate were exercised, and every reason but those that need a longer message was given.
    expect(outcomes.get(refusals.none)).toBeGreaterThan(CORRUPTED_COUNT / 20);
    const { none, badLength, segmented, noRoot, outOfBounds, badPointer, amplified } = refusals;
    expect([...outcomes.keys()]).toEqual(
      expect.arrayContaining([none, badLength, segmented, noRoot, outOfBounds, badPointer, amplified]),
    );
  });
});
