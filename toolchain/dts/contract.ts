// The device tree of one run: the hardware contract (pkg/dts/virt-nexus.dts), adapted to the command line.
//
// The one idea: the kernel believes a tree that does not fit its machine. It waits for a hart too many, and an `_sstc`
// too many leads to an illegal instruction. So the same options that make QEMU's arguments make the tree, here.

import { Problem } from "../../host/problem.ts";
import { setChosen, setStatus, setStrings } from "./edit.ts";
import { emitDtb } from "./emit.ts";
import { readDtb } from "./read.ts";
import { findNode, propertyCells, propertyString, type TreeNode } from "./tree.ts";

/** The properties of the machine that a run may change. */
export interface TreeOptions {
  smp: number;
  sstc: boolean;
  aclint: boolean;
  /** Left out: the processor has no Zbb. */
  zbb?: boolean;
  /** 32 hexadecimal digits, for the proofs. */
  nonce: string;
  /** What the guest starts. */
  run: string;
}

/** The contract's DTB, adapted to this run's machine. */
export function treeForRun(contract: Uint8Array, options: TreeOptions): Uint8Array {
  const root = readDtb(contract);
  const harts = hartNodes(root);
  if (harts.length < options.smp) {
    throw new Problem(`the device tree has ${harts.length} harts, the run asks for ${options.smp}`);
  }
  for (const hart of harts) {
    const path = `/cpus/${hart.name}`;
    const number = propertyCells(hart, "reg")[0] ?? 0;
    setStatus(root, path, number < options.smp ? "okay" : "disabled");
    const missing = [...(options.sstc ? [] : ["sstc"]), ...(options.zbb ? [] : ["zbb"])];
    setStrings(root, path, "riscv,isa", isaWithout(hart, missing));
  }
  if (options.aclint) {
    setStatus(root, "/soc/sswi@2f00000", "okay");
  }
  setChosen(root, "nexus,nonce", options.nonce);
  setChosen(root, "nexus,run", options.run);
  return emitDtb(root);
}

/** How much memory the contract promises, in MiB: QEMU's -m has to be the same. */
export function memoryMebibytes(contract: Uint8Array): number {
  const root = readDtb(contract);
  const memory = root.children.find((node) => propertyString(node, "device_type") === "memory");
  const [, , high = 0, low = 0] = memory === undefined ? [] : propertyCells(memory, "reg");
  return (high * 2 ** 32 + low) / 2 ** 20;
}

function hartNodes(root: TreeNode): TreeNode[] {
  const cpus = findNode(root, "/cpus")?.children ?? [];
  return cpus.filter((node) => propertyString(node, "device_type") === "cpu");
}

/** What the hart is, without these extensions. */
function isaWithout(hart: TreeNode, missing: readonly string[]): string {
  const isa = propertyString(hart, "riscv,isa") ?? "";
  return isa
    .split("_")
    .filter((extension) => !missing.includes(extension))
    .join("_");
}
