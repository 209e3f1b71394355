/**
 * One task takes all that it can get: slots, memory objects, memory, endpoints, notifications, tasks. The others go on
 * working meanwhile, and with its end everything is given back.
 *
 * The glutton is a puppet. Objects for which its own slots have no room, it gives to unborn tasks that it made, and
 * drops.
 */

import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { stateOfTask, Topic } from "abi/info";
import { PAGE_BYTES } from "abi/layout";
import { Role } from "abi/startup";
import { FOREVER, SELF, Syscall } from "abi/syscall";
import { Class, TaskState } from "abi/task";
import { PATH_BYTES_MAX } from "gen/idl/package_fs";
import { attachBlockMemory, readSectors } from "runtime/blocks";
import { create, createTask, createVmo, drop, information, killTask, result } from "runtime/call";
import { closeFile, File, openFile } from "runtime/packages";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";
import { LINE_STATE_BYTES, Line } from "text/line";
import { Puppet, puppet, Step } from "./puppet/puppet";
import { tellBlock, tellNumber, tellStatus } from "./report";

/** More of each than can exist. */
const OBJECTS: u32 = 64;
const TASKS: u32 = 256;
/** Memory objects of a page that are mapped into unborn tasks, so many into each. */
const PAGES_EACH: u32 = 40;
const HOLDERS: u32 = 6;
/** Sizes of memory objects, from the largest on; so many of each. */
const SIZE_MAX: u32 = 0x0400_0000;
const OF_EACH_SIZE: u32 = 7;
/** The glutton's slots: its notification, the tasks that hold things for it, and the slot that it works with. */
const NOTIFICATION: u32 = 0;
const HOLDER: u32 = 1;
/** The first that holds tasks: those before it hold endpoints and notifications. */
const TASK_HOLDER: u32 = HOLDER + 2;
const HAND: u32 = HOLDER + HOLDERS;
const FREE: u32 = 0x2000_0000;

const PAUSE_MILLISECONDS: u64 = 20;
/** How often the test looks whether all is given back: unborn tasks end at a tick. */
const LOOKS_MAX: u32 = 500;

const file = changetype<File>(memory.data(offsetof<File>(), 8));
const pathLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const pathBuffer: usize = memory.data(PATH_BYTES_MAX, 8);

export function attackResources(): void {
  createVmo(PAGE_BYTES);
  const vmo = <u32>result(0);
  tellBlock("attaching", attachBlockMemory(slotOf(Role.BlockService), vmo, PAGE_BYTES));
  // A first run does not count: after it, this task holds all the memory that it needs and keeps.
  if (!gorge(false)) {
    return;
  }
  settle(0);
  const bytes = freeBytes();
  const tasks = taskCount();
  const objects = objectsToBeHad();
  tellNumber("tasks before", tasks);
  tellNumber("free bytes before", bytes);
  tellNumber("objects to be had before", objects);
  if (!gorge(true)) {
    return;
  }
  settle(bytes);
  tellNumber("tasks after", taskCount());
  tellNumber("free bytes after", freeBytes());
  tellNumber("objects to be had after", objectsToBeHad());
}

/** Lets a glutton take all that it can, measures how the other tasks do if `isTold`, and ends it. */
function gorge(isTold: bool): bool {
  const glutton = puppet(0);
  if (glutton === null) {
    return false;
  }
  const last = plan(glutton);
  glutton.does(Syscall.Wait, NOTIFICATION, FOREVER, 0, 0, 0);
  glutton.leaves().starts();
  for (let i: u32 = 0; i < LOOKS_MAX && last.done === 0; i++) {
    pause();
  }
  if (isTold) {
    tellNumber("the glutton is full", last.done);
    lookAtOthers();
  }
  const isOver = glutton.ends();
  if (isTold) {
    tellNumber("the glutton has ended", isOver ? 1 : 0);
  }
  return isOver;
}

