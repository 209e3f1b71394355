/** The console, what there is to know of the system, and its end. */
import { Kind, Right } from "abi/handle";
import { Topic } from "abi/info";
import { Refusal } from "abi/refusal";
import { CONSOLE_WRITE_MAX } from "abi/syscall";
import { HARTS_MAX } from "../arch/riscv/frame";
import { Hart, hartAt, hartCount, onlineMask } from "../arch/riscv/hart";
import { shutdown } from "../arch/riscv/sbi/reset";
import { timebaseHz } from "../arch/riscv/timer";
import { uartDrain } from "../arch/riscv/uart";
import { devices } from "../boot/devices";
import { printBytes } from "../diag/print";
import { setResults, setStatus } from "../ipc/results";
import { FRAME_BYTES, freeFrames } from "../mm/frames";
import { copyFromUser } from "../mm/user";
import { check } from "../task/handles";
import { Task } from "../task/task";

/** A buffer a hart: the bytes are copied out of the task before the console's lock is taken. */
const buffers: usize = memory.data(1024, 8);
if (HARTS_MAX * CONSOLE_WRITE_MAX > 1024) ERROR("a buffer for each hart");

export function consoleWrite(hart: Hart, task: Task, slot: u64, address: u64, bytes: u64): void {
  const refusal = check(task, slot, Kind.Console, Right.Write);
  if (refusal !== Refusal.None) return setStatus(task, refusal);
  if (bytes > CONSOLE_WRITE_MAX) return setStatus(task, Refusal.BadArgument);
  const buffer = buffers + hart.index * CONSOLE_WRITE_MAX;
  if (address > u32.MAX_VALUE || !copyFromUser(task.root, <u32>address, <u32>bytes, buffer)) {
    return setStatus(task, Refusal.BadAddress);
  }
  printBytes(buffer, <u32>bytes);
  setStatus(task, Refusal.None);
}

export function information(task: Task, slot: u64, topic: u64, index: u64): void {
  const refusal = check(task, slot, Kind.Info, Right.Read);
  if (refusal !== Refusal.None) return setStatus(task, refusal);
  if (topic === Topic.System) {
    const free = <u64>freeFrames() * FRAME_BYTES;
    return setResults(task, popcnt(onlineMask()), hartCount(), timebaseHz(), devices().ramBytes, free, 0);
  }
  if (topic === Topic.Nonce) return setResults(task, devices().nonceLow, devices().nonceHigh, 0, 0, 0, 0);
  if (index >= hartCount()) return setStatus(task, Refusal.BadArgument);
  const hart = hartAt(<u32>index);
  if (topic === Topic.Hart) {
    setResults(task, hart.hartid, hart.ticks, hart.ipisSent, hart.ipisTaken, hart.switches, hart.stolen);
  } else if (topic === Topic.IpiRow) {
    const sender = <u32>index;
    setResults(task, taken(0, sender), taken(1, sender), taken(2, sender), taken(3, sender), 0, 0);
  } else if (topic === Topic.HartLimits) {
    setResults(task, hart.ipisLimited, hart.ipisCoalesced, hart.idles, 0, 0, 0);
  } else {
    setStatus(task, Refusal.BadArgument);
  }
}

/** IPIs that hart `receiver` took from `sender`. */
function taken(receiver: u32, sender: u32): u64 {
  return load<u64>(hartAt(receiver).ipisFrom(sender));
}
if (HARTS_MAX !== 4) ERROR("Topic.IpiRow has a word for each of four harts");

export function powerOff(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Power, Right.Manage);
  if (refusal !== Refusal.None) return setStatus(task, refusal);
  uartDrain();
  shutdown(false);
  setStatus(task, Refusal.BadState);
}
