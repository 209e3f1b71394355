// Every way in which a device tree is refused: one wrong tree each, with the words and the offset that are said.

import { beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { BlobWriter, cells, header, sampleTree, strings } from "./blob.ts";
import { fdtGuest } from "./face.ts";

/** The sample tree with one header word changed. */
function withHeader(offset: number, value: number): Buffer {
  const blob = sampleTree().finish();
  blob.writeUInt32BE(value >>> 0, offset);
  return blob;
}

/** A tree from a root with `write` inside; gives the blob and the offset at which `write` began. */
function inRoot(write: (tree: BlobWriter) => BlobWriter): { blob: Buffer; at: number } {
  const tree = new BlobWriter().begin("");
  const at = tree.structureStart + tree.at;
  return { blob: write(tree).finish(), at };
}

/** A tree whose structure block is all `write`. */
function bare(write: (tree: BlobWriter) => BlobWriter): Buffer {
  return write(new BlobWriter()).finish();
}

const structureStart = new BlobWriter().structureStart;
const sample = sampleTree();
const sampleLength = sample.finish().length;

describe("device-tree reader refuses", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await fdtGuest();
    edge = new Edge(g, 1 << 21);
  });

  function refusal(blob: Uint8Array, lengthMax = blob.length): string {
    const error = g.call("open", edge.put(blob), lengthMax);
    return error === 0 ? "ok" : `${g.text(g.call("errorText", error))} at ${g.call("errorOffset")}`;
  }

  test("an address that is not a multiple of 8", () => {
    const blob = Buffer.concat([Buffer.alloc(4), sampleTree().finish(), Buffer.alloc(4)]);
    const error = g.call("open", edge.put(blob) + 4, blob.length - 4);
    expect(g.text(g.call("errorText", error))).toBe("address is not a multiple of 8");
  });

  test("memory shorter than a header", () => {
    expect(refusal(Buffer.alloc(32))).toBe("memory given is shorter than a header at 0");
    expect(refusal(Buffer.alloc(0))).toBe("memory given is shorter than a header at 0");
  });

  test.each([
    ["another magic number", header.magic, 0xd00dfeee, "magic number is not d00dfeed at 0"],
    ["a version that is too old", header.version, 15, "version cannot be read as 16 or 17 at 20"],
    ["a version that 17 cannot read", header.compatible, 18, "version cannot be read as 16 or 17 at 20"],
    [
      "a total size below the header's",
      header.totalSize,
      39,
      "total size is below the header's, over the limit, or over the memory given at 4",
    ],
    [
      "a total size over the memory given",
      header.totalSize,
      sampleLength + 1,
      "total size is below the header's, over the limit, or over the memory given at 4",
    ],
    [
      "reservations inside the header",
      header.reservations,
      32,
      "memory reservation block is misaligned or outside the tree at 16",
    ],
    [
      "misaligned reservations",
      header.reservations,
      44,
      "memory reservation block is misaligned or outside the tree at 16",
    ],
    [
      "reservations outside the tree",
      header.reservations,
      0xffff_fff8,
      "memory reservation block is misaligned or outside the tree at 16",
    ],
    [
      "a misaligned structure block",
      header.structure,
      sample.structureStart + 2,
      "structure block is misaligned or outside the tree at 8",
    ],
    [
      "a structure block inside the header",
      header.structure,
      36,
      "structure block is misaligned or outside the tree at 8",
    ],
    [
      "a structure block outside the tree",
      header.structure,
      0xffff_fffc,
      "structure block is misaligned or outside the tree at 8",
    ],
    [
      "a structure block that is too long",
      header.structureSize,
      0xffff_fff0,
      "structure block is misaligned or outside the tree at 36",
    ],
    [
      "a strings block outside the tree",
      header.strings,
      sampleLength + 1,
      "strings block is outside the tree at 12",
    ],
    ["a strings block inside the header", header.strings, 4, "strings block is outside the tree at 12"],
    [
      "a strings block that is too long",
      header.stringsSize,
      0xffff_ffff,
      "strings block is outside the tree at 32",
    ],
  ])("%s", (_name, offset, value, words) => {
    expect(refusal(withHeader(offset, value))).toBe(words);
  });

  test.each([
    ["that is older than 16, as its compatible version is", 15, 15],
    ["that nothing before 18 can read", 18, 18],
    ["below the version that it is compatible with", 16, 17],
  ])("a version %s", (_name, version, compatible) => {
    const blob = withHeader(header.version, version);
    blob.writeUInt32BE(compatible, header.compatible);
    expect(refusal(blob)).toBe("version cannot be read as 16 or 17 at 20");
  });

  test("a tree over the limit", () => {
    const blob = Buffer.alloc((1 << 20) + 8);
    sampleTree().finish().copy(blob);
    blob.writeUInt32BE(blob.length, header.totalSize);
    expect(refusal(blob)).toBe(
      "total size is below the header's, over the limit, or over the memory given at 4",
    );
  });

  test("reservations that do not end before the tree does", () => {
    const blob = Buffer.alloc(56, 0xff);
    sampleTree().finish().copy(blob, 0, 0, 40);
    for (const [offset, value] of [
      [header.totalSize, 56],
      [header.structure, 56],
      [header.structureSize, 0],
      [header.strings, 56],
      [header.stringsSize, 0],
    ] as const) {
      blob.writeUInt32BE(value, offset);
    }
    expect(refusal(blob)).toBe("memory reservations do not end in time at 56");
  });

  test("more reservations than the limit", () => {
    const tree = sampleTree();
    for (let index = 0; index < 64; index += 1) {
      tree.reserve(1n, 1n);
    }
    expect(refusal(tree.finish())).toBe(`memory reservations do not end in time at ${40 + 64 * 16}`);
  });

  test("an unknown token", () => {
    const { blob, at } = inRoot((tree) => tree.word(5).end().last());
    expect(refusal(blob)).toBe(`unknown token at ${at}`);
  });

  test("a structure block that ends before its END token", () => {
    const tree = new BlobWriter().begin("").end();
    const end = tree.structureStart + tree.at;
    expect(refusal(tree.finish())).toBe(`structure block ends inside a token at ${end}`);
    expect(refusal(bare((none) => none))).toBe(`structure block ends inside a token at ${structureStart}`);
  });

  test("a structure block that ends in the middle of a property", () => {
    const { blob, at } = inRoot((tree) => tree.word(3).word(0));
    expect(refusal(blob)).toBe(`structure block ends inside a token at ${at}`);
  });

  test("a node name that does not end with a zero", () => {
    const { blob, at } = inRoot((tree) => tree.word(1).bytes([...Buffer.from("abcdefgh")]));
    expect(refusal(blob)).toBe(`node name does not end in time at ${at}`);
  });

  test("a node name that is too long", () => {
    const { blob, at } = inRoot((tree) => tree.begin("n".repeat(256)).end().end().last());
    expect(refusal(blob)).toBe(`node name does not end in time at ${at}`);
    expect(refusal(inRoot((tree) => tree.begin("n".repeat(255)).end().end().last()).blob)).toBe("ok");
  });

  test("a property value that reaches past the structure block", () => {
    const { blob, at } = inRoot((tree) => tree.word(3).word(5).word(0).bytes([1, 2, 3, 4]));
    expect(refusal(blob)).toBe(`property value reaches outside the structure block at ${at}`);
    const huge = inRoot((tree) => tree.word(3).word(0xffff_fffc).word(0).end().last());
    expect(refusal(huge.blob)).toBe(`property value reaches outside the structure block at ${huge.at}`);
  });

  test("a property name outside the strings block, without an end, or too long", () => {
    const words = "property name is outside the strings block or does not end in time at";
    const outside = inRoot((tree) => tree.word(3).word(0).word(0).end().last());
    expect(refusal(outside.blob)).toBe(`${words} ${outside.at}`);

    const endless = inRoot((tree) => tree.property("name").end().last());
    endless.blob.writeUInt32BE(4, header.stringsSize);
    expect(refusal(endless.blob)).toBe(`${words} ${endless.at}`);

    const long = inRoot((tree) => tree.property("p".repeat(256)).end().last());
    expect(refusal(long.blob)).toBe(`${words} ${long.at}`);
  });

  test("a property outside of any node", () => {
    expect(refusal(bare((tree) => tree.property("lost").begin("").end().last()))).toBe(
      `property outside of any node at ${structureStart}`,
    );
  });

  test("a property behind a child node", () => {
    const { blob, at } = inRoot((tree) => tree.begin("a").end().property("late").end().last());
    expect(refusal(blob)).toBe(`property behind a child node at ${at + 12}`);
  });

  test("nodes that are nested too deep", () => {
    const tree = new BlobWriter();
    for (let depth = 0; depth < 17; depth += 1) {
      tree.begin("");
    }
    expect(refusal(tree.finish())).toBe(`nodes are nested too deep at ${structureStart + 16 * 8}`);
  });

  test("too many nodes", () => {
    const tree = new BlobWriter().begin("");
    for (let index = 0; index < 4096; index += 1) {
      tree.begin("").end();
    }
    expect(refusal(tree.end().last().finish())).toBe(`too many nodes at ${structureStart + 8 + 4095 * 12}`);
  });

  test("a node end without a node begin", () => {
    expect(refusal(bare((tree) => tree.end().last()))).toBe(
      `a node ends that never began at ${structureStart}`,
    );
  });

  test("an END token inside a node", () => {
    const { blob, at } = inRoot((tree) => tree.last());
    expect(refusal(blob)).toBe(`the tree ends inside a node at ${at}`);
  });

  test("no root, and two roots", () => {
    expect(refusal(bare((tree) => tree.last()))).toBe(`there is no root node at ${structureStart}`);
    const { blob, at } = inRoot((tree) => tree.end().begin("").end().last());
    expect(refusal(blob)).toBe(`there is a second root node at ${at + 4}`);
  });

  test("nothing in the sample itself", () => {
    expect(refusal(sampleTree().finish())).toBe("ok");
    const plain = inRoot((tree) =>
      tree.property("compatible", strings("x")).property("reg", cells(1)).end().last(),
    );
    expect(refusal(plain.blob)).toBe("ok");
  });
});
