// The device-tree reader as Wasm, behind functions that a test can call.

import { type Guest, guest } from "../../harness/guest.ts";

const text = `
import { FdtError, fdtErrorText } from "fdt/format";
import { Tree, TREE_STATE_BYTES } from "fdt/reader";

const state = memory.data(256, 8);
const tree = changetype<Tree>(state);
export function stateFits(): bool { return TREE_STATE_BYTES <= 256; }

export function open(address: usize, length: u32): u32 { return tree.open(address, length); }
export function errorText(error: u32): string { return fdtErrorText(<FdtError>error); }
export function errorOffset(): u32 { return tree.errorOffset; }
export function size(): u32 { return tree.size; }
export function rewind(): void { tree.rewind(); }
export function next(): bool { return tree.next(); }
export function node(): u32 { return tree.node; }
export function parent(): u32 { return tree.parent; }
export function depth(): u32 { return tree.depth; }
export function nameAddress(node: u32): usize { return tree.nameAddressOf(node); }
export function nameLength(node: u32): u32 { return tree.nameLengthOf(node); }
export function firstChild(node: u32): u32 { return tree.firstChild(node); }
export function nextSibling(node: u32): u32 { return tree.nextSibling(node); }
export function byPhandle(value: u32): u32 { return tree.byPhandle(value); }
export function cell(property: u32, index: u32): u32 { return tree.cell(property, index); }
export function cellCount(property: u32): u32 { return tree.cellCount(property); }
export function number(property: u32, index: u32, cells: u32): u64 { return tree.number(property, index, cells); }
export function valueAddress(property: u32): usize { return tree.valueAddressOf(property); }
export function valueLength(property: u32): u32 { return tree.valueLengthOf(property); }
export function stringLength(property: u32): u32 { return tree.stringLengthOf(property); }
export function regCount(parent: u32, node: u32): u32 { return tree.regCount(parent, node); }
export function regAddress(parent: u32, node: u32, index: u32): u64 { return tree.regAddress(parent, node, index); }
export function regSize(parent: u32, node: u32, index: u32): u64 { return tree.regSize(parent, node, index); }
export function enabled(node: u32): bool { return tree.enabled(node); }
export function reservationCount(): u32 { return tree.reservationCount; }
export function reservationAddress(index: u32): u64 { return tree.reservationAddress(index); }
export function reservationSize(index: u32): u64 { return tree.reservationSize(index); }

// Names are literals in the guest, so a test chooses from these.
export function findChosen(): u32 { return tree.find("/chosen"); }
export function findCpu1(): u32 { return tree.find("/cpus/cpu@1"); }
export function findAnyCpu(): u32 { return tree.find("/cpus/cpu"); }
export function findNothing(): u32 { return tree.find("/cpus/cp"); }
export function findRoot(): u32 { return tree.find("/"); }
export function childMemory(node: u32): u32 { return tree.child(node, "memory"); }
export function propertyReg(node: u32): u32 { return tree.property(node, "reg"); }
export function propertyCompatible(node: u32): u32 { return tree.property(node, "compatible"); }
export function propertyNonce(node: u32): u32 { return tree.property(node, "nexus,nonce"); }
export function propertyEmpty(node: u32): u32 { return tree.property(node, "empty"); }
export function propertyOdd(node: u32): u32 { return tree.property(node, "odd"); }
export function propertyStatus(node: u32): u32 { return tree.property(node, "status"); }
export function compatibleVirtio(node: u32): bool { return tree.compatible(node, "riscv-virtio"); }
export function compatibleBoard(node: u32): bool { return tree.compatible(node, "vendor,board"); }
export function compatibleVendor(node: u32): bool { return tree.compatible(node, "vendor"); }
export function isOkay(property: u32): bool { return tree.stringIs(property, "okay"); }
export function isOka(property: u32): bool { return tree.stringIs(property, "oka"); }

/** Calls every function on every node and property. It has to return for any blob; what it returns is of no interest. */
export function walk(): u64 {
  let sum: u64 = 0;
  tree.rewind();
  while (tree.next()) {
    const node = tree.node;
    const parent = tree.parent;
    sum += <u64>tree.depth + tree.nameLengthOf(node) + <u64>tree.nameIs(node, "cpu");
    const nameLength = tree.nameLengthOf(node);
    for (let i: u32 = 0; i < nameLength; i += 1) sum += load<u8>(tree.nameAddressOf(node) + <usize>i);
    sum += <u64>tree.enabled(node) + <u64>tree.compatible(node, "riscv-virtio") + tree.firstChild(node);
    sum += tree.nextSibling(node) + tree.child(node, "cpu@1") + <u64>tree.regCount(parent, node);
    sum += tree.regAddress(parent, node, 0) + tree.regSize(parent, node, 1);
    visit(tree.property(node, "reg"));
    visit(tree.property(node, "compatible"));
    visit(tree.property(node, "nexus,nonce"));
  }
  for (let i: u32 = 0; i < tree.reservationCount; i += 1) sum += tree.reservationAddress(i) + tree.reservationSize(i);
  return sum + tree.byPhandle(7) + tree.find("/cpus/cpu@1") + tree.root;
}

function visit(property: u32): u64 {
  let sum: u64 = <u64>tree.stringLengthOf(property) + <u64>tree.stringIs(property, "okay");
  const length = tree.valueLengthOf(property);
  for (let i: u32 = 0; i < length; i += 1) sum += load<u8>(tree.valueAddressOf(property) + <usize>i);
  return sum + tree.number(property, 0, 2) + <u64>tree.stringListContains(property, "vendor,board");
}
`;

/** A guest that has the functions above. */
export function fdtGuest(): Promise<Guest> {
  return guest({ text });
}

/** The text of a node's name. */
export function nodeName(g: Guest, node: number): string {
  return Buffer.from(g.get(g.call("nameAddress", node), g.call("nameLength", node))).toString();
}
