// Parses device-tree source into a tree. The syntax is a strict subset of dtc's, and gives the same bytes:
//
//     /dts-v1/;
//     / { label: node@unit { flag; text = "a", "b"; cells = <1 0x2 &label &{/path}>; wide = /bits/ 64 <1>;
//                            bytes = [00 ff]; path = &label; }; };
//
// Left out on purpose, with an error that says so: includes, macros, expressions, overlays, deletion. A tree
// that needs those is better written out. References are resolved in a second pass, because a node
// may be named before it is written; phandles are numbered in the order of first mention, as dtc does.

import { Scanner } from "./scan.ts";
import {
  cellBytes,
  DEPTH_MAX,
  findNode,
  type Property,
  stringBytes,
  TREE_BYTES_MAX,
  type TreeNode,
} from "./tree.ts";

/** Longest name of a property or of a node without its unit (Devicetree Specification 0.4, 2.2.1, 2.2.4). */
const NAME_LENGTH_MAX = 31;

/** A mention of another node inside a value, to be filled in when all nodes are known. */
interface Reference {
  property: Property;
  /** `label` for `&label`, `/path` for `&{/path}`. */
  target: string;
  /** Offset of the four bytes in the value; -1 if the whole value is the target's path. */
  byteOffset: number;
  /** Where in the source, for the error. */
  sourceOffset: number;
}

interface Context {
  scanner: Scanner;
  labels: Map<string, { node: TreeNode; path: string }>;
  references: Reference[];
}

/** The tree that `text` describes. Throws DtsError, with line and column of `fileName`. */
export function parseDts(text: string, fileName: string): TreeNode {
  const scanner = new Scanner(text, fileName);
  if (text.length > TREE_BYTES_MAX) {
    throw scanner.error(`the file is larger than ${TREE_BYTES_MAX} bytes`);
  }
  const context: Context = { scanner, labels: new Map(), references: [] };

  scanner.expect("/dts-v1/", "at the start of the file");
  scanner.expect(";", "after /dts-v1/");
  scanner.expect("/", "for the root node");
  const root: TreeNode = { name: "", properties: [], children: [] };
  parseBody(context, root, "", 0);
  if (!scanner.atEnd()) {
    throw scanner.error(`only one root node is allowed, found ${scanner.here()} after it`);
  }

  resolveReferences(context, root);
  return root;
}

/** `{ properties… children… };` of the node whose name was just read. */
function parseBody(context: Context, node: TreeNode, path: string, depth: number): void {
  const { scanner } = context;
  if (depth > DEPTH_MAX) {
    throw scanner.error(`nodes are nested deeper than ${DEPTH_MAX}`);
  }
  scanner.expect("{", `to open ${path === "" ? "the root node" : `node ${path}`}`);
  while (!scanner.accept("}")) {
    parseItem(context, node, path, depth);
  }
  scanner.expect(";", `after the closing brace of ${path === "" ? "the root node" : path}`);
}

/** One property or one child. */
function parseItem(context: Context, node: TreeNode, path: string, depth: number): void {
  const { scanner } = context;
  const label = scanner.labelDefinition();
  scanner.skip();
  const start = scanner.offset;
  const name = scanner.name();
  if (name === undefined) {
    throw scanner.error(`expected a property, a node or "}", found ${scanner.here()}`);
  }

  scanner.skip();
  if (scanner.text[scanner.offset] === "{") {
    const child = addChild(context, node, name, start);
    if (label !== undefined) {
      defineLabel(context, label, child, `${path}/${name}`, start);
    }
    parseBody(context, child, `${path}/${name}`, depth + 1);
    return;
  }

  if (label !== undefined) {
    throw scanner.error(`label ${label} stands before a property: only nodes have labels`, start);
  }
  if (node.children.length > 0) {
    throw scanner.error(`property ${name} comes after a child node: move it up`, start);
  }
  addProperty(context, node, name, start);
}

function addChild(context: Context, parent: TreeNode, name: string, start: number): TreeNode {
  const [base = "", ...units] = name.split("@");
  if (units.length > 1 || base === "" || units[0] === "") {
    throw context.scanner.error(`"${name}" is not a node name: write name or name@unit`, start);
  }
  if (base.length > NAME_LENGTH_MAX) {
    throw context.scanner.error(`node name ${base} is longer than ${NAME_LENGTH_MAX} characters`, start);
  }
  if (parent.children.some((child) => child.name === name)) {
    throw context.scanner.error(`node ${name} is already there`, start);
  }
  const child: TreeNode = { name, properties: [], children: [] };
  parent.children.push(child);
  return child;
}

function defineLabel(context: Context, label: string, node: TreeNode, path: string, start: number): void {
  const known = context.labels.get(label);
  if (known !== undefined) {
    throw context.scanner.error(`label ${label} already names ${known.path}`, start);
  }
  context.labels.set(label, { node, path });
}

