// Where the kernel keeps what is shown of a stretch, compiled from its own classes.

import { root } from "../../../host/root.ts";
import { runAsc, testFlags } from "../../../toolchain/asc/run.ts";
import { readModule } from "../../../toolchain/wasm/reader.ts";

const text = `
import { Hart } from "./source/kernel/neuron/src/arch/riscv/hart";
import { Task } from "./source/kernel/neuron/src/task/objects";
export const frame: u32 = <u32>offsetof<Hart>("frame");
export const name: u32 = <u32>offsetof<Task>("nameLow");
`;

export interface Offsets {
  /** In a hart's structure: the address of the task that it runs. */
  frame: number;
  /** In a task: its name. */
  name: number;
}

export async function readOffsets(): Promise<Offsets> {
  const { wasm } = await runAsc({
    root,
    entry: "kernel-offsets.ts",
    text,
    generated: "build",
    flags: testFlags,
  });
  const { exports, globals } = readModule(wasm);
  const read = (wanted: string): number => {
    const index = exports.find(({ kind, name }) => kind === "global" && name === wanted)?.index ?? -1;
    const value = globals[index]?.value;
    if (value === undefined) {
      throw new Error(`the kernel's offset of the ${wanted} has no value`);
    }
    return Number(BigInt.asUintN(32, value));
  };
  return { frame: read("frame"), name: read("name") };
}
