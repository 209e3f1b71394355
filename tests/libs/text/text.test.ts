// Lines and byte judgements: what is written is what Node would write, and never more than there is room for.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";

const source = `
import { compare, equals, isUtf8, lengthToZero, NOT_A_NUMBER, parseDecimal, startsWith } from "text/bytes";
import { Line, LINE_STATE_BYTES } from "text/line";
const line = changetype<Line>(memory.data(32, 8));
export function stateFits(): bool { return LINE_STATE_BYTES <= 32; }
export function begin(start: usize, capacity: u32): void { line.begin(start, capacity); }
export function address(): usize { return line.address; }
export function length(): u32 { return line.length; }
export function truncated(): bool { return line.truncated; }
export function decimal(value: u64): void { line.decimal(value); }
export function hex(value: u64): void { line.hex(value); }
export function hexDigits(value: u64, digitsMin: u32): void { line.hexDigits(value, digitsMin); }
export function bytes(from: usize, count: u32): void { line.bytes(from, count); }
export function hexBytes(from: usize, count: u32): void { line.hexBytes(from, count); }
export function printable(from: usize, count: u32): void { line.printable(from, count); }
export function byte(value: u32): void { line.byte(<u8>value); }
/** The string whose UTF-16 units are at \`from\`, behind a word with their length in bytes. */
export function text(from: usize): void { line.text(changetype<string>(from)); }
export function sentence(hart: u64): void { line.text("neuron: hart").decimal(hart).text(" online ✓ 𝄞"); }
export function isOnline(from: usize, count: u32): bool { return equals(from, count, "online"); }
export function startsOn(from: usize, count: u32): bool { return startsWith(from, count, "on"); }
export function startsEmpty(from: usize, count: u32): bool { return startsWith(from, count, ""); }
export function order(a: usize, aLength: u32, b: usize, bLength: u32): i32 { return compare(a, aLength, b, bLength); }
export function zeroAt(from: usize, count: u32): u32 { return lengthToZero(from, count); }
export function parse(from: usize, count: u32): u64 { return parseDecimal(from, count); }
export function notANumber(): u64 { return NOT_A_NUMBER; }
export function utf8(from: usize, count: u32): bool { return isUtf8(from, count); }
`;

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

