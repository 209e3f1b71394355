/**
 * The nodes of a device tree: a cursor that goes through all of them, and ways from one to another.
 *
 * A node is named by the blob offset of its first token. The cursor keeps the offsets of the open nodes, root first, so
 * the depth and the parent of the node under it are known without a search.
 *
 *     fields │ path: DEPTH_MAX words                     NODES_STATE_BYTES in all
 *
 * Reached from reader.ts, which reads what a node says of itself.
 */

import { equals, startsWith } from "text/bytes";
import { Blob } from "./blob";
import { DEPTH_MAX, FdtError, NONE, Token } from "./format";

const AT_SIGN: u8 = 0x40;
const SLASH: u8 = 0x2f;

@unmanaged
export class Nodes extends Blob {
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
    return changetype<usize>(this) + offsetof<Nodes>();
  }
}

/** How much memory the nodes need, in bytes (8-byte aligned). */
export const NODES_STATE_BYTES: u32 = <u32>offsetof<Nodes>() + (DEPTH_MAX << 2);
