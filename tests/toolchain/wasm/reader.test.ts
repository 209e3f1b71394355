// The reader on modules that are right, and on files that are wrong.

import { describe, expect, test } from "vitest";
import type { Instruction } from "../../../toolchain/wasm/module.ts";
import { readModule } from "../../../toolchain/wasm/reader.ts";
import { defined } from "../../harness/defined.ts";
import { assemble, constant, I32, I64, NO_RESULT, name, unsignedLeb } from "./assemble.ts";

/** Decodes one body and gives its instructions without their offsets and without the last `end`. */
function decode(code: readonly number[]): unknown[] {
  const { functions } = readModule(assemble({ functions: [{ code, params: [I32] }], memory: 1 }));
  const instructions: readonly Instruction[] = defined(functions[0]?.body).instructions;
  expect(instructions.at(-1)?.kind).toBe("end");
  return instructions.slice(0, -1).map(({ offset: _, ...operation }) => operation);
}

const access = (type: string, bits: number, signed: boolean, align: number, offset: number) => ({
  ...{ type, bits, signed, align, offset },
});

describe("instructions", () => {
  test.each([
    ["i32.const -1", [0x41, 0x7f], { kind: "const", type: "i32", value: -1n }],
    [
      "i64.const min",
      [0x42, ...Array(9).fill(0x80), 0x7f],
      { kind: "const", type: "i64", value: -(2n ** 63n) },
    ],
    ["i32.load8_s", [0x2c, 0, 5], { kind: "load", access: access("i32", 8, true, 1, 5) }],
    [
      "i64.load32_u",
      [0x35, 2, ...unsignedLeb(0xffffffff)],
      { kind: "load", access: access("i64", 32, false, 4, 0xffffffff) },
    ],
    ["i64.store16", [0x3d, 0, 2], { kind: "store", access: access("i64", 16, false, 1, 2) }],
    ["i32.rotr", [0x78], { kind: "numeric", op: "i32.rotr" }],
    ["i64.extend32_s", [0xc4], { kind: "numeric", op: "i64.extend32_s" }],
    ["f64.sqrt", [0x9f], { kind: "refused", op: "f64.sqrt", float: true }],
    ["br_table", [0x0e, 2, 1, 0, 3], { kind: "br_table", depths: [1, 0], otherwise: 3 }],
    ["memory.init", [0xfc, 8, 3, 0], { kind: "memory.init", segment: 3 }],
    ["memory.copy", [0xfc, 10, 0, 0], { kind: "memory.copy" }],
    ["atomic.fence", [0xfe, 3, 0], { kind: "atomic.fence" }],
    [
      "i64.atomic.load16_u",
      [0xfe, 0x15, 1, 4],
      { kind: "atomic.load", access: access("i64", 16, false, 2, 4) },
    ],
    [
      "i32.atomic.rmw8.xor_u",
      [0xfe, 0x3c, 0, 0],
      { kind: "atomic.rmw", op: "xor", access: access("i32", 8, false, 1, 0) },
    ],
    [
      "i64.atomic.rmw32.cmpxchg_u",
      [0xfe, 0x4e, 2, 0],
      { kind: "atomic.cmpxchg", access: access("i64", 32, false, 4, 0) },
    ],
    ["memory.atomic.wait32", [0xfe, 1, 2, 0], { kind: "refused", op: "memory.atomic.wait", float: false }],
  ])("%s", (_, code, expected) => {
    expect(decode(code)).toEqual([expected]);
  });

  test("an unknown opcode ends its function, and no other", () => {
    const { functions } = readModule(
      assemble({ functions: [{ code: [0xfb, 12, 1, 2, 3] }, { code: [0x01] }] }),
    );
    expect(functions[0]?.body?.instructions.at(-1)?.kind).toBe("refused");
    expect(functions[1]?.body?.instructions.map(({ kind }) => kind)).toEqual(["nop", "end"]);
  });

  test.each([
    ["v128.load", [0xfd, 0, 4, 0]],
    ["v128.const", [0xfd, 12, ...new Array<number>(16).fill(0x0b)]],
    ["i8x16.shuffle", [0xfd, 13, ...new Array<number>(16).fill(0x0b)]],
    ["i8x16.extract_lane_s", [0xfd, 21, 0x0b]],
    ["v128.store64_lane", [0xfd, 91, 3, 0, 0x0b]],
    ["v128.load64_zero", [0xfd, 93, 3, 0]],
    ["i32x4.add", [0xfd, 0xae, 1]],
    ["table.init", [0xfc, 12, 0x0b, 0x0b]],
    ["ref.null", [0xd0, 0x70]],
    ["table.get", [0x25, 0x0b]],
  ])("%s is read to its end, and marked as refused", (_, code) => {
    const { functions } = readModule(assemble({ functions: [{ code: [...code, 0x01] }] }));
    expect(functions[0]?.body?.instructions.map(({ kind }) => kind)).toEqual(["refused", "nop", "end"]);
  });

  test("each has its offset in the file", () => {
    const bytes = assemble({ functions: [{ code: [...constant(300), 0x1a] }] });
    const instructions = defined(readModule(bytes).functions[0]?.body).instructions;
    expect(instructions.map(({ offset }) => bytes[offset])).toEqual([0x41, 0x1a, 0x0b]);
  });
});

