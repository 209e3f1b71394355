// A device tree in memory: nodes with properties, and functions that read a property's bytes.
//
// The one idea: a property's value is only bytes. Whether they mean strings or 32-bit numbers is
// known to the reader only (Devicetree Specification 0.4, section 2.2.4), so there is one kind of value and a
// few functions that look at it. All numbers in a tree are big-endian.
//
// The compiler (parse.ts), the DTB writer (emit.ts), the DTB reader (read.ts) and the editor (edit.ts) all
// use these types.

/** One property: a name and its bytes, which may be none (a flag such as `interrupt-controller`). */
export interface Property {
  name: string;
  value: Uint8Array;
}

/** One node. The root's name is empty; every other name is `name` or `name@unit`. */
export interface TreeNode {
  name: string;
  properties: Property[];
  children: TreeNode[];
}

/** Deepest nesting that is read or written: a tree of hardware is rarely deeper than six. */
export const DEPTH_MAX = 32;

/** The largest DTB or source text handled, in bytes: QEMU reserves 1 MiB for its own. */
export const TREE_BYTES_MAX = 1 << 20;

const encoder = new TextEncoder();

/** The node at `path` (`/`, `/chosen`, `/soc/serial@10000000`), or undefined if there is none. */
export function findNode(root: TreeNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const part of path.split("/")) {
    if (part === "") {
      continue;
    }
    node = node?.children.find((child) => child.name === part);
  }
  return node;
}

/** The value of the property `name`, or undefined if the node has none. */
export function findProperty(node: TreeNode, name: string): Uint8Array | undefined {
  return node.properties.find((property) => property.name === name)?.value;
}

/** All strings of a string list (`compatible`), without their terminating zeros. */
export function propertyStrings(node: TreeNode, name: string): string[] {
  const value = findProperty(node, name);
  if (value === undefined || value.length === 0) {
    return [];
  }
  const text = new TextDecoder().decode(value);
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

/** The first string of a property, or undefined if it is missing. */
export function propertyString(node: TreeNode, name: string): string | undefined {
  return propertyStrings(node, name)[0];
}

/** All 32-bit cells of a property; a ragged end (length not a multiple of 4) is left out. */
export function propertyCells(node: TreeNode, name: string): number[] {
  const value = findProperty(node, name);
  if (value === undefined) {
    return [];
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const cells: number[] = [];
  for (let offset = 0; offset + 4 <= value.length; offset += 4) {
    cells.push(view.getUint32(offset));
  }
  return cells;
}

/** The bytes of a string list: each string with its terminating zero. */
export function stringBytes(...strings: string[]): Uint8Array {
  return encoder.encode(strings.map((text) => `${text}\0`).join(""));
}

/** The bytes of an array of 32-bit cells. */
export function cellBytes(...cells: number[]): Uint8Array {
  const bytes = new Uint8Array(cells.length * 4);
  const view = new DataView(bytes.buffer);
  cells.forEach((cell, index) => {
    view.setUint32(index * 4, cell);
  });
  return bytes;
}
