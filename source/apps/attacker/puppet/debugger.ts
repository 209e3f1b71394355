/** What the attacker does for a child that stands on a load from an address where nothing is mapped. */
import { A0, registerOffset } from "abi/debug";
import { End } from "abi/task";
import { readRegisters, result, resumeTask, writeRegisters } from "runtime/call";
import { messagePage } from "runtime/ipc";

const PC: u32 = 0;
const LOAD_BYTES: u64 = 4;
/** The task did not stand on a load. */
export const NO_LOAD: u64 = u64.MAX_VALUE;

/** Adds one to the task's a0, and lets it go on behind its load. Gives the address of the load, or NO_LOAD. */
export function goOnBehindLoad(task: u32): u64 {
  if (readRegisters(task) < 0) {
    return NO_LOAD;
  }
  const address = <End>result(0) === End.LoadFault ? result(1) : NO_LOAD;
  const registers = messagePage();
  store<u64>(registers + registerOffset(PC), load<u64>(registers + registerOffset(PC)) + LOAD_BYTES);
  store<u64>(registers + registerOffset(A0), load<u64>(registers + registerOffset(A0)) + 1);
  return writeRegisters(task) >= 0 && resumeTask(task) >= 0 ? address : NO_LOAD;
}
