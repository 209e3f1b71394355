// Which RAM is free after the boot: what the tree calls memory, without what the firmware, the kernel and the tree itself
// take, and without what the tree reserves.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeAt, setProperty } from "../../../toolchain/dts/edit.ts";
import { emitDtb, HEADER_BYTES, RESERVATION_BYTES } from "../../../toolchain/dts/emit.ts";
import { parseDts } from "../../../toolchain/dts/parse.ts";
import { cellBytes } from "../../../toolchain/dts/tree.ts";
import { type Guest, guest, root } from "../../harness/guest.ts";

const RAM_BASE = 0x8000_0000;
const RAM_BYTES = 0x100_0000;
const RAM_END = RAM_BASE + RAM_BYTES;
const KERNEL_END = RAM_BASE + 0x24_0000;
const TREE_ADDRESS = RAM_END - 0x10_0000;
const FRAME_BYTES = 4096;
/** Ranges that the kernel keeps out of the free memory. */
const RANGES_MAX = 32;
/** Where a header of a DTB has the offsets of its parts and its whole size. */
const [SIZE_AT, STRUCTURE_AT, STRINGS_AT] = [4, 8, 12];

const source = readFileSync(join(root, "pkg/dts/virt-nexus.dts"), "utf8");

type Range = readonly [from: number, bytes: number];

/** A tree with these ranges in /reserved-memory, and these in its memory reservation block. */
function tree(inTree: readonly Range[], inBlock: readonly Range[] = []): Uint8Array {
  const parsed = parseDts(source, "virt-nexus.dts");
  setProperty(parsed, "/memory@80000000", "reg", cellBytes(0, RAM_BASE, 0, RAM_BYTES));
  if (inTree.length > 0) {
    const children = inTree.map(([from, bytes]) => ({
      ...structuredClone(nodeAt(parsed, "/memory@80000000")),
      name: `range@${from.toString(16)}`,
      properties: [{ name: "reg", value: cellBytes(0, from, 0, bytes) }],
    }));
    const model = structuredClone(nodeAt(parsed, "/memory@80000000"));
    const properties = [
      { name: "#address-cells", value: cellBytes(2) },
      { name: "#size-cells", value: cellBytes(2) },
    ];
    parsed.children.push({ ...model, name: "reserved-memory", properties, children });
  }
  return withReservations(emitDtb(parsed), inBlock);
}

/** The blob with these entries before the empty one of its memory reservation block. */
function withReservations(blob: Uint8Array, ranges: readonly Range[]): Uint8Array {
  const added = ranges.length * RESERVATION_BYTES;
  const all = new Uint8Array(blob.length + added);
  all.set(blob.subarray(0, HEADER_BYTES));
  all.set(blob.subarray(HEADER_BYTES), HEADER_BYTES + added);
  const view = new DataView(all.buffer);
  for (const at of [SIZE_AT, STRUCTURE_AT, STRINGS_AT]) {
    view.setUint32(at, view.getUint32(at) + added);
  }
  for (const [index, [from, bytes]] of ranges.entries()) {
    view.setBigUint64(HEADER_BYTES + index * RESERVATION_BYTES, BigInt(from));
    view.setBigUint64(HEADER_BYTES + index * RESERVATION_BYTES + 8, BigInt(bytes));
  }
  return all;
}

async function boot(blob: Uint8Array): Promise<{ g: Guest; problem: string | null }> {
  const g = await guest(
    {
      text: `
        import { discover } from "kernel/neuron/src/boot/devices";
        import { memoryInit } from "kernel/neuron/src/boot/memory";
        export { allocFrames, freeFrameCount } from "kernel/neuron/src/mm/frames";
        export function boot(address: usize): string | null {
          const problem = discover(address, 0);
          return problem === null ? memoryInit(address) : problem;
        }
      `,
    },
    { imports: { symbols: { __kernel_end: () => KERNEL_END }, intrinsics: { hartPointer: () => 0x1_0000 } } },
  );
  g.memory.grow(Math.ceil((RAM_END - g.memory.buffer.byteLength) / 65_536));
  g.bytes().set(blob, TREE_ADDRESS);
  const text = g.call("boot", TREE_ADDRESS);
  return { g, problem: text === 0 ? null : g.text(text) };
}

/** The frames that are handed out, all of them. */
function allFrames(g: Guest): Set<number> {
  const frames = new Set<number>();
  for (let at = g.call("allocFrames", 1) >>> 0; at !== 0; at = g.call("allocFrames", 1) >>> 0) {
    frames.add(at);
  }
  return frames;
}

/** So many ranges of a frame each, that touch none of the others. */
function ranges(count: number, from = KERNEL_END + 0x40_0000): Range[] {
  return Array.from({ length: count }, (_, i) => [from + 2 * i * FRAME_BYTES, FRAME_BYTES] as const);
}

test("what is reserved, in the tree or in its block, is not free, and all else is", async () => {
  const taken = [...ranges(3), ...ranges(3, KERNEL_END + 0x80_0000)];
  const { g: before } = await boot(tree([]));
  const free = allFrames(before);
  const blob = tree(taken.slice(0, 3), taken.slice(3));
  const { g, problem } = await boot(blob);
  expect(problem).toBeNull();
  const kept = new Set(taken.map(([from]) => from));
  const isOfTree = (at: number): boolean => at >= TREE_ADDRESS && at < TREE_ADDRESS + blob.length;
  expect([...kept].every((at) => free.has(at))).toBe(true);
  expect(allFrames(g)).toEqual(new Set([...free].filter((at) => !kept.has(at) && !isOfTree(at))));
  expect([...free].every((at) => at >= KERNEL_END && at < RAM_END)).toBe(true);
});

describe("the boot stops", () => {
  test.each<[string, Uint8Array]>([
    ["in the tree", tree(ranges(RANGES_MAX))],
    ["in its block", tree([], ranges(RANGES_MAX))],
  ])("with more ranges %s than there is room for", async (_, blob) => {
    expect((await boot(blob)).problem).toBe("too many reserved ranges");
  });

  test("with hardly any memory that is not reserved", async () => {
    const most: Range = [RAM_BASE, RAM_BYTES - 100 * FRAME_BYTES];
    expect((await boot(tree([most]))).problem).toBe("too little memory");
  });
});