describe("text", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await guest({ text: source });
    edge = new Edge(g, 1 << 12);
  });

  /** What the line holds after `write`, in a buffer of that size at the end of memory. */
  function written(capacity: number, write: () => void): string {
    g.call("begin", edge.put(Buffer.alloc(capacity, 0xee)), capacity);
    write();
    return Buffer.from(g.get(g.call("address"), g.call("length"))).toString("latin1");
  }

  /** Bytes in memory of their own, away from the edge. */
  function put(bytes: Uint8Array): [number, number] {
    return [g.put(bytes), bytes.length];
  }

  /** A guest string: its length in bytes, then UTF-16. */
  function putString(words: string): number {
    const units = Buffer.from(words, "utf16le");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(units.length);
    return g.put(Buffer.concat([length, units]), 16) + 4;
  }

  const utf8 = (words: string): string => Buffer.from(words, "utf8").toString("latin1");

  test("a line is built by one chain of calls", () => {
    expect(g.call("stateFits")).toBe(1);
    expect(written(64, () => g.call("sentence", 3n))).toBe(utf8("neuron: hart3 online ✓ 𝄞"));
    expect(g.call("truncated")).toBe(0);
  });

  test("any number is written as Node writes it", () => {
    fc.assert(
      fc.property(u64, fc.integer({ min: 1, max: 16 }), (value, digits) => {
        expect(written(20, () => g.call("decimal", value))).toBe(value.toString());
        expect(written(18, () => g.call("hex", value))).toBe(`0x${value.toString(16)}`);
        expect(written(16, () => g.call("hexDigits", value, digits))).toBe(
          value.toString(16).padStart(digits, "0"),
        );
      }),
    );
    for (const value of [0n, 9n, 10n, 99n, (1n << 64n) - 1n, 10n ** 19n, 10n ** 19n - 1n]) {
      expect(written(20, () => g.call("decimal", value))).toBe(value.toString());
    }
    expect(written(20, () => g.call("hexDigits", 5n, 0))).toBe("5");
    expect(written(20, () => g.call("hexDigits", 5n, 99))).toBe("0000000000000005");
  });

  test("any string becomes UTF-8, and a character that does not fit is left out whole", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), fc.nat({ max: 80 }), (words, capacity) => {
        const at = putString(words);
        const whole = Buffer.from(words, "utf8");
        const got = Buffer.from(
          written(capacity, () => g.call("text", at)),
          "latin1",
        );
        expect(whole.subarray(0, got.length)).toEqual(got);
        expect(g.call("utf8", ...put(got))).toBe(1);
        expect(g.call("truncated")).toBe(got.length < whole.length ? 1 : 0);
        if (got.length < whole.length) {
          expect(capacity - got.length).toBeLessThan(4);
        }
      }),
    );
  });

  test("half a surrogate pair becomes the replacement character", () => {
    for (const words of ["\ud834", "\ud834x", "\udd1e", "x\udd1e\ud834"]) {
      const at = putString(words);
      expect(written(20, () => g.call("text", at))).toBe(utf8(words.replace(/[\ud800-\udfff]/g, "\ufffd")));
    }
  });

  test("nothing is written behind a character that did not fit", () => {
    const at = putString("a✓b");
    expect(written(3, () => g.call("text", at))).toBe("a");
    const textThenByte = (): void => {
      g.call("text", at);
      g.call("byte", 0x63);
    };
    expect(written(3, textThenByte)).toBe("a");
    expect(g.call("truncated")).toBe(1);
  });

  test("bytes are written unchanged, as hexadecimal, or made harmless", () => {
    const [at, length] = put(Uint8Array.of(0x41, 0, 0x1b, 0x7f, 0x80, 0x20, 0xff));
    expect(written(20, () => g.call("bytes", at, length))).toBe("A\0\x1b\x7f\x80 \xff");
    expect(written(20, () => g.call("hexBytes", at, length))).toBe("41001b7f8020ff");
    expect(written(20, () => g.call("printable", at, length))).toBe("A???? ?");
    expect(written(3, () => g.call("bytes", at, length))).toBe("A\0\x1b");
    expect(g.call("truncated")).toBe(1);
    expect(written(0, () => g.call("hexBytes", at, length))).toBe("");
  });

  test("bytes are compared with words, and with each other in the order of Buffer.compare", () => {
    expect(g.call("isOnline", ...put(Buffer.from("online")))).toBe(1);
    for (const other of ["", "onlin", "onlinE", "online "]) {
      expect(g.call("isOnline", ...put(Buffer.from(other)))).toBe(0);
    }
    expect(g.call("startsOn", ...put(Buffer.from("online")))).toBe(1);
    expect(g.call("startsOn", ...put(Buffer.from("o")))).toBe(0);
    const [online] = put(Buffer.from("online"));
    expect(g.call("startsOn", online, 1)).toBe(0);
    expect(g.call("startsEmpty", ...put(Buffer.from("")))).toBe(1);
    const bytes = fc.uint8Array({ maxLength: 6, max: 3 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(g.call("order", ...put(a), ...put(b)))).toBe(Buffer.compare(a, b));
      }),
    );
    expect(g.call("zeroAt", edge.put(Buffer.from("abc\0d")), 5)).toBe(3);
    expect(g.call("zeroAt", edge.put(Buffer.from("abcde")), 5)).toBe(5);
  });

  test("a decimal number is read, and any other text is refused", () => {
    const notANumber = g.call64("notANumber");
    const parse = (words: string): bigint => g.call64("parse", edge.put(Buffer.from(words)), words.length);
    fc.assert(
      fc.property(u64, (value) => {
        expect(parse(value.toString())).toBe(value);
      }),
    );
    expect(parse("0018")).toBe(18n);
    expect(parse("18446744073709551614")).toBe((1n << 64n) - 2n);
    for (const words of [
      "",
      " 1",
      "1 ",
      "-1",
      "0x1",
      "18446744073709551615",
      "18446744073709551616",
      "9".repeat(40),
    ]) {
      expect([words, parse(words)]).toEqual([words, notANumber]);
    }
  });

  test("UTF-8 is told from bytes that are not UTF-8", () => {
    const judge = (bytes: Uint8Array): boolean => g.call("utf8", edge.put(bytes), bytes.length) === 1;
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const reference = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    // Every pair of bytes, alone and with continuation bytes behind it.
    const wrong: number[][] = [];
    for (let first = 0; first < 256; first += 1) {
      for (let second = 0; second < 256; second += 1) {
        for (const tail of first < 0xe0 ? [[]] : [[], [0x80], [0x80, 0xbf]]) {
          const bytes = Uint8Array.from([first, second, ...tail]);
          if (judge(bytes) !== reference(bytes)) {
            wrong.push([...bytes]);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    const interesting = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc2,
      0xe0,
      0xed,
      0xf0,
      0xf4,
    );
    fc.assert(
      fc.property(fc.array(interesting, { maxLength: 8 }), (values) => {
        expect(judge(Uint8Array.from(values))).toBe(reference(Uint8Array.from(values)));
      }),
      { numRuns: 2000 },
    );
    for (const good of ["", "grüße", "✓", "𝄞", "\u{10ffff}"]) {
      expect(judge(Buffer.from(good))).toBe(true);
    }
  });
});
