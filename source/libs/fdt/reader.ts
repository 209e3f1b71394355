/**
 * Nodes and properties of a device tree, without a heap.
 *
 * A Tree is a view over TREE_STATE_BYTES of the caller's memory; the blob stays where the firmware put it and
 * is only read. Nodes and properties are named by their blob offset, so they can be kept in plain u32s, and
 * NONE (0, where the header is) says that there is none.
 *
 *     if (tree.open(address, TREE_BYTES_MAX) !== FdtError.None) …          all of it is checked here, once
 *     while (tree.next()) if (tree.compatible(tree.node, "riscv,plic0")) …  depth first, in file order
 *     tree.regAddress(tree.parent, tree.node, 0)                           cells as the parent counts them
 *
 * Addresses are those of the node's bus: the trees that we read map `soc` one to one (an empty `ranges`).
 *
 * This file reads properties, and what they say of their node; nodes.ts goes from node to node.
 */

import { equals, startsWith } from "text/bytes";
import { NONE, Token } from "./format";
import { NODES_STATE_BYTES, Nodes } from "./nodes";

/** Cells that a node counts its children's addresses and sizes in when it does not say (section 2.3.5). */
const ADDRESS_CELLS_DEFAULT: u32 = 2;
const SIZE_CELLS_DEFAULT: u32 = 1;

/** A number of up to two cells fits a u64; this reader does not read longer ones (PCI has three). */
const NUMBER_CELLS_MAX: u32 = 2;

@unmanaged
@final
export class Tree extends Nodes {
  /** The node's property of that name, NONE if it has none. */
  property(node: u32, name: string): u32 {
    if (node === NONE || !this.step(node)) {
      return NONE;
    }
    let offset = this.nextOffset;
    while (this.step(offset)) {
      if (this.token === Token.Property) {
        if (equals(this.base + <usize>this.nameOffset, this.nameLength, name)) {
          return offset;
        }
      } else if (this.token !== Token.Nop) {
        return NONE;
      }
      offset = this.nextOffset;
    }
    return NONE;
  }

  /** Where the property's value is: `valueLengthOf` bytes. */
  valueAddressOf(property: u32): usize {
    return this.base + <usize>property + 12;
  }

  /** Bytes of the property's value; 0 for NONE. */
  valueLengthOf(property: u32): u32 {
    return property !== NONE && this.step(property) && this.token === Token.Property ? this.valueLength : 0;
  }

  /** How many whole cells (32-bit words) the value has. */
  cellCount(property: u32): u32 {
    return this.valueLengthOf(property) >> 2;
  }

  /** Cell `index` of the value; 0 past its end, so ask `cellCount` where that matters. */
  cell(property: u32, index: u32): u32 {
    if (index >= this.cellCount(property)) {
      return 0;
    }
    return this.word(property + 12 + (index << 2));
  }

  /** The number in `cells` (0, 1 or 2) cells from cell `index` on; 0 if they are not all there. */
  number(property: u32, index: u32, cells: u32): u64 {
    const count = this.cellCount(property);
    if (cells > NUMBER_CELLS_MAX || index > count || count - index < cells) {
      return 0;
    }
    let value: u64 = 0;
    for (let i: u32 = 0; i < cells; i += 1) {
      value = (value << 32) | <u64>this.cell(property, index + i);
    }
    return value;
  }

  /** In how many cells the node counts its children's addresses. */
  addressCells(node: u32): u32 {
    const property = this.property(node, "#address-cells");
    return property === NONE ? ADDRESS_CELLS_DEFAULT : this.cell(property, 0);
  }

  /** In how many cells the node counts its children's sizes. */
  sizeCells(node: u32): u32 {
    const property = this.property(node, "#size-cells");
    return property === NONE ? SIZE_CELLS_DEFAULT : this.cell(property, 0);
  }

  /** How many (address, size) pairs `node`, a child of `parent`, has in `reg`; 0 if they cannot be u64s. */
  regCount(parent: u32, node: u32): u32 {
    const addressCells = this.addressCells(parent);
    const sizeCells = this.sizeCells(parent);
    if (addressCells === 0 || addressCells > NUMBER_CELLS_MAX || sizeCells > NUMBER_CELLS_MAX) {
      return 0;
    }
    return this.cellCount(this.property(node, "reg")) / (addressCells + sizeCells);
  }

  /** The address of pair `index` of `reg`; 0 past the last (`regCount`). */
  regAddress(parent: u32, node: u32, index: u32): u64 {
    if (index >= this.regCount(parent, node)) {
      return 0;
    }
    const addressCells = this.addressCells(parent);
    const pairCells = addressCells + this.sizeCells(parent);
    return this.number(this.property(node, "reg"), index * pairCells, addressCells);
  }

  /** The size of pair `index` of `reg`; 0 past the last (`regCount`). */
  regSize(parent: u32, node: u32, index: u32): u64 {
    if (index >= this.regCount(parent, node)) {
      return 0;
    }
    const addressCells = this.addressCells(parent);
    const sizeCells = this.sizeCells(parent);
    const start = index * (addressCells + sizeCells) + addressCells;
    return this.number(this.property(node, "reg"), start, sizeCells);
  }

  /** Bytes of the string that the value begins with, its zero not counted; 0 if no zero ends it. */
  stringLengthOf(property: u32): u32 {
    const length = this.valueLengthOf(property);
    const start = this.valueAddressOf(property);
    for (let index: u32 = 0; index < length; index += 1) {
      if (load<u8>(start + <usize>index) === 0) {
        return index;
      }
    }
    return 0;
  }

  /** Whether the value is exactly this one string. */
  stringIs(property: u32, words: string): bool {
    const length = this.valueLengthOf(property);
    if (length !== <u32>words.length + 1) {
      return false;
    }
    const start = this.valueAddressOf(property);
    return startsWith(start, length, words) && load<u8>(start + <usize>(length - 1)) === 0;
  }

  /** Whether the value, a list of strings (section 2.2.4), has this one among them. */
  stringListContains(property: u32, words: string): bool {
    const start = this.valueAddressOf(property);
    const length = this.valueLengthOf(property);
    let wordStart: u32 = 0;
    for (let index: u32 = 0; index < length; index += 1) {
      if (load<u8>(start + <usize>index) !== 0) {
        continue;
      }
      if (equals(start + <usize>wordStart, index - wordStart, words)) {
        return true;
      }
      wordStart = index + 1;
    }
    return false;
  }

  /** Whether the node says that it is compatible with this. */
  compatible(node: u32, words: string): bool {
    return this.stringListContains(this.property(node, "compatible"), words);
  }

  /** Whether the node is in use: its `status` is missing, "okay" or, as some write, "ok" (section 2.3.4). */
  enabled(node: u32): bool {
    const status = this.property(node, "status");
    return status === NONE || this.stringIs(status, "okay") || this.stringIs(status, "ok");
  }
}

/** How much memory a Tree needs, in bytes (8-byte aligned). */
export const TREE_STATE_BYTES: u32 = NODES_STATE_BYTES;

if (offsetof<Tree>() !== offsetof<Nodes>()) {
  ERROR("a field of Tree would lie in the path of its nodes");
}
