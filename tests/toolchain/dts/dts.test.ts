// The device-tree compiler: the bytes of dtc where dtc is present, our own reader's view where it is not, and
// an error with line and column for every text that is not a tree.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileDts } from "../../../toolchain/dts/compile.ts";
import { setChosen, setProperty, setStatus } from "../../../toolchain/dts/edit.ts";
import { emitDtb } from "../../../toolchain/dts/emit.ts";
import { readDtb } from "../../../toolchain/dts/read.ts";
import {
  cellBytes,
  findNode,
  findProperty,
  propertyCells,
  propertyString,
  propertyStrings,
  type TreeNode,
} from "../../../toolchain/dts/tree.ts";
import { defined } from "../../harness/defined.ts";

const VIRT_NEXUS = "pkg/dts/virt-nexus.dts";

const EVERYTHING = `/dts-v1/; // the subset, all of it
/ {
  #address-cells = <2>;
  empty;
  text = "one", "two \\"quoted\\" \\t\\\\";
  cells = <1 0x2 0xffffffff>, <3>;
  wide = /bits/ 64 <0x123456789abcdef0 1>;
  narrow = /bits/ 16 <0x1234>, /bits/ 8 <1 2>;
  bytes = [00 ff1234];
  mixed = "s", <1>, [ab];
  late = <&second 5 &{/first/inner}>;
  where = &second;
  first { inner { flag; }; /* nothing */ };
  second: second@10 { reg = <0x10>; phandle-of-first = <&{/first}>; };
  own { phandle = <1>; };
};
`;

const hasDtc = runs("dtc", ["--version"]);

