// Builds with another device tree: what a test wants to know of a machine that is not as our tree has it.

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../../../host/root.ts";
import type { BuildOutputs } from "../../../toolchain/compile.ts";
import { emitDtb } from "../../../toolchain/dts/emit.ts";
import { readDtb } from "../../../toolchain/dts/read.ts";
import type { TreeNode } from "../../../toolchain/dts/tree.ts";
import { buildOnce } from "./machine.ts";

let made = 0;

/** The usual build with its device tree changed. The changed tree is written into the folder `scratch`. */
export async function withTree(scratch: string, change: (tree: TreeNode) => void): Promise<BuildOutputs> {
  const outputs = await buildOnce();
  const tree = readDtb(new Uint8Array(readFileSync(join(root, outputs.deviceTree))));
  change(tree);
  const file = join(scratch, `${made++}.dtb`);
  writeFileSync(file, emitDtb(tree));
  return { ...outputs, deviceTree: relative(root, file) };
}
