// Programs built from an older and a newer version of one schema understand each other: what is missing reads as its
// default, what is not known is left out. What is right is what capnp-es makes of the same values in our own version
// (it is not asked about the other one: 0.0.16 reads past the end of list elements that are shorter than its own).

import { Message } from "capnp-es";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readSchema } from "../../../toolchain/schema/generate.ts";
import { withDrivers } from "../../../tools/fuzz/targets/capnp-drivers.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import { anyStruct, DEPTH_MAX, hostClasses, hostMessage, hostStream } from "./values.ts";

const MESSAGE_BYTES_MAX = 4096;
const STREAM_BYTES = 1 << 20;
const TOO_LONG = 8;

const versions = {
  older: `@0xdeadbeefdeadbeef;
    struct Item { name @0 :Text; size @1 :UInt32; }
    struct Root { mark @0 :UInt16; item @1 :Item; items @2 :List(Item); numbers @3 :List(UInt16); texts @4 :List(Text); }`,
  newer: `@0xdeadbeefdeadbeef;
    struct Item { name @0 :Text; size @1 :UInt32; time @2 :UInt64 = 77; hash @3 :Data; more @4 :Item; }
    struct Root { mark @0 :UInt16; item @1 :Item; items @2 :List(Item); numbers @3 :List(UInt16); texts @4 :List(Text);
      count @5 :UInt64; second @6 :Item; blobs @7 :List(Data); flag @8 :Bool = true; }`,
} as const;

describe.each([
  ["older", "newer"],
  ["newer", "older"],
] as const)("a program with the %s schema", (ours, theirs) => {
  const schema = readSchema(versions[ours], `${ours}.capnp`);
  const theirSchema = readSchema(versions[theirs], `${theirs}.capnp`);
  let g: Guest;
  let classes: Awaited<ReturnType<typeof hostClasses>>;
  let theirClasses: typeof classes;
  let streamAt: number;

  beforeAll(async () => {
    g = await guest({ text: withDrivers(versions[ours], `${ours}.capnp`) });
    classes = await hostClasses(versions[ours], `${ours}.capnp`);
    theirClasses = await hostClasses(versions[theirs], `${theirs}.capnp`);
    streamAt = g.alloc(STREAM_BYTES);
    g.alloc(MESSAGE_BYTES_MAX, 65_536);
  });

  const read = (bytes: Uint8Array): Uint8Array | undefined => {
    const at = g.memory.buffer.byteLength - bytes.length;
    g.bytes().set(bytes, at);
    const length = g.call("readMessage_Root", at, bytes.length, streamAt, STREAM_BYTES, DEPTH_MAX);
    return length < 0 ? undefined : g.get(streamAt, length);
  };

  it(`reads what one with the ${theirs} schema sends`, () => {
    fc.assert(
      fc.property(anyStruct(theirSchema, "Root"), (value) => {
        const bytes = hostMessage(theirSchema, theirClasses("Root"), "Root", value);
        if (bytes.length > MESSAGE_BYTES_MAX / 4) {
          return;
        }
        const inOurs = hostMessage(schema, classes("Root"), "Root", value);
        const expected = new Message(inOurs, false).getRoot(classes("Root"));
        expect(read(bytes)).toEqual(hostStream(schema, "Root", expected));
      }),
      { numRuns: 100 },
    );
  });

  it("reads a null root as a struct of defaults", () => {
    const bytes = new Uint8Array(BigUint64Array.from([1n << 32n, 0n]).buffer);
    const expected = new Message(bytes, false).getRoot(classes("Root"));
    expect(read(bytes)).toEqual(hostStream(schema, "Root", expected));
  });

  it("refuses a message that becomes too long when its structs grow to our sizes", () => {
    const itemWords = schema.structs.find(({ name }) => name === "Item");
    const rootWords = schema.structs.find(({ name }) => name === "Root");
    if (!itemWords || !rootWords) {
      throw new Error("the schemas have an Item and a Root");
    }
    // A list of structs that have one data word and nothing else: it grows when it is copied.
    const message = (count: number): Uint8Array => {
      const words = [
        (2n << 48n) | (1n << 32n),
        0n,
        0n,
        1n | (7n << 32n) | (BigInt(count) << 35n),
        (BigInt(count) << 2n) | (1n << 32n),
        ...Array<bigint>(count).fill(5n),
      ];
      return new Uint8Array(BigUint64Array.from([BigInt(words.length) << 32n, ...words]).buffer);
    };
    const size = (one: { dataWords: number; pointerCount: number }): number =>
      one.dataWords + one.pointerCount;
    const most = Math.floor((MESSAGE_BYTES_MAX / 8 - size(rootWords) - 1) / size(itemWords));
    expect(read(message(most))).toBeDefined();
    const tooLong = message(most + 1);
    expect(read(tooLong)).toBeUndefined();
    const at = g.memory.buffer.byteLength - tooLong.length;
    expect(g.call("refusal_Root", at, tooLong.length)).toBe(TOO_LONG);
  });
});

