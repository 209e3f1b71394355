/**
 * What a service tells its starter: that it serves, or that it has nothing to serve and leaves. Both are bits of a
 * notification. The startup page says which bits are this service's (abi/startup.ts), and its capability allows no
 * others. Goes on in nexus-init's events.ts.
 */
import { Role } from "abi/startup";
import { signal } from "./call";
import { entryOf } from "./startup";

/** From now on this service answers. */
export function tellReady(): void {
  const entry = entryOf(Role.Starter, 0);
  if (entry !== null) {
    signal(entry.slot, entry.base);
  }
}

/** There is nothing to serve. The service ends after this; its exit code says whether that is a failure. */
export function tellAbsent(): void {
  const entry = entryOf(Role.Starter, 0);
  if (entry !== null) {
    signal(entry.slot, entry.size);
  }
}

/** How often this service was started before. */
export function instanceNumber(): u32 {
  const entry = entryOf(Role.Starter, 0);
  return entry === null ? 0 : entry.instance;
}