/** Writes the glutton's script. When nothing is left a step fails, and the glutton goes on. Returns its last step. */
function plan(glutton: Puppet): Step {
  glutton.does(Syscall.Create, Kind.Notification, 0, 0, 0, 0);
  for (let i: u32 = 0; i < HOLDERS; i++) {
    glutton.does(Syscall.CreateTask, Class.App, NOTIFICATION, 1, SELF, 0);
  }
  for (let i: u32 = 0; i < HOLDERS * PAGES_EACH; i++) {
    const address = FREE + (i % PAGES_EACH) * PAGE_BYTES;
    glutton.does(Syscall.CreateVmo, PAGE_BYTES, SELF, 0, 0, 0);
    glutton.does(Syscall.Map, HOLDER + i / PAGES_EACH, HAND, address, 0, PAGE_BYTES).a5 = Right.Read;
    glutton.does(Syscall.Drop, HAND, 0, 0, 0, 0);
  }
  for (let i: u32 = 0; i < 2 * OBJECTS; i++) {
    glutton.does(Syscall.Create, i < OBJECTS ? Kind.Endpoint : Kind.Notification, 0, 0, 0, 0);
    glutton.does(Syscall.Grant, HOLDER + i / OBJECTS, HAND, Right.All, 0, i % OBJECTS);
    glutton.does(Syscall.Drop, HAND, 0, 0, 0, 0);
  }
  for (let i: u32 = 0; i < TASKS; i++) {
    glutton.does(Syscall.CreateTask, Class.App, NOTIFICATION, 1, SELF, 0);
    glutton.does(Syscall.Grant, TASK_HOLDER + i / SLOT_COUNT, HAND, Right.All, 0, i % SLOT_COUNT);
    glutton.does(Syscall.Drop, HAND, 0, 0, 0, 0);
  }
  for (let bytes = SIZE_MAX; bytes >= PAGE_BYTES; bytes /= 4) {
    for (let i: u32 = 0; i < OF_EACH_SIZE; i++) {
      glutton.does(Syscall.CreateVmo, bytes, SELF, 0, 0, 0);
    }
  }
  for (let i: u32 = 0; i < SLOT_COUNT; i++) {
    glutton.does(Syscall.Copy, NOTIFICATION, Right.All, 0, 0, 0);
  }
  return glutton.step(glutton.steps - 1);
}

/** Tells what is left for this task, and whether the services still serve it. */
function lookAtOthers(): void {
  tellStatus("another endpoint", create(Kind.Endpoint));
  tellStatus("another notification", create(Kind.Notification));
  tellStatus("another memory object of 16 MiB", createVmo(0x0100_0000));
  tellBlock("reading the disk meanwhile", readSectors(slotOf(Role.BlockService), 0, 1, 0));
  const path = pathLine.begin(pathBuffer, PATH_BYTES_MAX).text("fixtures/hello.txt");
  const service = slotOf(Role.PackageService);
  tellNumber("opening a file meanwhile", openFile(service, path.address, path.length, file));
  tellNumber("closing it", closeFile(service, file));
}

/** Waits until `bytes` are free again, or LOOKS_MAX looks have passed. */
function settle(bytes: u64): void {
  for (let i: u32 = 0; i < LOOKS_MAX; i++) {
    if (bytes === 0 ? i === 10 : freeBytes() === bytes) {
      return;
    }
    pause();
  }
}

/** How many endpoints, notifications, tasks and pages this task can have, kind by kind. */
function objectsToBeHad(): u32 {
  create(Kind.Notification);
  const notification = <u32>result(0);
  let count: u32 = 0;
  for (let kind: u32 = 0; kind < 4; kind++) {
    let slots: u64 = 0;
    while (make(kind, notification) >= 0) {
      slots |= (<u64>1) << result(0);
      count += 1;
    }
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      if ((slots & ((<u64>1) << slot)) === 0) {
        continue;
      }
      if (kind === 2) {
        killTask(slot);
      }
      drop(slot);
    }
  }
  drop(notification);
  return count;
}

function make(kind: u32, notification: u32): i32 {
  if (kind === 0) {
    return create(Kind.Endpoint);
  }
  if (kind === 1) {
    return create(Kind.Notification);
  }
  if (kind === 2) {
    return createTask(Class.App, notification, 1);
  }
  return createVmo(PAGE_BYTES);
}

/** Bytes of RAM that are free. */
export function freeBytes(): u64 {
  information(slotOf(Role.Info), Topic.System, 0);
  return result(4);
}

/** Tasks that have not ended. */
export function taskCount(): u32 {
  let count: u32 = 0;
  for (let index: u32 = 0; information(slotOf(Role.Info), Topic.Task, index) >= 0; index++) {
    if (stateOfTask(result(0)) !== TaskState.Ended) {
      count += 1;
    }
  }
  return count;
}

function pause(): void {
  sleepFor(PAUSE_MILLISECONDS);
}
