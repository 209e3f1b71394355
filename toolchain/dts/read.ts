// Reads a DTB into a tree: the runner adapts the tree to a run, and the tests see what we wrote.
//
// The one idea: every offset and length in the file is checked against the part that it points into before it
// is used. A file with a wrong one ends in a DtbError with its offset, never in a wrong tree.
// (Devicetree Specification 0.4, chapter 5.)

import {
  DTB_MAGIC,
  HEADER_BYTES,
  TOKEN_BEGIN_NODE,
  TOKEN_END,
  TOKEN_END_NODE,
  TOKEN_NOP,
  TOKEN_PROPERTY,
} from "./emit.ts";
import { DEPTH_MAX, TREE_BYTES_MAX, type TreeNode } from "./tree.ts";

/** The only version that is read: 17, or newer ones that say they are compatible with 16. */
const VERSION_MIN = 17;
const COMPATIBLE_MAX = 17;

export class DtbError extends Error {
  constructor(problem: string, offset: number) {
    super(`not a device tree that can be read: ${problem} (at byte ${offset})`);
    this.name = "DtbError";
  }
}

/** The tree in `dtb`; trailing bytes after the header's totalsize are ignored. Throws DtbError. */
export function readDtb(dtb: Uint8Array): TreeNode {
  if (dtb.length < HEADER_BYTES) {
    throw new DtbError(`only ${dtb.length} bytes`, 0);
  }
  const header = new DataView(dtb.buffer, dtb.byteOffset, dtb.byteLength);
  if (header.getUint32(0) !== DTB_MAGIC) {
    throw new DtbError("the magic number is missing", 0);
  }
  const totalBytes = header.getUint32(4);
  if (totalBytes > dtb.length || totalBytes > TREE_BYTES_MAX) {
    throw new DtbError(`it claims ${totalBytes} bytes`, 4);
  }
  const version = header.getUint32(20);
  if (version < VERSION_MIN || header.getUint32(24) > COMPATIBLE_MAX) {
    throw new DtbError(`version ${version}`, 20);
  }
  const structure = part(dtb, totalBytes, header.getUint32(8), header.getUint32(36), 8);
  const strings = part(dtb, totalBytes, header.getUint32(12), header.getUint32(32), 12);
  return new StructureReader(structure, strings).tree();
}

/** The bytes [offset, offset + length) of the file, which have to lie inside it. */
function part(dtb: Uint8Array, total: number, offset: number, length: number, field: number): Uint8Array {
  if (offset > total || length > total - offset) {
    throw new DtbError("a part lies outside the file", field);
  }
  return dtb.subarray(offset, offset + length);
}

class StructureReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly strings: Uint8Array;
  private offset = 0;

  constructor(bytes: Uint8Array, strings: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.strings = strings;
  }

  tree(): TreeNode {
    if (this.token() !== TOKEN_BEGIN_NODE) {
      throw this.error("the first token does not open the root node");
    }
    const root = this.node(0);
    if (this.token() !== TOKEN_END) {
      throw this.error("something follows the root node");
    }
    return root;
  }

  /** The node whose BEGIN_NODE was just read, up to and with its END_NODE. */
  private node(depth: number): TreeNode {
    if (depth > DEPTH_MAX) {
      throw this.error(`nested deeper than ${DEPTH_MAX}`);
    }
    const name = this.text(this.bytes, this.offset);
    this.advance(name.length + 1);
    const node: TreeNode = { name, properties: [], children: [] };
    for (;;) {
      const token = this.token();
      if (token === TOKEN_PROPERTY) {
        node.properties.push(this.property());
      } else if (token === TOKEN_BEGIN_NODE) {
        node.children.push(this.node(depth + 1));
      } else if (token === TOKEN_END_NODE) {
        return node;
      } else {
        throw this.error(`unknown token ${token}`);
      }
    }
  }

  private property(): { name: string; value: Uint8Array } {
    const length = this.word();
    const name = this.text(this.strings, this.word());
    if (length > this.bytes.length - this.offset) {
      throw this.error(`property ${name} is cut off`);
    }
    const value = this.bytes.slice(this.offset, this.offset + length);
    this.advance(length);
    return { name, value };
  }

  /** The next token, after NOPs. */
  private token(): number {
    let token = this.word();
    while (token === TOKEN_NOP) {
      token = this.word();
    }
    return token;
  }

  private word(): number {
    if (this.offset + 4 > this.bytes.length) {
      throw this.error("the structure ends too early");
    }
    const word = this.view.getUint32(this.offset);
    this.offset += 4;
    return word;
  }

  /** Past `length` bytes, and on to the next multiple of four. */
  private advance(length: number): void {
    this.offset = (this.offset + length + 3) & ~3;
  }

  /** The characters from `start` to the next zero, which has to be inside `block`. */
  private text(block: Uint8Array, start: number): string {
    const end = start < block.length ? block.indexOf(0, start) : -1;
    if (end < 0) {
      throw this.error("a name does not end with a zero");
    }
    return new TextDecoder("latin1").decode(block.subarray(start, end));
  }

  private error(problem: string): DtbError {
    return new DtbError(problem, this.offset);
  }
}
