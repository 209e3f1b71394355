/**
 * Endpoints and notifications: their tables and their references; ipc/ is what happens on them. References are counted:
 * capabilities, and for notifications also interrupts, bound tasks and tasks whose end they tell of.
 */
import { Resource } from "abi/job";
import { giveBack, Job } from "../job/job";
import { POOL_BYTES, Pool } from "../mm/pool";
import { Rank } from "../sync/order";
import { Endpoint, Notification } from "./objects";

export const ENDPOINTS_MAX: u32 = 64;
export const NOTIFICATIONS_MAX: u32 = 64;

const endpointPool = changetype<Pool>(memory.data(POOL_BYTES, 8));
const endpoints: usize = memory.data(ENDPOINTS_MAX * <u32>offsetof<Endpoint>(), 64);
const notificationPool = changetype<Pool>(memory.data(POOL_BYTES, 8));
const notifications: usize = memory.data(NOTIFICATIONS_MAX * <u32>offsetof<Notification>(), 64);

export function endpointsInit(): void {
  const endpointBytes = <u32>offsetof<Endpoint>();
  endpointPool.init(endpoints, endpointBytes, ENDPOINTS_MAX, endpointBytes);
  const notificationBytes = <u32>offsetof<Notification>();
  notificationPool.init(notifications, notificationBytes, NOTIFICATIONS_MAX, notificationBytes);
}

/** A new endpoint with one reference, charged to `job` already; or null if all are in use. */
export function allocEndpoint(job: Job): Endpoint | null {
  const endpoint = changetype<Endpoint | null>(endpointPool.alloc());
  if (endpoint === null) {
    return null;
  }
  endpoint.lock.init(Rank.Endpoint);
  endpoint.references.value = 1;
  endpoint.job = job;
  return endpoint;
}

/** A new notification with one reference, charged to `job` already; or null if all are in use. */
export function allocNotification(job: Job): Notification | null {
  const notification = changetype<Notification | null>(notificationPool.alloc());
  if (notification === null) {
    return null;
  }
  notification.lock.init(Rank.Notification);
  notification.references.value = 1;
  notification.job = job;
  return notification;
}

export function retainEndpoint(endpoint: Endpoint): void {
  endpoint.references.add(1);
}

/** With the last reference no task can wait here any more: one that waits holds a capability. */
export function releaseEndpoint(endpoint: Endpoint): void {
  if (endpoint.references.subtract(1) === 1) {
    const job = endpoint.job;
    endpointPool.free(changetype<usize>(endpoint));
    giveBack(job, Resource.Endpoints, 0);
  }
}

/** No task can receive here any more. It stays so: a right to receive is only ever copied from another. */
export function isClosed(endpoint: Endpoint): bool {
  return endpoint.receiveRights.value === 0;
}

export function retainNotification(notification: Notification): void {
  notification.references.add(1);
}

export function releaseNotification(notification: Notification): void {
  if (notification.references.subtract(1) === 1) {
    const job = notification.job;
    notificationPool.free(changetype<usize>(notification));
    giveBack(job, Resource.Notifications, 0);
  }
}
