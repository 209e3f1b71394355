// Where the kernel keeps its tasks and what is told of them, compiled from its own classes.

import { Csr } from "../../../build/gen/host/machine/core/hart/csr-numbers.ts";
import { TASK_NAME_BYTES } from "../../../build/gen/host/source/abi/task.ts";
import { RAM_START } from "../../../machine/host/machine.ts";
import type { Run } from "../../../machine/host/run.ts";
import { compileConstants } from "../../../toolchain/asc/constants.ts";

const text = `
import { Hart } from "./source/kernel/neuron/src/arch/riscv/hart";
import { Task } from "./source/kernel/neuron/src/task/objects";
export const frame: u32 = <u32>offsetof<Hart>("frame");
export const name: u32 = <u32>offsetof<Task>("nameLow");
export const taskClass: u32 = <u32>offsetof<Task>("taskClass");
export const ownClass: u32 = <u32>offsetof<Task>("ownClass");
`;

export interface Offsets {
  /** In a hart's structure: the address of the task that it runs. */
  frame: number;
  /** In a task: its name. */
  name: number;
  /** The class in which it runs now, and its own. */
  taskClass: number;
  ownClass: number;
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
  return {
    frame: read("frame"),
    name: read("name"),
    taskClass: read("taskClass"),
    ownClass: read("ownClass"),
  };
}

/**
 * The address of the task that a hart runs, 0 for none: sscratch is the hart's own structure while a task runs (trap.S).
 */
export function runningTask({ machine }: Run, hart: number, offsets: Offsets): number {
  const structure = Number(BigInt.asUintN(32, machine.core.hartCsr(hart, Csr.Sscratch)));
  return machine.ramView().getUint32(structure - RAM_START + offsets.frame, true);
}

/** The name of the task at an address; "-" for none. */
export function nameOf({ machine }: Run, task: number, offsets: Offsets): string {
  if (task === 0) {
    return "-";
  }
  const name = machine.readMemory(task + offsets.name, TASK_NAME_BYTES);
  const text = new TextDecoder().decode(name).replaceAll("\0", "");
  return text === "" ? "without a name" : text;
}