/** `;` or `= value, value …;` of the property whose name was just read. */
function addProperty(context: Context, node: TreeNode, name: string, start: number): void {
  const { scanner } = context;
  if (name.includes("@")) {
    throw scanner.error(`"${name}" is not a property name; a node needs "{"`, start);
  }
  if (name.length > NAME_LENGTH_MAX) {
    throw scanner.error(`property name ${name} is longer than ${NAME_LENGTH_MAX} characters`, start);
  }
  if (node.properties.some((property) => property.name === name)) {
    throw scanner.error(`property ${name} is already there`, start);
  }
  const property: Property = { name, value: new Uint8Array(0) };
  node.properties.push(property);

  if (scanner.accept("=")) {
    const bytes: number[] = [];
    do {
      parseValue(context, property, bytes);
    } while (scanner.accept(","));
    property.value = Uint8Array.from(bytes);
  }
  scanner.expect(";", `after property ${name}`);
}

/** One part of a value, appended to `bytes`. */
function parseValue(context: Context, property: Property, bytes: number[]): void {
  const { scanner } = context;
  const text = scanner.string();
  if (text !== undefined) {
    bytes.push(...stringBytes(text));
  } else if (scanner.accept("<")) {
    parseCells(context, property, bytes, 32);
  } else if (scanner.accept("/bits/")) {
    parseSizedCells(context, property, bytes);
  } else if (scanner.accept("[")) {
    parseBytes(scanner, bytes);
  } else if (scanner.accept("&")) {
    // Its length is unknown until the target's path is, so it has to be the only part of its value.
    if (bytes.length > 0) {
      throw scanner.error("a reference outside <…> has to be the whole value");
    }
    addReference(context, property, -1);
  } else {
    throw scanner.error(`expected a value for ${property.name}, found ${scanner.here()}`);
  }
}

function parseSizedCells(context: Context, property: Property, bytes: number[]): void {
  const { scanner } = context;
  const bits = Number(scanner.number(8) ?? 0n);
  if (![8, 16, 32, 64].includes(bits)) {
    throw scanner.error("/bits/ takes 8, 16, 32 or 64");
  }
  scanner.expect("<", "after /bits/");
  parseCells(context, property, bytes, bits);
}

/** Numbers and references up to `>`, each `bits` wide, most significant byte first. */
function parseCells(context: Context, property: Property, bytes: number[], bits: number): void {
  const { scanner } = context;
  while (!scanner.accept(">")) {
    if (scanner.accept("&")) {
      if (bits !== 32) {
        throw scanner.error("a reference is a 32-bit cell: it does not fit in here");
      }
      addReference(context, property, bytes.length);
      bytes.push(0, 0, 0, 0);
      continue;
    }
    const value = scanner.number(bits);
    if (value === undefined) {
      throw scanner.error(`expected a number, a reference or ">", found ${scanner.here()}`);
    }
    for (let shift = bits - 8; shift >= 0; shift -= 8) {
      bytes.push(Number((value >> BigInt(shift)) & 0xffn));
    }
  }
}

function parseBytes(scanner: Scanner, bytes: number[]): void {
  while (!scanner.accept("]")) {
    const pair = scanner.hexPair();
    if (pair === undefined) {
      throw scanner.error(`expected two hexadecimal digits or "]", found ${scanner.here()}`);
    }
    bytes.push(Number.parseInt(pair, 16));
  }
}

/** `label` or `{/path}`, after the `&`, which was just read. */
function addReference(context: Context, property: Property, byteOffset: number): void {
  const { scanner } = context;
  const sourceOffset = scanner.offset;
  let target: string | undefined;
  if (scanner.accept("{")) {
    target = scanner.path();
    scanner.expect("}", "after the path of a reference");
  } else {
    target = scanner.label();
  }
  if (target === undefined) {
    throw scanner.error(`expected a label or {/path} after "&", found ${scanner.here()}`);
  }
  context.references.push({ property, target, byteOffset, sourceOffset });
}

/** Fills in phandles and paths; a node that is mentioned in cells gets a `phandle` property at its end. */
function resolveReferences(context: Context, root: TreeNode): void {
  const phandles = new Phandles(root);
  for (const reference of context.references) {
    const { property, target, byteOffset } = reference;
    const found = target.startsWith("/")
      ? { node: findNode(root, target), path: target }
      : context.labels.get(target);
    if (found?.node === undefined) {
      const problem = target.startsWith("/")
        ? `there is no node ${target}`
        : `no node has the label ${target}`;
      throw context.scanner.error(problem, reference.sourceOffset);
    }
    if (byteOffset < 0) {
      property.value = stringBytes(found.path);
    } else {
      property.value.set(cellBytes(phandles.of(found.node)), byteOffset);
    }
  }
}

/** Hands out phandles: 1, 2, 3 …, past those that the source sets itself. */
class Phandles {
  private readonly used = new Set<number>();
  private next = 1;

  constructor(root: TreeNode) {
    const visit = (node: TreeNode): void => {
      const value = explicitPhandle(node);
      if (value !== undefined) {
        this.used.add(value);
      }
      node.children.forEach(visit);
    };
    visit(root);
  }

  of(node: TreeNode): number {
    const known = explicitPhandle(node);
    if (known !== undefined) {
      return known;
    }
    while (this.used.has(this.next)) {
      this.next += 1;
    }
    this.used.add(this.next);
    node.properties.push({ name: "phandle", value: cellBytes(this.next) });
    return this.next;
  }
}

function explicitPhandle(node: TreeNode): number | undefined {
  const value = node.properties.find((property) => property.name === "phandle")?.value;
  if (value?.length !== 4) {
    return undefined;
  }
  return new DataView(value.buffer, value.byteOffset).getUint32(0);
}
