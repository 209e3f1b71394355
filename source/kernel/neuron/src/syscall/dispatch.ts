/**
 * The number of a system call → the function that does it. Reached from trap.ts; each function sets the caller's
 * results, and may leave the hart with another task, or none.
 */
import { Refusal } from "abi/refusal";
import { Syscall } from "abi/syscall";
import { Hart } from "../arch/riscv/hart";
import { setStatus } from "../ipc/results";
import { Task } from "../task/task";
import * as auditCalls from "./audit";
import * as capabilities from "./capabilities";
import * as consoleCalls from "./console";
import * as device from "./device";
import * as harts from "./harts";
import * as info from "./info";
import * as ipc from "./ipc";
import * as memoryCalls from "./memory";
import * as taskCalls from "./task";

export function dispatch(
  hart: Hart,
  task: Task,
  number: u64,
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
  a6: u64,
): void {
  if (number > <u64>u32.MAX_VALUE) return setStatus(task, Refusal.BadCall);
  switch (<u32>number) {
    case Syscall.Yield:
      return taskCalls.yieldNow(hart, task);
    case Syscall.YieldTo:
      return taskCalls.yieldTo(hart, task, a0);
    case Syscall.Sleep:
      return taskCalls.sleep(hart, task, a0);
    case Syscall.Now:
      return taskCalls.now(hart, task);
    case Syscall.Exit:
      return taskCalls.exit(task, a0);
    case Syscall.Call:
      return ipc.call(hart, task, a0, a1, a2, a3, a4, a5, a6);
    case Syscall.Receive:
      return ipc.receive(hart, task, a0, a1);
    case Syscall.Reply:
      return ipc.reply(task, a0, a1, a2, a3, a4, a5);
    case Syscall.ReplyReceive:
      return ipc.replyReceive(hart, task, a0, a1, a2, a3, a4, a5, a6);
    case Syscall.Signal:
      return ipc.signalSlot(task, a0, a1);
    case Syscall.Wait:
      return ipc.wait(hart, task, a0, a1);
    case Syscall.Bind:
      return ipc.bindSlot(task, a0);
    case Syscall.Create:
      return capabilities.create(task, a0);
    case Syscall.Copy:
      return capabilities.copy(task, a0, a1, a2);
    case Syscall.Drop:
      return capabilities.drop(task, a0);
    case Syscall.Grant:
      return capabilities.grant(task, a0, a1, a2, a3, a4);
    case Syscall.CreateVmo:
      return memoryCalls.createVmo(task, a0);
    case Syscall.Map:
      return memoryCalls.map(task, a0, a1, a2, a3, a4, a5);
    case Syscall.Unmap:
      return memoryCalls.unmap(task, a0, a1);
    case Syscall.VmoSize:
      return memoryCalls.vmoSize(task, a0);
    case Syscall.CreateTask:
      return taskCalls.createTask(task, a0, a1, a2);
    case Syscall.NameTask:
      return taskCalls.nameTask(task, a0, a1, a2);
    case Syscall.StartTask:
      return taskCalls.startTask(task, a0, a1, a2);
    case Syscall.TaskStatus:
      return taskCalls.taskStatus(task, a0);
    case Syscall.KillTask:
      return taskCalls.kill(task, a0);
    case Syscall.MapDevice:
      return device.mapDevice(task, a0, a1);
    case Syscall.BindInterrupt:
      return device.bindInterrupt(hart, task, a0, a1, a2);
    case Syscall.CompleteInterrupt:
      return device.completeInterrupt(task, a0);
    case Syscall.Pin:
      return device.pin(task, a0, a1, a2, a3);
    case Syscall.UnpinAll:
      return device.unpinAll(task, a0);
    case Syscall.ConsoleWrite:
      return consoleCalls.write(hart, task, a0, a1, a2);
    case Syscall.Information:
      return info.information(task, a0, a1, a2);
    case Syscall.PowerOff:
      return info.powerOff(task, a0);
    case Syscall.ConsoleOwn:
      return consoleCalls.own(task, a0, a1, a2);
    case Syscall.ConsoleRead:
      return consoleCalls.read(task, a0);
    case Syscall.AuditRead:
      return auditCalls.read(task, a0, a1, a2);
    case Syscall.AuditWrite:
      return auditCalls.write(task, a0, a1, a2, a3);
    case Syscall.StopHart:
      return harts.stop(hart, task, a0, a1);
    case Syscall.RestartHart:
      return harts.restart(hart, task, a0, a1);
    case Syscall.Unpin:
      return device.unpin(task, a0, a1);
    default:
      return setStatus(task, Refusal.BadCall);
  }
}
