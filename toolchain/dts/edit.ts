// Changes a tree in memory: a runner adapts it to the machine of one run.
//
// The one idea: edits name a node by its path and fail if it is missing, because a misspelt path that
// silently does nothing would be found much later, in a guest that believes a wrong tree.

import { findNode, stringBytes, type TreeNode } from "./tree.ts";

/** The node at `path`; throws if the tree has none. */
export function nodeAt(root: TreeNode, path: string): TreeNode {
  const node = findNode(root, path);
  if (node === undefined) {
    throw new Error(`the device tree has no node ${path}`);
  }
  return node;
}

/** Sets or replaces the property `name` of the node at `path`; a new one goes to the end. */
export function setProperty(root: TreeNode, path: string, name: string, value: Uint8Array): void {
  const node = nodeAt(root, path);
  const known = node.properties.find((property) => property.name === name);
  if (known === undefined) {
    node.properties.push({ name, value });
  } else {
    known.value = value;
  }
}

/** Sets a property to a list of strings. */
export function setStrings(root: TreeNode, path: string, name: string, ...strings: string[]): void {
  setProperty(root, path, name, stringBytes(...strings));
}

/** Marks a device as present or not (Devicetree Specification 0.4, 2.3.4). */
export function setStatus(root: TreeNode, path: string, status: "okay" | "disabled"): void {
  setStrings(root, path, "status", status);
}

/** Sets a string in `/chosen`, the node by which the boot program tells the kernel something (3.6). */
export function setChosen(root: TreeNode, name: string, value: string): void {
  setStrings(root, "/chosen", name, value);
}
