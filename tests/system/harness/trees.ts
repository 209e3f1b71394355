// Builds with another device tree: what a test wants to know of a machine that is not as our tree has it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll } from "vitest";
import { root } from "../../../host/root.ts";
import type { BuildOutputs } from "../../../toolchain/compile.ts";
import { emitDtb } from "../../../toolchain/dts/emit.ts";
import { readDtb } from "../../../toolchain/dts/read.ts";
import type { TreeNode } from "../../../toolchain/dts/tree.ts";
import { buildOnce } from "./machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-trees-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;

/** The usual build with its device tree changed. */
export async function withTree(change: (tree: TreeNode) => void): Promise<BuildOutputs> {
  const outputs = await buildOnce();
  const tree = readDtb(new Uint8Array(readFileSync(join(root, outputs.deviceTree))));
  change(tree);
  const file = join(scratch, `${made++}.dtb`);
  writeFileSync(file, emitDtb(tree));
  return { ...outputs, deviceTree: relative(root, file) };
}
