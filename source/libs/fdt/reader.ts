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
 */

import { equals, startsWith } from "text/bytes";
import { Blob } from "./blob";
import { DEPTH_MAX, FdtError, Token } from "./format";

/** No such node, no such property. */
export const NONE: u32 = 0;

/** Cells that a node counts its children's addresses and sizes in when it does not say (section 2.3.5). */
const ADDRESS_CELLS_DEFAULT: u32 = 2;
const SIZE_CELLS_DEFAULT: u32 = 1;

/** A number of up to two cells fits a u64; this reader does not read longer ones (PCI has three). */
const NUMBER_CELLS_MAX: u32 = 2;

const AT_SIGN: u8 = 0x40;
const SLASH: u8 = 0x2f;

@unmanaged
@final
export class Tree extends Blob {
  private at: u32;
  private openNodes: u32;
  private current: u32;

  /**
   * Checks the whole blob at `address` and readies the cursor before the root.
   *
   * @param address has to be a multiple of 8
   * @param lengthMax bytes that may be read there; the tree may say that it is shorter
   * @returns why it was refused, with `errorOffset` for the place; nothing else may be called then
   */
  open(address: usize, lengthMax: u32): FdtError {
    const error = this.openBlob(address, lengthMax);
    this.rewind();
    return error;
  }

  /** Puts the cursor before the root again. */
  rewind(): void {
    this.at = this.firstToken;
    this.openNodes = 0;
    this.current = NONE;
  }

  /** Moves the cursor to the next node, depth first; false when there was no other. */
  next(): bool {
    while (this.step(this.at)) {
      const offset = this.at;
      this.at = this.nextOffset;
      if (this.token === Token.BeginNode) {
        if (this.openNodes === DEPTH_MAX) {
          return false;
        }
        store<u32>(this.path + <usize>(this.openNodes << 2), offset);
        this.openNodes += 1;
        this.current = offset;
        return true;
      }
      if (this.token === Token.EndNode) {
        if (this.openNodes === 0) {
          return false;
        }
        this.openNodes -= 1;
      }
      if (this.token === Token.End) {
        this.at = offset;
        return false;
      }
    }
    return false;
  }

  /** The node under the cursor. */
  get node(): u32 {
    return this.current;
  }

  /** How deep the node under the cursor is; the root is at 0. */
  get depth(): u32 {
    return this.openNodes === 0 ? 0 : this.openNodes - 1;
  }

  /** The parent of the node under the cursor; NONE for the root. */
  get parent(): u32 {
    return this.openNodes < 2 ? NONE : load<u32>(this.path + <usize>((this.openNodes - 2) << 2));
  }

  /** The root node. */
  get root(): u32 {
    let offset = this.firstToken;
    while (this.step(offset)) {
      if (this.token === Token.BeginNode) {
        return offset;
      }
      if (this.token !== Token.Nop) {
        return NONE;
      }
      offset = this.nextOffset;
    }
    return NONE;
  }

  /** The first child of `node`. */
  firstChild(node: u32): u32 {
    if (node === NONE || !this.step(node)) {
      return NONE;
    }
    return this.beginAt(this.nextOffset);
  }

  /** The next child of the same parent. */
  nextSibling(node: u32): u32 {
    let offset = node;
    let depth: u32 = 0;
    while (node !== NONE && this.step(offset)) {
      if (this.token === Token.BeginNode) {
        depth += 1;
      }
      if (this.token === Token.EndNode) {
        depth -= 1;
      }
      if (this.token === Token.End) {
        return NONE;
      }
      offset = this.nextOffset;
      if (depth === 0) {
        return this.beginAt(offset);
      }
    }
    return NONE;
  }

  /** The child of `node` with that name; without a unit address in `name`, the first with any. */
  child(node: u32, name: string): u32 {
    let child = this.firstChild(node);
    while (child !== NONE && !this.nameIs(child, name)) {
      child = this.nextSibling(child);
    }
    return child;
  }

  /** The node that carries this phandle (section 2.3.3). */
  byPhandle(phandle: u32): u32 {
    let offset = this.firstToken;
    let node = NONE;
    while (this.step(offset) && this.token !== Token.End) {
      if (this.token === Token.BeginNode) {
        node = offset;
      }
      const follows = this.nextOffset;
      if (this.token === Token.Property && this.valueLength === 4) {
        const name = this.base + <usize>this.nameOffset;
        const isPhandle =
          equals(name, this.nameLength, "phandle") || equals(name, this.nameLength, "linux,phandle");
        if (isPhandle && this.word(this.valueOffset) === phandle) {
          return node;
        }
      }
      offset = follows;
    }
    return NONE;
  }

  /** Where the node's name is: `nameLengthOf` bytes, unit address included. */
  nameAddressOf(node: u32): usize {
    return this.base + <usize>node + 4;
  }

  /** Bytes of the node's name; the root's is empty. */
  nameLengthOf(node: u32): u32 {
    return node !== NONE && this.step(node) && this.token === Token.BeginNode ? this.nameLength : 0;
  }

  /** Whether the node is called that, either as a whole (`cpu@1`) or before the `@` (`cpu`). */
  nameIs(node: u32, name: string): bool {
    const length = this.nameLengthOf(node);
    const start = this.nameAddressOf(node);
    const count = <u32>name.length;
    if (!startsWith(start, length, name)) {
      return false;
    }
    return length === count || load<u8>(start + <usize>count) === AT_SIGN;
  }

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

  /** The node at an absolute path such as `/cpus/cpu@0`; a part without unit address takes the first match. */
  find(path: string): u32 {
    let node = this.root;
    const source = changetype<usize>(path);
    const length = <u32>path.length;
    let start: u32 = 0;
    while (node !== NONE && start < length) {
      if (load<u16>(source + <usize>(start << 1)) === <u16>SLASH) {
        start += 1;
        continue;
      }
      let end = start;
      while (end < length && load<u16>(source + <usize>(end << 1)) !== <u16>SLASH) {
        end += 1;
      }
      let child = this.firstChild(node);
      while (child !== NONE && !this.nameIsPart(child, source + <usize>(start << 1), end - start)) {
        child = this.nextSibling(child);
      }
      node = child;
      start = end;
    }
    return node;
  }

  /** `nameIs` for `count` UTF-16 units in the middle of a path. */
  private nameIsPart(node: u32, units: usize, count: u32): bool {
    const length = this.nameLengthOf(node);
    const start = this.nameAddressOf(node);
    if (length < count) {
      return false;
    }
    for (let index: u32 = 0; index < count; index += 1) {
      if (<u16>load<u8>(start + <usize>index) !== load<u16>(units + <usize>(index << 1))) {
        return false;
      }
    }
    return length === count || load<u8>(start + <usize>count) === AT_SIGN;
  }

  /** The node that begins at `offset` or behind properties there; NONE if the parent ends first. */
  private beginAt(offset: u32): u32 {
    let at = offset;
    while (this.step(at)) {
      if (this.token === Token.BeginNode) {
        return at;
      }
      if (this.token === Token.EndNode || this.token === Token.End) {
        return NONE;
      }
      at = this.nextOffset;
    }
    return NONE;
  }

  /** The offsets of the open nodes, root first: DEPTH_MAX words behind the fields. */
  private get path(): usize {
    return changetype<usize>(this) + offsetof<Tree>();
  }
}

/** How much memory a Tree needs, in bytes (8-byte aligned). */
export const TREE_STATE_BYTES: u32 = <u32>offsetof<Tree>() + (DEPTH_MAX << 2);
