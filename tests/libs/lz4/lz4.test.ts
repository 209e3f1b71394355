// LZ4: blocks of the lz4 program and of our own compressor, and blocks that are damaged in every way. With any
// content, nothing is read outside of the block and nothing is written outside of the target.

import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { compressBlock } from "../../../host/pkgimg/lz4.ts";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";

const MOST = 1 << 16;
const CANARY = 0xa5;
const CANARIES = 64;

let g: Guest;
let edge: Edge;
/** Room for a target with canaries around it. */
let room: number;

beforeAll(async () => {
  g = await guest({ text: `export { decompress } from "lz4/lz4";` });
  room = g.alloc(MOST + 2 * CANARIES);
  edge = new Edge(g, MOST);
});

/** What a block gives, or undefined if it is refused. It lies at the end of memory, and the target between canaries. */
function decompress(block: Uint8Array, byteLength: number): Uint8Array | undefined {
  const around = g.bytes().subarray(room, room + byteLength + 2 * CANARIES);
  around.fill(CANARY);
  const holds = g.call("decompress", edge.put(block), block.length, room + CANARIES, byteLength) !== 0;
  const found = g.get(room, byteLength + 2 * CANARIES);
  const canaries = [...found.subarray(0, CANARIES), ...found.subarray(CANARIES + byteLength)];
  expect(new Set(canaries)).toEqual(new Set([CANARY]));
  return holds ? found.slice(CANARIES, CANARIES + byteLength) : undefined;
}

/** Whether a block is one when its target lies at the end of memory: a write behind it would trap. */
function holdsAtEdge(block: Uint8Array, byteLength: number): boolean {
  const target = edge.put(new Uint8Array(byteLength));
  g.bytes().set(block, room);
  return g.call("decompress", room, block.length, target, byteLength) !== 0;
}

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

const TICKS = [1, 2, 3, 4, 5, 6]
  .map((hart) => `neuron: hart${hart} online, and a tick later hart${hart} ticks\n`)
  .join("");

/** What `lz4 -l -9` made of these texts. */
const known: [name: string, text: string, block: string][] = [
  ["a run", "a".repeat(100), "1f6101004b506161616161"],
  [
    "lines that are alike",
    TICKS,
    `f3176e6575726f6e3a206861727431206f6e6c696e652c20616e642061207469636b206c617465721f0000110028730a33001f3233000b1f32
     3300001f3333000b1f333300001f3433000b1f343300001f3533000b1f353300001f3633000b8036207469636b730a`.replaceAll(
      /\s/g,
      "",
    ),
  ],
];

describe("blocks that the lz4 program made", () => {
  test.each(known)("%s", (_, text, block) => {
    expect(decompress(hex(block), text.length)).toEqual(ascii(text));
  });

  test.each(known)("are refused with %s one byte longer or shorter than said", (_, text, block) => {
    expect(decompress(hex(block), text.length + 1)).toBeUndefined();
    expect(decompress(hex(block), text.length - 1)).toBeUndefined();
  });
});

describe("blocks by hand", () => {
  test.each([
    ["nothing at all", "", 0, undefined],
    ["no literal", "00", 0, ""],
    ["only literals", "30 616263", 3, "abc"],
    ["fifteen literals and a length of 0 behind the token", `f000 ${"61".repeat(15)}`, 15, "a".repeat(15)],
    ["a match that overlaps itself", "21 6162 0200 10 63", 8, "abababac"],
    ["a distance of 0", "10 61 0000 10 62", 6, undefined],
    ["a distance before the first byte", "10 61 0200 10 62", 6, undefined],
    ["a match at the end, without literals behind it", "10 61 0100", 5, undefined],
    ["half a distance", "10 61 01", 5, undefined],
    ["fewer literals than said", "40 616263", 4, undefined],
    ["a length that has no end", "f0 ff ff ff", 900, undefined],
    ["a length of 255 again and again, and a small target", `f0 ${"ff".repeat(4000)} 00`, 20, undefined],
  ])("%s", (_, block, byteLength, expected) => {
    const found = decompress(hex(block), byteLength);
    expect(found && Buffer.from(found).toString("latin1")).toBe(expected);
    expect(holdsAtEdge(hex(block), byteLength)).toBe(expected !== undefined);
  });
});

