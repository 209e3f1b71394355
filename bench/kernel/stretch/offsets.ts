// Where the kernel keeps what is shown of a stretch, compiled from its own classes.

import { compileConstants } from "../../../toolchain/asc/constants.ts";

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
  const constants = await compileConstants("kernel-offsets.ts", text);
  const read = (name: string): number => {
    const value = constants.get(name);
    if (value === undefined) {
      throw new Error(`the kernel's offset of the ${name} was not compiled`);
    }
    return value;
  };
  return { frame: read("frame"), name: read("name") };
}
