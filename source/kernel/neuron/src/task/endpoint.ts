/**
 * Endpoints and notifications, as data: ipc/ is what happens on them. References are counted: capabilities, and for
 * notifications also interrupts, bound tasks and tasks whose end they tell of.
 */
import { NO_OBJECT, Pool } from "../mm/pool";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";
import { TaskQueue } from "./task";

export const ENDPOINTS_MAX: u32 = 64;
export const NOTIFICATIONS_MAX: u32 = 64;

/** Where calls meet receivers. At most one of the two queues is not empty. */
@unmanaged
@final
export class Endpoint {
  private lock0: u64;
  private lock1: u64;
  /** Atomic. */
  references: u32;
  /** Capabilities that allow to receive here: without one, nobody ever will again. Atomic. */
  receiveRights: u32;
  // Under the lock:
  private callers0: u64;
  private receivers0: u64;

  get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }

  get callers(): TaskQueue {
    return changetype<TaskQueue>(changetype<usize>(this) + offsetof<Endpoint>("callers0"));
  }

  get receivers(): TaskQueue {
    return changetype<TaskQueue>(changetype<usize>(this) + offsetof<Endpoint>("receivers0"));
  }
}
if (offsetof<TaskQueue>() !== 8) ERROR("an Endpoint keeps eight bytes for each queue");

/** A word of bits that are signalled and taken. */
@unmanaged
@final
export class Notification {
  private lock0: u64;
  private lock1: u64;
  /** Atomic. */
  references: u32;
  // Under the lock:
  /** Index + 1 of the task that waits, or that it is bound to. */
  waiter: u32;
  boundTo: u32;
  reserved: u32;
  bits: u64;

  get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this));
  }
}

const ENDPOINT_STRIDE: u32 = 64;
const NOTIFICATION_STRIDE: u32 = 64;
const endpointPool: usize = memory.data(32, 8);
const endpoints: usize = memory.data(4096, 64);
const notificationPool: usize = memory.data(32, 8);
const notifications: usize = memory.data(4096, 64);
if (offsetof<Endpoint>() > ENDPOINT_STRIDE || offsetof<Notification>() > NOTIFICATION_STRIDE)
  ERROR("stride too small");
if (ENDPOINTS_MAX * ENDPOINT_STRIDE > 4096 || NOTIFICATIONS_MAX * NOTIFICATION_STRIDE > 4096)
  ERROR("table too small");

export function endpointsInit(): void {
  changetype<Pool>(endpointPool).init(endpoints, ENDPOINT_STRIDE, ENDPOINTS_MAX);
  changetype<Pool>(notificationPool).init(notifications, NOTIFICATION_STRIDE, NOTIFICATIONS_MAX);
}

export function endpointAt(index: u32): Endpoint {
  return changetype<Endpoint>(endpoints + index * ENDPOINT_STRIDE);
}

export function notificationAt(index: u32): Notification {
  return changetype<Notification>(notifications + index * NOTIFICATION_STRIDE);
}

/** A new endpoint with one reference, or NO_OBJECT. */
export function takeEndpoint(): u32 {
  const index = changetype<Pool>(endpointPool).take();
  if (index === NO_OBJECT) return NO_OBJECT;
  endpointAt(index).lock.init(Rank.Endpoint);
  endpointAt(index).references = 1;
  return index;
}

/** A new notification with one reference, or NO_OBJECT. */
export function takeNotification(): u32 {
  const index = changetype<Pool>(notificationPool).take();
  if (index === NO_OBJECT) return NO_OBJECT;
  notificationAt(index).lock.init(Rank.Notification);
  notificationAt(index).references = 1;
  return index;
}

export function retainEndpoint(index: u32): void {
  atomic.add<u32>(changetype<usize>(endpointAt(index)) + offsetof<Endpoint>("references"), 1);
}

/** With the last reference nobody can wait here any more: who waits holds a capability. */
export function releaseEndpoint(index: u32): void {
  const at = changetype<usize>(endpointAt(index)) + offsetof<Endpoint>("references");
  if (atomic.sub<u32>(at, 1) === 1) changetype<Pool>(endpointPool).give(index);
}

/** One more capability allows to receive here. */
export function addReceiveRight(index: u32): void {
  atomic.add<u32>(changetype<usize>(endpointAt(index)) + offsetof<Endpoint>("receiveRights"), 1);
}

/** One of them is gone. */
export function removeReceiveRight(index: u32): void {
  atomic.sub<u32>(changetype<usize>(endpointAt(index)) + offsetof<Endpoint>("receiveRights"), 1);
}

/** Nobody can receive here any more. It stays so: a right to receive is only ever copied from another. */
export function isClosed(endpoint: Endpoint): bool {
  return atomic.load<u32>(changetype<usize>(endpoint) + offsetof<Endpoint>("receiveRights")) === 0;
}

export function retainNotification(index: u32): void {
  atomic.add<u32>(changetype<usize>(notificationAt(index)) + offsetof<Notification>("references"), 1);
}

export function releaseNotification(index: u32): void {
  const at = changetype<usize>(notificationAt(index)) + offsetof<Notification>("references");
  if (atomic.sub<u32>(at, 1) === 1) changetype<Pool>(notificationPool).give(index);
}