describe("a copy in our sizes that runs out of room", () => {
  const ITEM_WORDS = 5;
  const ROOT_WORDS = 8;
  const PAGE_WORDS = MESSAGE_BYTES_MAX / 8;
  let g: Guest;
  let streamAt: number;

  beforeAll(async () => {
    g = await guest({ text: withDrivers(versions.newer, "newer.capnp") });
    streamAt = g.alloc(STREAM_BYTES);
    g.alloc(MESSAGE_BYTES_MAX, 65_536);
  });

  const struct = (offset: number, dataWords: number, pointers: number): bigint =>
    (BigInt(offset) << 2n) | (BigInt(dataWords) << 32n) | (BigInt(pointers) << 48n);
  const list = (offset: number, size: number, count: number): bigint =>
    (BigInt(offset) << 2n) | 1n | (BigInt(size) << 32n) | (BigInt(count) << 35n);

  /** Why a message of these words is refused; it is read as well, and then gives nothing exactly if it is refused. */
  function refusalOf(...words: bigint[]): number {
    const bytes = new Uint8Array(BigUint64Array.from([BigInt(words.length) << 32n, ...words]).buffer);
    expect(bytes.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
    const at = g.memory.buffer.byteLength - bytes.length;
    g.bytes().set(bytes, at);
    const refusal = g.call("refusal_Root", at, bytes.length);
    const length = g.call("readMessage_Root", at, bytes.length, streamAt, STREAM_BYTES, DEPTH_MAX);
    expect(length < 0).toBe(refusal !== 0);
    return refusal;
  }

  // A root of one data word and four pointers; `count` items of one data word, which grow to ITEM_WORDS each.
  const items = (count: number): bigint[] => [struct(count, 1, 0), ...Array<bigint>(count).fill(5n)];
  /** The words that are left of the copy behind the root and the items. */
  const left = (count: number): number => PAGE_WORDS - ROOT_WORDS - 1 - count * ITEM_WORDS;

  it("at a list of numbers", () => {
    const count = 90;
    const withNumbers = (words: number): number =>
      refusalOf(
        struct(0, 1, 4),
        0n,
        0n,
        list(2, 7, count),
        list(2 + count, 3, words * 4),
        0n,
        ...items(count),
        ...Array<bigint>(words).fill(7n),
      );
    expect(withNumbers(left(count))).toBe(0);
    expect(withNumbers(left(count) + 1)).toBe(TOO_LONG);
  });

  it("at a text of a list of texts", () => {
    const count = 90;
    const withText = (words: number): number =>
      refusalOf(
        struct(0, 1, 4),
        0n,
        0n,
        list(2, 7, count),
        0n,
        list(1 + count, 6, 1),
        ...items(count),
        list(0, 2, words * 8),
        ...Array<bigint>(words).fill(0n),
      );
    expect(withText(left(count) - 1)).toBe(0);
    expect(withText(left(count))).toBe(TOO_LONG);
  });

  it("at a struct in an element of a list of structs", () => {
    // Elements of one data word and three pointers, of which the first's last one leads to another Item.
    const withMore = (count: number): number =>
      refusalOf(
        struct(0, 1, 4),
        0n,
        0n,
        list(2, 7, count * 4),
        0n,
        0n,
        struct(count, 1, 3),
        ...[5n, 0n, 0n, struct((count - 1) * 4, 1, 0)],
        ...Array<bigint>((count - 1) * 4).fill(0n),
        6n,
      );
    expect(left(99)).toBeGreaterThanOrEqual(ITEM_WORDS);
    expect(left(100)).toBeLessThan(ITEM_WORDS);
    expect(withMore(99)).toBe(0);
    expect(withMore(100)).toBe(TOO_LONG);
  });
});
