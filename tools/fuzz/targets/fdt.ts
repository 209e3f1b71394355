// The device-tree reader of the kernel: any blob, and every function on every node and property of what it accepts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../host/root.ts";
import { compileDts } from "../../../toolchain/dts/compile.ts";
import { FuzzGuest } from "../engine/guest.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";

const BOARD = "pkg/dts/virt-nexus.dts";
const INPUT_BYTES_MAX = 4096;
/** The reader wants the blob at such an address. */
const ALIGN = 8;

const text = `
import { Tree, TREE_STATE_BYTES } from "fdt/reader";
const tree = changetype<Tree>(memory.data(TREE_STATE_BYTES, 8));
export function open(address: usize, length: u32): u32 { return tree.open(address, length); }
export function errorOffset(): u32 { return tree.errorOffset; }
export function size(): u32 { return tree.size; }
/** Calls every function on every node. Gives the number of nodes. */
export function walk(): u32 {
  let sum: u64 = 0;
  let nodes: u32 = 0;
  tree.rewind();
  while (tree.next()) {
    nodes += 1;
    const node = tree.node;
    const parent = tree.parent;
    sum += <u64>tree.depth + <u64>tree.nameIs(node, "cpu");
    const nameLength = tree.nameLengthOf(node);
    for (let i: u32 = 0; i < nameLength; i += 1) sum += load<u8>(tree.nameAddressOf(node) + <usize>i);
    sum += <u64>tree.enabled(node) + <u64>tree.compatible(node, "riscv-virtio") + tree.firstChild(node);
    sum += tree.nextSibling(node) + tree.child(node, "cpu@1");
    const count = tree.regCount(parent, node);
    sum += tree.regAddress(parent, node, 0) + tree.regSize(parent, node, count);
    sum += visit(tree.property(node, "reg")) + visit(tree.property(node, "compatible"));
    sum += visit(tree.property(node, "nexus,nonce"));
  }
  for (let i: u32 = 0; i < tree.reservationCount; i += 1) sum += tree.reservationAddress(i) + tree.reservationSize(i);
  sum += tree.byPhandle(7) + tree.find("/cpus/cpu@1") + tree.find("/chosen") + tree.root;
  return sum === 0 ? 0 : nodes;
}
function visit(property: u32): u64 {
  let sum: u64 = <u64>tree.stringLengthOf(property) + <u64>tree.stringIs(property, "okay");
  const length = tree.valueLengthOf(property);
  for (let i: u32 = 0; i < length; i += 1) sum += load<u8>(tree.valueAddressOf(property) + <usize>i);
  sum += tree.cell(property, 0) + tree.cell(property, tree.cellCount(property));
  return sum + tree.number(property, 0, 2) + <u64>tree.stringListContains(property, "vendor,board");
}
`;

const small = `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <1>; compatible = "vendor,board", "riscv-virtio";
  cpus { #address-cells = <1>; #size-cells = <0>; a: cpu@0 { reg = <0>; }; cpu@1 { reg = <1>; status = "okay"; }; };
  soc { dma = <&a>; uart@10000000 { reg = <0 0x10000000 0x100>, <1 2 3>; status = "disabled"; }; };
  chosen { nexus,nonce = "17"; };
};`;

export const fdt: Target = {
  name: "fdt",
  about: "the kernel's device-tree reader",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: false,
  start: async () => {
    const guest = await FuzzGuest.start({ text, inputBytesMax: INPUT_BYTES_MAX });
    const board = compileDts(readFileSync(join(root, BOARD), "utf8"), BOARD);
    const names = ["reg", "cpus", "cpu@1", "#address-cells", "#size-cells", "phandle", "status", "okay"];
    return guest.running({
      seeds: [compileDts(small, "small.dts"), board.subarray(0, INPUT_BYTES_MAX)],
      dictionary: [...guest.dictionary, ...names.map((name) => bytesOf(`${name}\0`))],
      run: (input) => {
        guest.begin();
        const at = guest.place(input, ALIGN);
        const error = guest.call("open", at, input.length);
        if (error === 0) {
          promise(guest.call("size") >>> 0 <= input.length, "an accepted tree is longer than its blob");
          promise(guest.call("walk") > 0, "an accepted tree has no node");
        }
        promise(Buffer.compare(guest.get(at, input.length), input) === 0, "the reader changed the blob");
      },
    });
  },
};