/** Bytes that repeat themselves, some of them more and some less. */
const repeating = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 90 }))
        .map(([part, count]) => new Uint8Array(Buffer.concat(Array.from({ length: count }, () => part)))),
      fc.constantFrom(...known.map(([, text]) => ascii(text))),
    ),
    { maxLength: 12 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

/** A block for those bytes: a compressed one, or, where that is no shorter, literals alone. */
function blockOf(bytes: Uint8Array): Uint8Array {
  const block = compressBlock(bytes);
  if (block !== undefined) {
    return block;
  }
  const more = bytes.length - 15;
  const lengths = more < 0 ? [] : [...Array.from({ length: Math.floor(more / 255) }, () => 255), more % 255];
  return Uint8Array.from([Math.min(bytes.length, 15) << 4, ...lengths, ...bytes]);
}

describe("blocks of our own compressor", () => {
  test("give the bytes again, and keep to the end of memory", () => {
    fc.assert(
      fc.property(repeating, (bytes) => {
        const block = blockOf(bytes);
        expect(decompress(block, bytes.length)).toEqual(bytes);
        expect(holdsAtEdge(block, bytes.length)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ["zeros", new Uint8Array(MOST), 300],
    ["text", ascii(TICKS.repeat(100)), 400],
  ])("of %s are short", (_, bytes, most) => {
    const block = defined(compressBlock(bytes));
    expect(block.length).toBeLessThan(most);
    expect(decompress(block, bytes.length)).toEqual(bytes);
  });

  test("are not made of bytes that do not repeat themselves, or are few", () => {
    const noise = Uint8Array.from({ length: 5000 }, (_, index) => Math.imul(index + 1, 0x9e37_79b1) >>> 13);
    expect(
      compressBlock(noise.map((byte, index) => byte ^ Math.imul(index ^ 0x55, 0x0100_0193))),
    ).toBeUndefined();
    for (let length = 0; length < 12; length += 1) {
      expect(compressBlock(new Uint8Array(length))).toBeUndefined();
    }
  });

  test("keep the rules for a block's end: the last match begins 12 bytes before it, and five literals follow", () => {
    for (let length = 13; length <= 40; length += 1) {
      const block = compressBlock(new Uint8Array(length));
      const literals = defined(block?.[block.length - 6]) >> 4;
      expect([length, literals]).toEqual([length, 5]);
    }
  });

  test.skipIf(spawnSync("lz4", ["--version"]).status !== 0)("are read by the lz4 program", () => {
    for (const bytes of [
      ascii(TICKS.repeat(40)),
      new Uint8Array(5000),
      ascii("abcabcabcabcabcabcdefdefdefdef"),
    ]) {
      const block = defined(compressBlock(bytes));
      // The legacy frame: a magic number, and before each block its length.
      const head = Buffer.from("02214c1800000000", "hex");
      head.writeUInt32LE(block.length, 4);
      const { stdout } = spawnSync("lz4", ["-d", "-c"], { input: Buffer.concat([head, block]) });
      expect(new Uint8Array(stdout)).toEqual(bytes);
    }
  });
});

describe("a damaged block", () => {
  test("of any bytes keeps to its memory, and to its time", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 0, max: 2000 }),
        (block, byteLength) => {
          decompress(block, byteLength);
          holdsAtEdge(block, byteLength);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each(known)("with a bit flipped anywhere keeps to its memory: %s", (_, text, block) => {
    const bytes = hex(block);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = defined(flipped[bit >> 3]) ^ (1 << (bit & 7));
      decompress(flipped, text.length);
      holdsAtEdge(flipped, text.length);
    }
  });

  test.each(known)("that is cut off anywhere is refused: %s", (_, text, block) => {
    const bytes = hex(block);
    for (let length = 0; length < bytes.length; length += 1) {
      expect([length, decompress(bytes.subarray(0, length), text.length)]).toEqual([length, undefined]);
      expect(holdsAtEdge(bytes.subarray(0, length), text.length)).toBe(false);
    }
  });

  test("that our compressor made, with bytes changed and cut off, keeps to its memory", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(repeating, fc.array(change, { maxLength: 4 }), fc.nat(), (bytes, changes, cut) => {
        const block = blockOf(bytes);
        for (const [place, byte] of changes) {
          block[place % block.length] = byte;
        }
        const part = block.subarray(0, block.length - (cut % Math.min(block.length, 4)));
        decompress(part, bytes.length);
        holdsAtEdge(part, bytes.length);
      }),
      { numRuns: 600 },
    );
  });
});
