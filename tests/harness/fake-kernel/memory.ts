// Memory objects and what is mapped: into the task under test, where the object's bytes then are the task's own memory, and
// into tasks that it has made and not started.

import { messagePage, pageBytes, Refusal, Right, Syscall, self, startupPage } from "../abi.ts";
import { give } from "./capabilities.ts";
import type { Core, SystemCalls } from "./core.ts";
import { findJob } from "./jobs.ts";
import { areMappingRights, mapRefusal, type Place, placeRefusal } from "./mapping.ts";
import { type FakeTask, FakeVmo, type Mapping } from "./objects.ts";

/** VMO_BYTES_MAX of source/kernel/neuron/src/mm/vmo.ts. */
const VMO_BYTES_MAX = 0x0400_0000n;

/** What the kernel has mapped into every task. */
const ownPage: Place = { address: messagePage, bytes: pageBytes };
const startup: Place = { address: startupPage, bytes: pageBytes };

export class FakeMemory {
  /** What is mapped into the task under test, by address. */
  readonly mappings = new Map<number, Mapping>();
  readonly calls: SystemCalls;
  private readonly core: Core;

  constructor(core: Core) {
    this.core = core;
    this.calls = {
      [Syscall.CreateVmo]: (bytes, jobSlot) => {
        if (bytes === 0n || bytes > VMO_BYTES_MAX) {
          return Refusal.BadArgument;
        }
        const job = findJob(core, jobSlot);
        if (typeof job === "number") {
          return job;
        }
        if (!job.hasRoomForVmo(Math.ceil(Number(bytes) / pageBytes))) {
          return Refusal.Quota;
        }
        return give(core, new FakeVmo(Number(bytes)), Right.All);
      },
      [Syscall.VmoSize]: (slot) => {
        const vmo = core.slots.find(slot, "vmo", Right.None);
        return typeof vmo === "number" ? vmo : core.task.setResults(vmo.size, this.referencesTo(vmo));
      },
      [Syscall.Map]: (task, vmo, address, offset, bytes, rights) =>
        this.map(task, vmo, {
          address: Number(address),
          offset: Number(offset),
          bytes: Number(bytes),
          rights: Number(rights),
        }),
      [Syscall.Unmap]: (task, address) => this.unmap(task, Number(address)),
    };
  }

  private referencesTo(vmo: FakeVmo): number {
    const slots = [...this.core.slots.values()].filter(({ object }) => object === vmo);
    const mappings = [...this.mappings.values()].filter((mapping) => mapping.vmo === vmo);
    return slots.length + mappings.length + vmo.heldByOthers;
  }

  private map(where: bigint, vmoSlot: bigint, asked: Place & { offset: number; rights: number }): number {
    const { address, bytes, offset, rights } = asked;
    if (!areMappingRights(rights)) {
      return Refusal.BadArgument;
    }
    const vmo = this.core.slots.find(vmoSlot, "vmo", rights);
    if (typeof vmo === "number") {
      return vmo;
    }
    const space = this.spaceOf(where);
    if (typeof space === "number") {
      return space;
    }
    const others = space ? [...space.mappings, ownPage] : [...this.mappings.values(), ownPage, startup];
    const refusal = mapRefusal(asked, { rights, bytes: vmo.size }, others);
    if (refusal !== 0) {
      return refusal;
    }
    const mapping = { address, bytes, rights, vmo, offset };
    if (space) {
      space.mappings.push(mapping);
    } else {
      this.mappings.set(address, mapping);
      vmo.mapAt(offset, () => this.core.task.memory(address, bytes));
    }
    return 0;
  }

  /** Registers are mapped into the task, and what it does there goes to the device. */
  mapRegisters(address: number): number {
    const place = { address, bytes: pageBytes };
    const refusal = placeRefusal(place, [...this.mappings.values(), ownPage, startup]);
    if (refusal === 0) {
      this.mappings.set(address, { ...place, rights: Right.Read | Right.Write, vmo: undefined, offset: 0 });
    }
    return refusal;
  }

  /** What the kernel maps for the task by itself, to read. */
  mapForTask(vmo: FakeVmo, address: number): number {
    const place = { address, bytes: vmo.size };
    const refusal = placeRefusal(place, [...this.mappings.values(), ownPage, startup]);
    if (refusal === 0) {
      this.mappings.set(address, { ...place, rights: Right.Read, vmo, offset: 0 });
      vmo.mapAt(0, () => this.core.task.memory(address, vmo.size));
    }
    return refusal;
  }

  unmapForTask(address: number): void {
    this.mappings.get(address)?.vmo?.unmap();
    this.mappings.delete(address);
  }

  /** Whether an address belongs to registers that are mapped. */
  hasRegistersAt(address: number): boolean {
    const mapping = this.mappings.get(address - (address % pageBytes));
    return mapping !== undefined && mapping.vmo === undefined;
  }

  /** Where the task has a memory object mapped, if it does. */
  addressOf(vmo: FakeVmo): number | undefined {
    return [...this.mappings.values()].find((mapping) => mapping.vmo === vmo)?.address;
  }

  private unmap(where: bigint, address: number): number {
    const space = this.spaceOf(where);
    if (typeof space === "number") {
      return space;
    }
    if (address === messagePage) {
      return Refusal.BadArgument;
    }
    if (space) {
      const index = space.mappings.findIndex((one) => one.address === address);
      return index < 0 || space.mappings.splice(index, 1).length === 0 ? Refusal.BadAddress : 0;
    }
    const mapping = this.mappings.get(address);
    if (!mapping) {
      return Refusal.BadAddress;
    }
    mapping.vmo?.unmap();
    this.mappings.delete(address);
    return 0;
  }

  /** Whose address space a call is about: undefined for the task's own, else a task that was not started; or a Refusal. */
  private spaceOf(where: bigint): FakeTask | undefined | number {
    if (where === self) {
      return undefined;
    }
    const task = this.core.slots.find(where, "task", Right.Manage);
    if (typeof task === "number") {
      return task;
    }
    return task.state === "unborn" ? task : Refusal.BadState;
  }
}
