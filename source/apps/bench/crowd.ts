/**
 * The paths whose cost must not depend on how many tasks there are: a switch, a wake-up, ticks, a task's life. They are
 * measured among few tasks, and among nearly as many as the kernel has room for, which all wait.
 */
import { Kind, Right } from "abi/handle";
import { FOREVER } from "abi/syscall";
import { Class } from "abi/task";
import { create, deadlineIn, drop, result, sleepUntil } from "runtime/call";
import { call } from "runtime/ipc";
import { startup } from "runtime/startup";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";
import { endChild, startChild } from "./children";
import { measureLife, measureSwitch, measureWoken } from "./kernel";
import { WARM_ROUNDS } from "./limits";
import { childEcho } from "./symbols";

/** How many tasks wait: the kernel has room for 256, and the system has five. */
const CROWD: u32 = 240;
/** A hundred milliseconds are ten ticks. */
const TEN_TICKS_MILLISECONDS: u64 = 100;
const SERVERS: u32 = WARM_ROUNDS + 9;
const SLEEPS: u32 = WARM_ROUNDS + 9;

/** Measures the paths, among so many more tasks. Returns a refusal if something could not be created. */
export function measureAmong(isCrowd: bool): i32 {
  let status = isCrowd ? gather() : 0;
  if (status >= 0) {
    status = measureSwitch();
  }
  if (status >= 0) {
    status = measureWoken();
  }
  if (status >= 0) {
    measureTicks();
    status = measureLife();
  }
  return status >= 0 ? measureServersEnd() : status;
}

/** A task that serves is ended: its caller is told (Refusal.PeerGone), no matter which of all tasks that is. */
function measureServersEnd(): i32 {
  benchOperation("end a server and reap it", WARM_ROUNDS);
  for (let i: u32 = 0; i < SERVERS; i++) {
    let status = create(Kind.Endpoint);
    const endpoint = <u32>result(0);
    if (status >= 0) {
      status = startChild(Class.App, childEcho(), endpoint, Right.Receive);
    }
    const server = <u32>status;
    if (status >= 0) {
      status = call(endpoint, 0, 0, 0, FOREVER);
    }
    if (status < 0) {
      return status;
    }
    benchBeginStretch();
    endChild(server);
    benchEndStretch();
    drop(endpoint);
  }
  return 0;
}

/** Starts tasks that wait until this one ends. They need no capability here. */
function gather(): i32 {
  let status = create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  for (let i: u32 = 0; i < CROWD && status >= 0; i++) {
    status = startChild(Class.App, childEcho(), endpoint, Right.Receive);
    if (status >= 0) {
      drop(status);
    }
  }
  return status;
}

/** The hart has nothing else to do, so all that is executed is the kernel's. */
function measureTicks(): void {
  benchOperation("sleep for ten ticks", WARM_ROUNDS);
  for (let i: u32 = 0; i < SLEEPS; i++) {
    const deadline = deadlineIn(TEN_TICKS_MILLISECONDS, startup().timebase);
    benchBeginStretch();
    sleepUntil(deadline);
    benchEndStretch();
  }
}
