// The device-tree reader on real trees: ours, as our compiler and as dtc write it, and the one that QEMU makes.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileDts } from "../../../toolchain/dts/compile.ts";
import { type Guest, root } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { fdtGuest, nodeName } from "./face.ts";

const ourTree = join(root, "pkg/dts/virt-nexus.dts");

function installed(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

const hasDtc = installed("dtc", "--version");
const hasQemu = installed("qemu-system-riscv64", "--version");

describe("device-tree reader, on real trees", () => {
  let g: Guest;
  let edge: Edge;
  const folder = mkdtempSync(join(tmpdir(), "fdt-"));

  beforeAll(async () => {
    g = await fdtGuest();
    edge = new Edge(g, 1 << 21);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** All nodes with their reg, as text, from the reader. */
  function outline(blob: Uint8Array): string[] {
    const padded = Buffer.alloc(Math.ceil(blob.length / 8) * 8);
    padded.set(blob);
    const error = g.call("open", edge.put(padded), padded.length);
    expect(g.text(g.call("errorText", error))).toBe("no error");
    const lines: string[] = [];
    const path: string[] = [];
    while (g.call("next")) {
      const node = g.call("node");
      path.length = g.call("depth");
      path.push(nodeName(g, node));
      const parent = g.call("parent");
      const regs = Array.from({ length: g.call("regCount", parent, node) }, (_, index) => {
        const address = g.call64("regAddress", parent, node, index).toString(16);
        return `${address}+${g.call64("regSize", parent, node, index).toString(16)}`;
      });
      lines.push([path.join("/") || "/", ...regs].join(" "));
    }
    return lines;
  }

  /** All nodes' paths, as dtc prints the blob. */
  function fromDtc(blob: Uint8Array): string[] {
    // By file: dtc stops reading its input where the tree ends, and QEMU's is followed by padding.
    const file = join(folder, "tree.dtb");
    writeFileSync(file, blob);
    const text = execFileSync("dtc", ["-q", "-I", "dtb", "-O", "dts", file]).toString();
    const path: string[] = [];
    const lines: string[] = [];
    for (const line of text.split("\n")) {
      const opens = /^\s*([^\s{;=]+) \{$/.exec(line)?.[1];
      if (opens !== undefined) {
        path.push(opens === "/" ? "" : opens);
        lines.push(path.join("/") || "/");
      } else if (/^\s*\};$/.test(line)) {
        path.pop();
      }
    }
    return lines;
  }

  test("reads our tree as our compiler writes it", () => {
    const lines = outline(compileDts(readFileSync(ourTree, "utf8"), ourTree));
    for (const line of [
      "/cpus/cpu@0 0+0",
      "/cpus/cpu@3 3+0",
      "/chosen",
      "/soc/virtio_mmio@10001000 10001000+1000",
    ]) {
      expect(lines).toContain(line);
    }
  });

  test.skipIf(!hasDtc)("sees in it the nodes that dtc sees", () => {
    const blob = compileDts(readFileSync(ourTree, "utf8"), ourTree);
    expect(outline(blob).map((line) => line.split(" ")[0])).toEqual(fromDtc(blob));
  });

  test.skipIf(!hasDtc)("reads our tree as dtc writes it", () => {
    const blob = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", ourTree]);
    expect(outline(blob)).toEqual(outline(compileDts(readFileSync(ourTree, "utf8"), ourTree)));
  });

  test.skipIf(!hasQemu)("reads the tree that QEMU makes for four harts", () => {
    const file = join(folder, "virt.dtb");
    const machine = `virt,dumpdtb=${file}`;
    execFileSync(
      "qemu-system-riscv64",
      ["-machine", machine, "-smp", "4", "-m", "256M", "-display", "none"],
      {
        stdio: "ignore",
      },
    );
    const blob = readFileSync(file);
    const lines = outline(blob);
    expect(lines).toContain("/memory@80000000 80000000+10000000");
    expect(lines).toContain("/cpus/cpu@3 3+0");
    expect(lines.filter((line) => line.includes("virtio_mmio@"))).toHaveLength(8);
    if (hasDtc) {
      expect(lines.map((line) => line.split(" ")[0])).toEqual(fromDtc(blob));
    }
  });
});
