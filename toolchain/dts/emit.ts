// Writes a tree as a DTB, version 17 (Devicetree Specification 0.4, chapter 5), in the order of dtc:
//
//     0   header, 40 bytes      magic, sizes and offsets of the parts, all big-endian
//     40  memory reservations   one empty entry, 16 bytes: our trees reserve nothing this way
//     56  structure             BEGIN_NODE name … PROP length nameOffset value … END_NODE … END
//     ..  strings               the property names, each once, each ended by a zero
//
// A name that is the tail of another shares its bytes, as in dtc, so that the two make the same file.

import { DEPTH_MAX, propertyCells, type TreeNode } from "./tree.ts";

export const DTB_MAGIC = 0xd00dfeed;
export const DTB_VERSION = 17;
export const HEADER_BYTES = 40;
export const RESERVATION_BYTES = 16;

/** Tokens of the structure block (5.4.1). */
export const TOKEN_BEGIN_NODE = 1;
export const TOKEN_END_NODE = 2;
export const TOKEN_PROPERTY = 3;
export const TOKEN_NOP = 4;
export const TOKEN_END = 9;

/** The oldest reader that understands what we write (5.2, last_comp_version). */
const LAST_COMPATIBLE_VERSION = 16;

/** The DTB of `root`, without padding. The same tree always gives the same bytes. */
export function emitDtb(root: TreeNode): Uint8Array {
  const structure = new Output();
  const strings = new StringTable();
  emitNode(root, structure, strings, 0);
  structure.word(TOKEN_END);

  const structureOffset = HEADER_BYTES + RESERVATION_BYTES;
  const stringsOffset = structureOffset + structure.length;
  const totalBytes = stringsOffset + strings.text.length;

  const dtb = new Output();
  dtb.word(DTB_MAGIC);
  dtb.word(totalBytes);
  dtb.word(structureOffset);
  dtb.word(stringsOffset);
  dtb.word(HEADER_BYTES);
  dtb.word(DTB_VERSION);
  dtb.word(LAST_COMPATIBLE_VERSION);
  dtb.word(bootCpu(root));
  dtb.word(strings.text.length);
  dtb.word(structure.length);
  dtb.bytes(new Uint8Array(RESERVATION_BYTES));
  dtb.bytes(structure.take());
  dtb.bytes(asciiBytes(strings.text));
  return dtb.take();
}

/** `boot_cpuid_phys`: the first cpu's number. Firmware that starts harts by lottery ignores it. */
function bootCpu(root: TreeNode): number {
  const cpus = root.children.find((node) => node.name === "cpus");
  const first = cpus?.children[0];
  return first === undefined ? 0 : (propertyCells(first, "reg")[0] ?? 0);
}

function emitNode(node: TreeNode, output: Output, strings: StringTable, depth: number): void {
  if (depth > DEPTH_MAX) {
    throw new Error(`the device tree is nested deeper than ${DEPTH_MAX}`);
  }
  output.word(TOKEN_BEGIN_NODE);
  output.bytes(asciiBytes(`${node.name}\0`));
  output.align();
  for (const property of node.properties) {
    output.word(TOKEN_PROPERTY);
    output.word(property.value.length);
    output.word(strings.offsetOf(property.name));
    output.bytes(property.value);
    output.align();
  }
  for (const child of node.children) {
    emitNode(child, output, strings, depth + 1);
  }
  output.word(TOKEN_END_NODE);
}

/** The strings block while it grows. */
class StringTable {
  text = "";

  offsetOf(name: string): number {
    const known = this.text.indexOf(`${name}\0`);
    if (known >= 0) {
      return known;
    }
    const offset = this.text.length;
    this.text += `${name}\0`;
    return offset;
  }
}

/** Bytes while they are written. */
class Output {
  private readonly data: number[] = [];

  get length(): number {
    return this.data.length;
  }

  word(value: number): void {
    this.data.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  }

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.data.push(byte);
    }
  }

  /** Zeros up to the next multiple of four. */
  align(): void {
    while (this.data.length % 4 !== 0) {
      this.data.push(0);
    }
  }

  take(): Uint8Array {
    return Uint8Array.from(this.data);
  }
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