function runs(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function dtc(text: string): Uint8Array {
  const bytes = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", "-"], { input: text });
  return new Uint8Array(bytes);
}

function node(root: TreeNode, path: string): TreeNode {
  const found = findNode(root, path);
  if (found === undefined) {
    throw new Error(`no node ${path}`);
  }
  return found;
}

describe.skipIf(!hasDtc)("the same bytes as dtc (dtc is installed)", () => {
  test("for everything in the subset", () => {
    expect(compileDts(EVERYTHING, "everything.dts")).toEqual(dtc(EVERYTHING));
  });

  test("for the hardware contract", () => {
    const text = readFileSync(VIRT_NEXUS, "utf8");
    expect(compileDts(text, VIRT_NEXUS)).toEqual(dtc(text));
  });

  test("a tree that dtc wrote is read and written back unchanged", () => {
    const dtb = dtc(EVERYTHING);
    expect(emitDtb(readDtb(dtb))).toEqual(dtb);
  });
});

describe("values", () => {
  const root = readDtb(compileDts(EVERYTHING, "everything.dts"));

  test("strings, cells and flags come back as written", () => {
    expect(propertyStrings(root, "text")).toEqual(["one", 'two "quoted" \t\\']);
    expect(propertyCells(root, "cells")).toEqual([1, 2, 0xffffffff, 3]);
    expect(propertyCells(root, "wide")).toEqual([0x12345678, 0x9abcdef0, 0, 1]);
    expect(findProperty(root, "narrow")).toEqual(Uint8Array.of(0x12, 0x34, 1, 2));
    expect(findProperty(root, "bytes")).toEqual(Uint8Array.of(0, 0xff, 0x12, 0x34));
    expect(findProperty(root, "empty")).toEqual(new Uint8Array(0));
  });

  test("references become phandles that skip those in use, and paths", () => {
    const [second, five, inner] = propertyCells(root, "late");
    expect(five).toBe(5);
    expect(propertyCells(node(root, "/second@10"), "phandle")).toEqual([second]);
    expect(propertyCells(node(root, "/first/inner"), "phandle")).toEqual([inner]);
    expect([second, inner]).toEqual([2, 3]);
    expect(propertyString(root, "where")).toBe("/second@10");
  });
});

describe("the hardware contract", () => {
  const root = readDtb(compileDts(readFileSync(VIRT_NEXUS, "utf8"), VIRT_NEXUS));

  test("has four harts that are usable with Sv39 and Sstc", () => {
    for (const hart of [0, 1, 2, 3]) {
      const cpu = node(root, `/cpus/cpu@${hart}`);
      expect(propertyString(cpu, "status")).toBe("okay");
      expect(propertyString(cpu, "mmu-type")).toBe("riscv,sv39");
      expect(propertyString(cpu, "riscv,isa")).toMatch(/^rv64ima.*c.*_sstc$/);
    }
  });

  test("has the disk in slot 0 with interrupt 1, and eight slots", () => {
    for (const slot of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const device = node(root, `/soc/virtio_mmio@1000${slot}000`);
      expect(propertyCells(device, "reg")).toEqual([0, 0x10000000 + slot * 0x1000, 0, 0x1000]);
      expect(propertyCells(device, "interrupts")).toEqual([slot]);
    }
    expect(propertyString(node(root, "/soc/virtio_mmio@10001000"), "status")).toBe("okay");
  });

  test("lists M and S of each hart at the interrupt controller, in hart order", () => {
    const entries = propertyCells(node(root, "/soc/plic@c000000"), "interrupts-extended");
    const handles = [0, 1, 2, 3].map(
      (hart) => propertyCells(node(root, `/cpus/cpu@${hart}/interrupt-controller`), "phandle")[0],
    );
    expect(entries).toEqual(handles.flatMap((handle) => [handle, 11, handle, 9]));
  });

  test("has a /chosen, without which QEMU does not start", () => {
    expect(propertyString(node(root, "/chosen"), "stdout-path")).toBe("/soc/serial@10000000");
  });
});

describe("edits", () => {
  test("set, replace and disable; nothing else changes", () => {
    const root = readDtb(compileDts('/dts-v1/; / { chosen { a = "x"; }; dev@1 { reg = <1>; }; };', "t.dts"));
    setChosen(root, "nexus,nonce", "00ff");
    setProperty(root, "/chosen", "a", cellBytes(7));
    setStatus(root, "/dev@1", "disabled");
    const after = readDtb(emitDtb(root));
    expect(propertyString(node(after, "/chosen"), "nexus,nonce")).toBe("00ff");
    expect(propertyCells(node(after, "/chosen"), "a")).toEqual([7]);
    expect(propertyString(node(after, "/dev@1"), "status")).toBe("disabled");
    expect(propertyCells(node(after, "/dev@1"), "reg")).toEqual([1]);
  });

  test("a path that is missing is an error, and is not ignored", () => {
    const root = readDtb(compileDts("/dts-v1/; / { };", "t.dts"));
    expect(() => setStatus(root, "/cpus/cpu@9", "okay")).toThrow("the device tree has no node /cpus/cpu@9");
  });
});

describe("a text that is not a tree is refused with its place", () => {
  const cases: [name: string, text: string, message: string][] = [
    ["no version", "/ { };", 't.dts:1:1: expected "/dts-v1/" at the start of the file, found "/"'],
    [
      "no semicolon",
      "/dts-v1/;\n/ {\n  a = <1>\n  b;\n};",
      't.dts:4:3: expected ";" after property a, found "b"',
    ],
    ["a node never closed", "/dts-v1/; / { a { };", 't.dts:1:21: expected a property, a node or "}"'],
    ["no such label", "/dts-v1/; / {\n a = <&nobody>; };", "t.dts:2:8: no node has the label nobody"],
    ["no such path", "/dts-v1/; / { a = <&{/x}>; };", "t.dts:1:21: there is no node /x"],
    ["a label twice", "/dts-v1/; / { a: x {}; a: y {}; };", "label a already names /x"],
    ["a property twice", "/dts-v1/; / { a; a; };", "t.dts:1:18: property a is already there"],
    ["a node twice", "/dts-v1/; / { a {}; a {}; };", "t.dts:1:21: node a is already there"],
    ["a property after a node", "/dts-v1/; / { n {}; a; };", "property a comes after a child node"],
    ["a number too large", "/dts-v1/; / { a = <0x100000000>; };", "0x100000000 does not fit into 32 bits"],
    ["an octal number", "/dts-v1/; / { a = <010>; };", '"010" would be octal'],
    ["half a byte", "/dts-v1/; / { a = [0]; };", "expected two hexadecimal digits"],
    ["a string never closed", '/dts-v1/; / { a = "x\n"; };', "t.dts:1:19: this string is never closed"],
    ["a comment never closed", "/dts-v1/; /* / { };", "this comment is never closed"],
    ["a second root", "/dts-v1/; / { }; / { };", "t.dts:1:18: only one root node is allowed"],
    ["an expression", "/dts-v1/; / { a = <(1 + 2)>; };", 'expected a number, a reference or ">", found "("'],
    ["a name too long", `/dts-v1/; / { ${"a".repeat(32)}; };`, "is longer than 31 characters"],
    ["nesting without end", `/dts-v1/; / ${"{ a ".repeat(64)}`, "nodes are nested deeper than 32"],
  ];

  test.each(cases)("%s", (_name, text, message) => {
    expect(() => compileDts(text, "t.dts")).toThrow(message);
  });
});

describe("a DTB with wrong offsets or sizes is refused", () => {
  const good = compileDts(EVERYTHING, "everything.dts");

  /** `good` with the big-endian word at `offset` replaced. */
  function withWord(offset: number, word: number): Uint8Array {
    const bytes = Uint8Array.from(good);
    new DataView(bytes.buffer).setUint32(offset, word);
    return bytes;
  }

  const cases: [name: string, dtb: Uint8Array, message: string][] = [
    ["too short", good.subarray(0, 39), "only 39 bytes"],
    ["wrong magic", withWord(0, 0xfeedd00d), "the magic number is missing"],
    ["longer than the file", withWord(4, good.length + 1), "it claims"],
    ["an old version", withWord(20, 16), "version 16"],
    ["structure outside", withWord(8, good.length + 4), "a part lies outside the file"],
    ["structure too long", withWord(36, 0xffffffff), "a part lies outside the file"],
    ["strings outside", withWord(12, 0xfffffff0), "a part lies outside the file"],
    ["no root", withWord(56, 2), "the first token does not open the root node"],
    ["a property longer than the rest", withWord(68, 0x7fffffff), "is cut off"],
    ["a name outside the strings", withWord(72, 0xffff), "a name does not end with a zero"],
  ];

  test.each(cases)("%s", (_name, dtb, message) => {
    expect(() => readDtb(dtb)).toThrow(message);
  });

  test("with any one byte wrong, the reader throws a DtbError or gives another tree", () => {
    for (let offset = 0; offset < good.length; offset += 1) {
      const bytes = Uint8Array.from(good);
      bytes[offset] = defined(bytes[offset]) ^ 0xff;
      try {
        readDtb(bytes);
      } catch (problem) {
        expect(problem).toHaveProperty("name", "DtbError");
      }
    }
  });
});
