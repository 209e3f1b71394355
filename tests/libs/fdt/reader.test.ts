// The device-tree reader on trees that are right: every question has the answer that the tree gives.

import { beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { BlobWriter, cells, header, sampleTree, strings } from "./blob.ts";
import { fdtGuest, nodeName } from "./face.ts";

const NONE = 0;

describe("device-tree reader", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await fdtGuest();
    edge = new Edge(g, 1 << 21);
  });

  function open(blob: Uint8Array): string {
    const error = g.call("open", edge.put(blob), blob.length);
    return error === 0 ? "ok" : g.text(g.call("errorText", error));
  }

  test("needs as much state as the docs promise", () => {
    expect(g.call("stateFits")).toBe(1);
  });

  test("visits all nodes depth first, in file order, with their parents", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    const seen: string[] = [];
    while (g.call("next")) {
      const parent = g.call("parent");
      const above = parent === NONE ? "" : ` in ${nodeName(g, parent) || "/"}`;
      seen.push(`${g.call("depth")} ${nodeName(g, g.call("node"))}${above}`);
    }
    expect(seen).toEqual([
      "0 ",
      "1 cpus in /",
      "2 cpu@0 in cpus",
      "3 interrupt-controller in cpu@0",
      "2 cpu@1 in cpus",
      "1 memory@80000000 in /",
      "1 chosen in /",
    ]);
    expect(g.call("next")).toBe(0);
    g.call("rewind");
    expect(g.call("next")).toBe(1);
  });

  test("finds nodes by path, by name with and without unit address, and by phandle", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    const root = g.call("findRoot");
    expect(nodeName(g, g.call("findChosen"))).toBe("chosen");
    expect(nodeName(g, g.call("findCpu1"))).toBe("cpu@1");
    expect(nodeName(g, g.call("findAnyCpu"))).toBe("cpu@0");
    expect(g.call("findNothing")).toBe(NONE);
    expect(nodeName(g, g.call("childMemory", root))).toBe("memory@80000000");
    expect(nodeName(g, g.call("byPhandle", 7))).toBe("interrupt-controller");
    expect(g.call("byPhandle", 8)).toBe(NONE);
  });

  test("goes over children and siblings", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    const names: string[] = [];
    let child = g.call("firstChild", g.call("findRoot"));
    for (; child !== NONE; child = g.call("nextSibling", child)) {
      names.push(nodeName(g, child));
    }
    expect(names).toEqual(["cpus", "memory@80000000", "chosen"]);
    expect(g.call("firstChild", g.call("findCpu1"))).toBe(NONE);
    expect(g.call("nextSibling", g.call("findRoot"))).toBe(NONE);
  });

  test("counts reg in the parent's cells", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    const root = g.call("findRoot");
    const memory = g.call("childMemory", root);
    expect(g.call("regCount", root, memory)).toBe(2);
    expect(g.call64("regAddress", root, memory, 0)).toBe(0x8000_0000n);
    expect(g.call64("regSize", root, memory, 0)).toBe(0x1000_0000n);
    expect(g.call64("regAddress", root, memory, 1)).toBe(0x1_0000_0000n);
    expect(g.call64("regSize", root, memory, 1)).toBe(0x2000n);
    expect(g.call64("regAddress", root, memory, 2)).toBe(0n);

    const cpu = g.call("findCpu1");
    const cpus = g.call("firstChild", root);
    expect(g.call("regCount", cpus, cpu)).toBe(1);
    expect(g.call64("regAddress", cpus, cpu, 0)).toBe(1n);
    expect(g.call64("regSize", cpus, cpu, 0)).toBe(0n);
  });

  test("gives no value for a reg whose cells do not fit a u64", () => {
    for (const [addressCells, sizeCells] of [
      [3, 2],
      [0, 0],
      [2, 0xffff_ffff],
    ] as const) {
      const tree = new BlobWriter()
        .begin("")
        .property("#address-cells", cells(addressCells))
        .property("#size-cells", cells(sizeCells))
        .begin("memory")
        .property("reg", cells(1, 2, 3, 4, 5, 6))
        .end()
        .end()
        .last();
      expect(open(tree.finish())).toBe("ok");
      const root = g.call("findRoot");
      const child = g.call("firstChild", root);
      expect(g.call("regCount", root, child)).toBe(0);
      expect(g.call64("regAddress", root, child, 0)).toBe(0n);
      expect(g.call64("regSize", root, child, 0)).toBe(0n);
    }
  });

  test("counts reg in two cells and one where the parent does not say", () => {
    const tree = new BlobWriter()
      .begin("")
      .begin("memory")
      .property("reg", cells(1, 0x2000, 0x30))
      .end()
      .end();
    expect(open(tree.last().finish())).toBe("ok");
    const root = g.call("findRoot");
    const memory = g.call("firstChild", root);
    expect(g.call64("regAddress", root, memory, 0)).toBe(0x1_0000_2000n);
    expect(g.call64("regSize", root, memory, 0)).toBe(0x30n);
  });

  test("reads no number of more than two cells", () => {
    const tree = new BlobWriter()
      .begin("")
      .property("reg", cells(1, 2, 3))
      .end()
      .last();
    expect(open(tree.finish())).toBe("ok");
    const reg = g.call("propertyReg", g.call("findRoot"));
    expect(g.call64("number", reg, 0, 2)).toBe(0x1_0000_0002n);
    expect(g.call64("number", reg, 0, 3)).toBe(0n);
  });

  test("reads cells, and 0 past the value's end", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    const chosen = g.call("findChosen");
    const odd = g.call("propertyOdd", chosen);
    expect(g.call("valueLength", odd)).toBe(5);
    expect(g.call("cellCount", odd)).toBe(1);
    expect(g.call("cell", odd, 0)).toBe(0x0102_0304);
    expect(g.call("cell", odd, 1)).toBe(0);
    expect(g.call64("number", odd, 0, 2)).toBe(0n);
    expect(g.call64("number", odd, 0xffff_ffff, 2)).toBe(0n);
    const empty = g.call("propertyEmpty", chosen);
    expect(empty).not.toBe(NONE);
    expect(g.call("valueLength", empty)).toBe(0);
    expect(g.call("propertyReg", chosen)).toBe(NONE);
    expect(g.call("valueLength", NONE)).toBe(0);
    expect(g.call("cell", NONE, 0)).toBe(0);
  });

  test("reads strings and lists of strings, whole words only", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    const root = g.call("findRoot");
    expect(g.call("compatibleVirtio", root)).toBe(1);
    expect(g.call("compatibleBoard", root)).toBe(1);
    expect(g.call("compatibleVendor", root)).toBe(0);
    const nonce = g.call("propertyNonce", g.call("findChosen"));
    expect(Buffer.from(g.get(g.call("valueAddress", nonce), g.call("stringLength", nonce))).toString()).toBe(
      "0123456789abcdef",
    );
    const status = g.call("propertyStatus", g.call("findAnyCpu"));
    expect(g.call("isOkay", status)).toBe(1);
    expect(g.call("isOka", status)).toBe(0);
    expect(g.call("enabled", g.call("findAnyCpu"))).toBe(1);
    expect(g.call("enabled", g.call("findCpu1"))).toBe(0);
    expect(g.call("enabled", root)).toBe(1);
  });

  test("takes no value for another of the same length, and no node for another", () => {
    const tree = new BlobWriter()
      .begin("")
      .begin("first@1")
      .property("status", strings("fail"))
      .end()
      .begin("memory@2")
      .property("status", Buffer.from("okay!"))
      .end()
      .begin("fourth")
      .end()
      .begin("memory")
      .end()
      .end()
      .last();
    expect(open(tree.finish())).toBe("ok");
    const first = g.call("firstChild", g.call("findRoot"));
    const second = g.call("nextSibling", first);
    expect(g.call("isOkay", g.call("propertyStatus", first))).toBe(0);
    expect(g.call("isOkay", g.call("propertyStatus", second))).toBe(0);
    expect(nodeName(g, g.call("childMemory", g.call("findRoot")))).toBe("memory@2");

    const plain = new BlobWriter().begin("").begin("fourth").end().begin("memory").end().end().last();
    expect(open(plain.finish())).toBe("ok");
    expect(nodeName(g, g.call("childMemory", g.call("findRoot")))).toBe("memory");
  });

  test("looks for no node behind the END token", () => {
    const tree = new BlobWriter().begin("").end();
    const end = tree.structureStart + tree.at;
    expect(open(tree.last().begin("behind").end().finish())).toBe("ok");
    expect(g.call("nextSibling", g.call("findRoot"))).toBe(NONE);
    expect(g.call("nextSibling", end)).toBe(NONE);
  });

  test("takes no bytes for a node or a property that lie outside the structure block", () => {
    // A node `A` among the reservations, and another among the strings.
    const node = Buffer.from([0, 0, 0, 1, 0x41, 0, 0, 0]);
    const tree = new BlobWriter()
      .reserve(node.readBigUInt64BE(), 1n)
      .begin("")
      .property("abc")
      .property(node.toString("latin1"))
      .property("compatible", strings("x"))
      .begin("child")
      .end()
      .end()
      .last();
    const end = tree.structureStart + tree.at;
    expect(open(tree.finish())).toBe("ok");
    for (const outside of [40, end + 4]) {
      expect(g.call("nameLength", outside)).toBe(0);
      // The token that was read last is the root's, so its content would come next.
      const root = g.call("findRoot");
      expect(g.call("firstChild", outside)).toBe(NONE);
      expect(g.call("findRoot")).toBe(root);
      expect(g.call("propertyCompatible", outside)).toBe(NONE);
    }
  });

  test("takes no string from a value that does not end with a zero", () => {
    const tree = new BlobWriter()
      .begin("")
      .property("compatible", Buffer.from("riscv-virtio"))
      .property("status", Buffer.from("okay"))
      .property("nexus,nonce", Buffer.from("abc"))
      .end()
      .last();
    expect(open(tree.finish())).toBe("ok");
    const root = g.call("findRoot");
    expect(g.call("compatibleVirtio", root)).toBe(0);
    expect(g.call("enabled", root)).toBe(0);
    expect(g.call("stringLength", g.call("propertyNonce", root))).toBe(0);
  });

  test("gives the memory reservations", () => {
    expect(open(sampleTree().finish())).toBe("ok");
    expect(g.call("reservationCount")).toBe(1);
    expect(g.call64("reservationAddress", 0)).toBe(0x8000_0000n);
    expect(g.call64("reservationSize", 0)).toBe(0x8_0000n);
    // Behind the last one stands a pair of zeros, and behind that the first tokens.
    for (const past of [1, 2]) {
      expect(g.call64("reservationAddress", past)).toBe(0n);
      expect(g.call64("reservationSize", past)).toBe(0n);
    }
  });

  test("reads version 16, which does not say how long the structure block is", () => {
    const blob = sampleTree().finish();
    blob.writeUInt32BE(16, header.version);
    blob.writeUInt32BE(0xffff_ffff, header.structureSize);
    expect(open(blob)).toBe("ok");
    expect(nodeName(g, g.call("findCpu1"))).toBe("cpu@1");
  });

  test("reads a newer version that says 17 can read it, and memory longer than the tree", () => {
    const blob = sampleTree().finish();
    blob.writeUInt32BE(18, header.version);
    blob.writeUInt32BE(17, header.compatible);
    expect(open(Buffer.concat([blob, Buffer.alloc(64, 0xff)]))).toBe("ok");
    expect(g.call("size")).toBe(blob.length);
  });

  test("walks as many levels and nodes as the docs promise", () => {
    const deep = new BlobWriter();
    for (let depth = 0; depth < 16; depth += 1) {
      deep.begin(depth === 0 ? "" : `n${depth}`);
    }
    for (let depth = 0; depth < 16; depth += 1) {
      deep.end();
    }
    expect(open(deep.last().finish())).toBe("ok");
    let nodes = 0;
    while (g.call("next")) {
      nodes += 1;
    }
    expect(nodes).toBe(16);
    expect(g.call("depth")).toBe(0);

    const wide = new BlobWriter().begin("").property("compatible", strings("x"));
    for (let index = 1; index < 4096; index += 1) {
      wide.begin(`n${index}`).end();
    }
    expect(open(wide.end().last().finish())).toBe("ok");
  });
});