describe("modules", () => {
  test("imports and functions share one index space, and names come from the name section", () => {
    const functionNames = [2, ...unsignedLeb(0), ...name("a/put"), ...unsignedLeb(1), ...name("b/main")];
    const localNames = [1, ...unsignedLeb(1), 1, 0, ...name("count")];
    const module = readModule(
      assemble({
        imports: [["assembly", "put", [I32], []]],
        functions: [{ name: "main", params: [I32], results: [I64], locals: [I64], code: [0x42, 1] }],
        custom: [
          [
            "name",
            [1, ...unsignedLeb(functionNames.length), ...functionNames, 2, localNames.length, ...localNames],
          ],
        ],
      }),
    );
    expect(module.functions.map((fn) => fn.name)).toEqual(["a/put", "b/main"]);
    expect(module.functions[0]?.source).toEqual({ module: "assembly", field: "put" });
    expect(module.functions[1]?.body?.locals).toEqual([
      { type: "i32", name: "count" },
      { type: "i64", name: undefined },
    ]);
    expect(module.exports).toEqual([{ name: "main", kind: "function", index: 1 }]);
  });

  test("data has an unsigned address, or none", () => {
    const { data } = readModule(
      assemble({
        memory: 1,
        data: [
          [-0x7fc00000, [1, 2]],
          [undefined, [3]],
        ],
      }),
    );
    expect(data.map(({ address, bytes }) => [address, [...bytes]])).toEqual([
      [0x8040_0000, [1, 2]],
      [undefined, [3]],
    ]);
  });

  test("a block's type may name a signature", () => {
    const module = readModule(
      assemble({ types: [[[I32], [I64]]], functions: [{ code: [0x02, 0, 0x0b, 0x03, NO_RESULT, 0x0b] }] }),
    );
    expect(module.functions[0]?.body?.instructions.slice(0, 3)).toMatchObject([
      { kind: "block", type: { params: ["i32"], results: ["i64"] } },
      { kind: "end" },
      { kind: "loop", type: { params: [], results: [] } },
    ]);
  });
});

describe("a wrong file", () => {
  const good = assemble({ functions: [{ name: "f", code: [...constant(1), 0x1a] }], memory: 1 });

  test("without the magic number is refused", () => {
    expect(() => readModule(new Uint8Array([1, 2, 3]))).toThrow("malformed Wasm at byte 0");
  });

  test("that is cut off anywhere is read or refused with a ToolchainError", () => {
    for (let length = 0; length < good.length; length++) {
      try {
        readModule(good.subarray(0, length));
      } catch (error) {
        expect(error).toHaveProperty("name", "ToolchainError");
      }
    }
  });

  test("with any one byte changed is read or refused with a ToolchainError", () => {
    for (let index = 8; index < good.length; index++) {
      for (const flip of [0x01, 0x40, 0x80, 0xff]) {
        const bytes = good.slice();
        bytes[index] = defined(bytes[index]) ^ flip;
        try {
          readModule(bytes);
        } catch (error) {
          expect(error).toHaveProperty("name", "ToolchainError");
        }
      }
    }
  });
});
