/**
 * The number of a system call → the function that does it. Reached from trap.ts; each function sets the caller's
 * results, and may leave the hart with another task, or none.
 */
import { Refusal } from "abi/refusal";
import { SYSCALL_COUNT, Syscall } from "abi/syscall";
import { After, FRAME_FULL } from "../arch/riscv/context";
import { Hart } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { setStatus } from "../ipc/results";
import { isUndisturbed, runningTask } from "../sched/schedule";
import { Task } from "../task/objects";
import * as auditCalls from "./audit";
import * as capabilities from "./capabilities";
import * as consoleCalls from "./console";
import * as debugCalls from "./debug";
import * as device from "./device";
import * as dma from "./dma";
import * as harts from "./harts";
import * as info from "./info";
import * as ipc from "./ipc";
import * as jobs from "./job";
import * as memoryCalls from "./memory";
import * as offers from "./offer";
import * as taskCalls from "./task";

/** Does what `task`, which runs on this hart, asks for; its arguments stand in its frame. */
export function dispatch(hart: Hart, task: Task, number: u64): After {
  outOfLine();
  carryOut(hart, task, number);
  if (!isUndisturbed(hart)) {
    return After.Leave;
  }
  if (hart.running === hart.frame) {
    return After.Same;
  }
  return runningTask(hart).kind === FRAME_FULL ? After.Leave : After.Other;
}

function carryOut(hart: Hart, task: Task, number: u64): void {
  if (number >= SYSCALL_COUNT) {
    return setStatus(task, Refusal.BadCall);
  }
  switch (<u32>number) {
    case Syscall.Yield:
      return taskCalls.yieldNow(hart, task);
    case Syscall.YieldTo:
      return taskCalls.yieldTo(hart, task, task.a0);
    case Syscall.Sleep:
      return taskCalls.sleep(hart, task, task.a0);
    case Syscall.Now:
      return taskCalls.now(hart, task);
    case Syscall.Exit:
      return taskCalls.exit(task, task.a0);
    case Syscall.Call:
      return ipc.call(hart, task);
    case Syscall.Receive:
      return ipc.receive(hart, task, task.a0, task.a1);
    case Syscall.Reply:
      return ipc.reply(task);
    case Syscall.ReplyReceive:
      return ipc.replyReceive(hart, task);
    case Syscall.Signal:
      return ipc.signalSlot(task, task.a0, task.a1);
    case Syscall.Wait:
      return ipc.wait(hart, task, task.a0, task.a1);
    case Syscall.Bind:
      return ipc.bindSlot(task, task.a0);
    case Syscall.Create:
      return capabilities.create(task, task.a0);
    case Syscall.Copy:
      return capabilities.copy(task, task.a0, task.a1, task.a2);
    case Syscall.Drop:
      return capabilities.drop(task, task.a0);
    case Syscall.Grant:
      return capabilities.grant(task, task.a0, task.a1, task.a2, task.a3, task.a4);
    case Syscall.CreateVmo:
      return memoryCalls.createVmo(task, task.a0, task.a1);
    case Syscall.Map:
      return memoryCalls.map(task, task.a0, task.a1, task.a2, task.a3, task.a4, task.a5);
    case Syscall.Unmap:
      return memoryCalls.unmap(task, task.a0, task.a1);
    case Syscall.VmoSize:
      return memoryCalls.vmoSize(task, task.a0);
    case Syscall.CreateTask:
      return taskCalls.createTask(task, task.a0, task.a1, task.a2, task.a3);
    case Syscall.NameTask:
      return taskCalls.nameTask(task, task.a0, task.a1, task.a2);
    case Syscall.StartTask:
      return taskCalls.startTask(task, task.a0, task.a1, task.a2);
    case Syscall.TaskStatus:
      return taskCalls.taskStatus(task, task.a0);
    case Syscall.KillTask:
      return taskCalls.kill(task, task.a0);
    case Syscall.MapDevice:
      return device.mapDevice(task, task.a0, task.a1);
    case Syscall.BindInterrupt:
      return device.bindInterrupt(hart, task, task.a0, task.a1, task.a2);
    case Syscall.CompleteInterrupt:
      return device.completeInterrupt(task, task.a0, task.a1);
    case Syscall.Pin:
      return dma.pin(task, task.a0, task.a1, task.a2, task.a3);
    case Syscall.UnpinAll:
      return dma.unpinAll(task, task.a0);
    case Syscall.ConsoleWrite:
      return consoleCalls.write(hart, task, task.a0, task.a1, task.a2);
    case Syscall.Information:
      return info.information(task, task.a0, task.a1, task.a2);
    case Syscall.PowerOff:
      return info.powerOff(task, task.a0);
    case Syscall.ConsoleOwn:
      return consoleCalls.own(task, task.a0, task.a1, task.a2);
    case Syscall.ConsoleRead:
      return consoleCalls.read(task, task.a0);
    case Syscall.AuditRead:
      return auditCalls.read(task, task.a0, task.a1, task.a2);
    case Syscall.AuditWrite:
      return auditCalls.write(task, task.a0, task.a1, task.a2, task.a3);
    case Syscall.StopHart:
      return harts.stop(hart, task, task.a0, task.a1);
    case Syscall.RestartHart:
      return harts.restart(hart, task, task.a0, task.a1);
    case Syscall.Unpin:
      return dma.unpin(task, task.a0, task.a1, task.a2);
    case Syscall.CreateJob:
      return jobs.createJob(task, task.a0, task.a1, task.a2, task.a3, task.a4, task.a5);
    case Syscall.EndJob:
      return jobs.endJob(task, task.a0);
    case Syscall.SetJobTime:
      return jobs.setJobTime(task, task.a0, task.a1, task.a2);
    case Syscall.ReplyReceiveUntil:
      return ipc.replyReceiveUntil(hart, task);
    case Syscall.Lend:
      return capabilities.lend(task, task.a0, task.a1, task.a2);
    case Syscall.Revoke:
      return capabilities.revoke(task, task.a0);
    case Syscall.TakeFaults:
      return debugCalls.takeFaults(task, task.a0, task.a1, task.a2);
    case Syscall.ReadRegisters:
      return debugCalls.readRegisters(task, task.a0);
    case Syscall.WriteRegisters:
      return debugCalls.writeRegisters(task, task.a0);
    case Syscall.ResumeTask:
      return debugCalls.resumeTask(task, task.a0);
    case Syscall.WriteRegister:
      return dma.write(task, task.a0, task.a1, task.a2);
    case Syscall.SetUpQueue:
      return dma.setUpQueue(task, task.a0, task.a1, task.a2);
    case Syscall.Offer:
      return offers.offer(task, task.a0, task.a1);
    default:
      return setStatus(task, Refusal.BadCall);
  }
}
