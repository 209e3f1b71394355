// Tasks that the task under test makes: named, started, watched and killed. What a started one then does is up to the test
// (`onStart`).

import { classCount, End, Refusal, Right, Syscall, userEnd } from "../abi.ts";
import { give } from "./capabilities.ts";
import { type Core, nameOf, type SystemCalls } from "./core.ts";
import { findJob } from "./jobs.ts";
import { FakeTask } from "./objects.ts";

export class FakeTasks {
  /** Every task that was made, in order. */
  readonly made: FakeTask[] = [];
  onStart: (task: FakeTask) => void = () => {};
  readonly calls: SystemCalls;

  constructor(core: Core) {
    const { slots } = core;
    this.calls = {
      [Syscall.CreateTask]: (taskClass, notificationSlot, bits, jobSlot) => {
        if (taskClass >= classCount) {
          return Refusal.BadArgument;
        }
        const notification = slots.findSignalled(notificationSlot, bits);
        if (typeof notification === "number") {
          return notification;
        }
        const job = findJob(core, jobSlot);
        if (typeof job === "number") {
          return job;
        }
        if (!job.hasRoomForTask) {
          return Refusal.Quota;
        }
        const task = new FakeTask(Number(taskClass), notification, bits, job);
        const status = give(core, task, Right.Manage | Right.Transfer);
        if (status === 0) {
          this.made.push(task);
        }
        return status;
      },
      [Syscall.NameTask]: (slot, low, high) => {
        const task = slots.find(slot, "task", Right.Manage);
        if (typeof task === "number") {
          return task;
        }
        if (task.state !== "unborn") {
          return Refusal.BadState;
        }
        task.name = nameOf(low, high);
        return 0;
      },
      [Syscall.StartTask]: (slot, entry, stackPointer) => {
        const task = slots.find(slot, "task", Right.Manage);
        if (typeof task === "number") {
          return task;
        }
        if (entry >= userEnd || stackPointer >= userEnd) {
          return Refusal.BadArgument;
        }
        if (task.state !== "unborn") {
          return Refusal.BadState;
        }
        task.state = "alive";
        task.entry = Number(entry);
        task.stackPointer = Number(stackPointer);
        this.onStart(task);
        return 0;
      },
      [Syscall.TaskStatus]: (slot) => {
        const task = slots.find(slot, "task", Right.None);
        if (typeof task === "number") {
          return task;
        }
        return core.task.setResults(["unborn", "alive", "ended"].indexOf(task.state), task.end, task.detail);
      },
      [Syscall.KillTask]: (slot) => {
        const task = slots.find(slot, "task", Right.Manage);
        if (typeof task === "number") {
          return task;
        }
        if (task.state === "ended") {
          return Refusal.BadState;
        }
        task.finish(End.Killed, 0n);
        return 0;
      },
    };
  }
}
