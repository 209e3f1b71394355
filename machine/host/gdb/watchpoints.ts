// The watchpoints of a debugger. gdb names a place by its virtual address; the machine watches the physical memory that was
// there when the watchpoint was set, so it holds for every hart, address space and device.
//
// gdb removes its watchpoints at each stop and sets them again when it goes on, maybe while it looks at a hart that has another
// address space. So a place is translated only once, as long as it is set again each time.
// Nothing here is Node's.

import { WATCHPOINTS_MAX, Watch } from "../../../build/gen/host/machine/core/hart/watchpoints.ts";
import { DEVICE } from "../../../build/gen/host/machine/core/memory/ram.ts";
import type { Core } from "../core.ts";

/** Which accesses a watchpoint is for. */
export type Watched = "write" | "read" | "access";

const kinds: Readonly<Record<Watched, number>> = {
  write: Watch.Write,
  read: Watch.Read,
  access: Watch.Write | Watch.Read,
};

/** The most bytes of one watchpoint: a page, so it lies in two pages at most. */
export const WATCHED_BYTES_MAX = 4096;

/** Bytes of physical memory. */
export interface Part {
  readonly address: bigint;
  readonly bytes: number;
}

interface Watchpoint {
  readonly watched: Watched;
  /** As gdb named it. */
  readonly address: bigint;
  readonly bytes: number;
  readonly parts: readonly Part[];
  isSet: boolean;
}

/** An access that met a watchpoint. */
export interface WatchHit {
  readonly watched: Watched;
  readonly address: bigint;
  /** The hart that made the access. Undefined: a device did. */
  readonly hart: number | undefined;
}

export class Watchpoints {
  private known: Watchpoint[] = [];
  /** What the machine has, in its order: a watchpoint has an entry for each of its parts. */
  private armed: Watchpoint[] = [];

  get isEmpty(): boolean {
    return !this.known.some(({ isSet }) => isSet);
  }

  /**
   * Sets a watchpoint.
   *
   * @param translate the physical memory of a range, or undefined if it is not RAM
   * @returns false if it is not RAM, too long, or one too many
   */
  set(
    watched: Watched,
    address: bigint,
    bytes: number,
    translate: (address: bigint, bytes: number) => Part[] | undefined,
  ): boolean {
    const known = this.find(watched, address, bytes);
    if (known !== undefined) {
      known.isSet = true;
      return true;
    }
    const parts = bytes > 0 && bytes <= WATCHED_BYTES_MAX ? translate(address, bytes) : undefined;
    if (parts === undefined) {
      return false;
    }
    if (parts.length + this.partCount > WATCHPOINTS_MAX) {
      // Those that gdb has only taken away for a stop give way.
      this.settle();
    }
    if (parts.length + this.partCount > WATCHPOINTS_MAX) {
      return false;
    }
    this.known.push({ watched, address, bytes, parts, isSet: true });
    return true;
  }

  clear(watched: Watched, address: bigint, bytes: number): void {
    const known = this.find(watched, address, bytes);
    if (known !== undefined) {
      known.isSet = false;
    }
  }

  /** Forgets those that were not set again: gdb goes on without them. */
  settle(): void {
    this.known = this.known.filter(({ isSet }) => isSet);
  }

  clearAll(): void {
    this.known = [];
  }

  /** Gives them to the machine. */
  arm(core: Core): void {
    this.armed = [];
    for (const watchpoint of this.known.filter(({ isSet }) => isSet)) {
      for (const { address, bytes } of watchpoint.parts) {
        core.addWatchpoint(address, bytes, kinds[watchpoint.watched]);
        this.armed.push(watchpoint);
      }
    }
  }

  disarm(core: Core): void {
    if (this.armed.length > 0) {
      core.clearWatchpoints();
    }
    this.armed = [];
  }

  /** The access that has stopped the machine, if one did. To be asked before `disarm`. */
  hit(core: Core): WatchHit | undefined {
    const found = this.armed[core.watchpointHit() >>> 0];
    if (found === undefined) {
      return undefined;
    }
    const by = core.accessedBy() >>> 0;
    return { watched: found.watched, address: found.address, hart: by === DEVICE ? undefined : by };
  }

  /** Of all that were set since the machine went on: gdb may set each of them again. */
  private get partCount(): number {
    return this.known.reduce((sum, { parts }) => sum + parts.length, 0);
  }

  private find(watched: Watched, address: bigint, bytes: number): Watchpoint | undefined {
    return this.known.find(
      (each) => each.watched === watched && each.address === address && each.bytes === bytes,
    );
  }
}
