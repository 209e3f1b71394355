// What the kernel holds, counted by walking everything, while every hart waits: then no task is in the middle of
// anything, and each count that the kernel keeps must be what the walk finds.
//
//     references of a task, endpoint, notification, memory object     capabilities, mappings, pins, bindings that name it
//     frames                                                           free ones, memory objects, page tables: as many as ever
//
// An object that no living task holds is a leak, even if no later call ever notices.

import { Kind, Right, SLOT_COUNT } from "../../build/gen/host/source/abi/handle.ts";
import { TaskState } from "../../build/gen/host/source/abi/task.ts";
import {
  PAGE_SHIFT,
  PTE_R,
  PTE_V,
  PTE_W,
  PTE_X,
  ROOT_USER_ENTRIES,
  TABLE_ENTRIES,
} from "../../build/gen/host/source/kernel/neuron/src/arch/riscv/paging.ts";
import type { Layout } from "../../host/debug/layout.ts";
import { type EmbeddedMachine, RAM_START } from "../../machine/host/machine.ts";

/** Sv39: the bits of an entry that maps memory, and where the page's number is in it. */
const LEAF = PTE_R | PTE_W | PTE_X;
const ENTRY_BYTES = 8;
const PPN_SHIFT = 10n;
const PPN_MASK = (1n << 44n) - 1n;

/** The result of one walk. */
export interface Accounts {
  /** A sentence about each count that differs from what the walk finds. */
  problems: string[];
  /** Frames that are free, in memory objects, or page tables of tasks. */
  frames: number;
}

const hex = (address: number): string => `0x${address.toString(16)}`;

/** Walks everything. Every hart waits. */
export function takeAccounts(machine: EmbeddedMachine, layout: Layout): Accounts {
  return new Walk(machine, layout).accounts();
}

class Walk {
  private readonly view: DataView;
  private readonly layout: Layout;
  private readonly problems: string[] = [];
  /** The references that the walk found, by kind and address. */
  private readonly found = new Map<string, Map<number, number>>();

  constructor(machine: EmbeddedMachine, layout: Layout) {
    this.layout = layout;
    this.view = machine.ramView();
  }

  accounts(): Accounts {
    const tasks = this.objects("task/task/pool");
    const vmos = this.objects("mm/vmo/pool");
    const endpoints = this.objects("task/endpoint/endpointPool");
    const notifications = this.objects("task/endpoint/notificationPool");
    let frames = this.freeFrames();
    for (const task of tasks) {
      this.walkTask(task);
      if (this.isThere(task)) {
        frames += this.pageTables(this.field(task, "Task", "root"));
      }
    }
    this.walkPins();
    this.walkBindings();
    for (const vmo of vmos) {
      this.expect("memory object", vmo, this.field(vmo, "Vmo", "references0"));
      if (this.field(vmo, "Vmo", "job") !== 0) {
        frames += this.field(vmo, "Vmo", "pages");
      }
    }
    for (const endpoint of endpoints) {
      this.expect("endpoint", endpoint, this.field(endpoint, "Endpoint", "references0"));
      this.expect(
        "right to receive at endpoint",
        endpoint,
        this.field(endpoint, "Endpoint", "receiveRights0"),
      );
    }
    this.expectNotifications(notifications);
    for (const task of tasks) {
      this.expect("task", task, this.field(task, "Task", "references0"));
      this.expect("debugger", task, this.field(task, "Task", "debugs"));
    }
    this.expectNoOthers({
      "memory object": vmos,
      endpoint: endpoints,
      notification: notifications,
      task: tasks,
      debugger: tasks,
    });
    return { problems: this.problems, frames };
  }

  /** The console's owner holds one more reference, to a notification that only it knows. */
  private expectNotifications(notifications: readonly number[]): void {
    let spare = this.word(this.layout.address("ipc/console/owner")) === 0 ? 0 : 1;
    for (const notification of notifications) {
      const references = this.field(notification, "Notification", "references0");
      if (spare > 0 && references === this.count("notification", notification) + 1) {
        spare -= 1;
      } else {
        this.expect("notification", notification, references);
      }
    }
  }

  private walkTask(task: number): void {
    const hasEnded = !this.isThere(task);
    const isTold = hasEnded && this.field(task, "Task", "lingers") === 0;
    if (!isTold) {
      this.add("task", task);
      this.add("notification", this.field(task, "Task", "endNotification"));
    }
    this.walkCapabilities(task, hasEnded);
    if (hasEnded) {
      return;
    }
    this.add("notification", this.field(task, "Task", "bound"));
    this.add("notification", this.field(task, "Task", "faultNotification"));
    this.add("memory object", this.field(task, "Task", "making"));
    this.add("debugger", this.field(task, "Task", "faultTaker"));
    this.walkMappings(task);
  }

  private walkCapabilities(task: number, hasEnded: boolean): void {
    const size = this.layout.number("Capability");
    const slots = SLOT_COUNT;
    const index = this.field(task, "Task", "index");
    const first = this.layout.address("task/handles/table") + index * slots * size;
    for (let slot = 0; slot < slots; slot++) {
      const at = first + slot * size;
      const which = this.byte(at + this.layout.number("Capability.kind"));
      if (which === Kind.Empty) {
        continue;
      }
      if (hasEnded) {
        this.problems.push(`task ${index} has ended and holds something in slot ${slot}`);
      }
      const object = this.field(at, "Capability", "object");
      if (which === Kind.Task) {
        this.add("task", object);
      }
      if (which === Kind.Notification) {
        this.add("notification", object);
      }
      if (which === Kind.Vmo) {
        this.add("memory object", object);
      }
      if (which !== Kind.Endpoint) {
        continue;
      }
      this.add("endpoint", object);
      const rights = this.byte(at + this.layout.number("Capability.rights"));
      if ((rights & Right.Receive) !== 0) {
        this.add("right to receive at endpoint", object);
      }
    }
  }

  private walkMappings(task: number): void {
    const size = this.layout.number("Mapping");
    const most = this.layout.number("MAPPINGS_MAX");
    const first =
      this.layout.address("task/mappings/table") + this.field(task, "Task", "index") * most * size;
    for (let index = 0; index < most; index++) {
      const at = first + index * size;
      if (this.field(at, "Mapping", "pages") !== 0) {
        this.add("memory object", this.field(at, "Mapping", "vmo"));
      }
    }
  }

  private walkPins(): void {
    for (let index = 0; index < this.layout.number("PIN_RECORDS"); index++) {
      const at = this.layout.address("dma/pins/table") + index * this.layout.number("Pin");
      this.add("memory object", this.field(at, "Pin", "vmo"));
    }
    for (let index = 0; index < this.layout.number("VIRTIO_SLOTS_MAX"); index++) {
      const at = this.layout.address("dma/queue/table") + index * this.layout.number("Queue");
      this.add("memory object", this.field(at, "Queue", "vmo"));
    }
  }

  private walkBindings(): void {
    for (let source = 1; source < this.layout.number("PLIC_SOURCES_MAX"); source++) {
      const at = this.layout.address("irq/interrupts/table") + source * this.layout.number("Binding");
      this.add("notification", this.field(at, "Binding", "notification"));
    }
  }

  /** Whether a task is unborn or alive, and so may hold things. */
  private isThere(at: number): boolean {
    return this.field(at, "Task", "stateWord") !== TaskState.Ended;
  }

  /** Frames of the tables of a task's address space, the root among them. */
  private pageTables(root: number): number {
    let count = 1;
    for (let top = 0; top < ROOT_USER_ENTRIES; top++) {
      const middle = this.nextTable(root, top);
      if (middle === undefined) {
        continue;
      }
      count += 1;
      for (let entry = 0; entry < TABLE_ENTRIES; entry++) {
        if (this.nextTable(middle, entry) !== undefined) {
          count += 1;
        }
      }
    }
    return count;
  }

  private nextTable(table: number, index: number): number | undefined {
    const at = table + index * ENTRY_BYTES;
    // Most entries are empty, and a look at a word costs less than one at a big integer.
    if (this.word(at) === 0) {
      return undefined;
    }
    const entry = this.view.getBigUint64(at - RAM_START, true);
    if ((entry & PTE_V) === 0n || (entry & LEAF) !== 0n) {
      return undefined;
    }
    return Number(((entry >> PPN_SHIFT) & PPN_MASK) << BigInt(PAGE_SHIFT));
  }

  private freeFrames(): number {
    let count = 0;
    const heads = this.layout.address("mm/frames/heads");
    for (let order = 0; order <= this.layout.number("ORDER_MAX"); order++) {
      for (let block = this.word(heads + order * 4); block !== 0; block = this.word(block)) {
        count += 2 ** order;
      }
    }
    return count;
  }

  /** Addresses of the objects of a pool (mm/pool.ts) that are in use: those that its free list does not name. */
  private objects(name: string): number[] {
    const pool = this.layout.address(name);
    const base = this.field(pool, "Pool", "base");
    const stride = this.field(pool, "Pool", "stride");
    const free = new Set<number>();
    for (let next = this.field(pool, "Pool", "first"); next !== 0; next = this.word(next)) {
      free.add(next);
    }
    const count = this.field(pool, "Pool", "count");
    const used: number[] = [];
    for (let object = base; object < base + count * stride; object += stride) {
      if (!free.has(object)) {
        used.push(object);
      }
    }
    return used;
  }

  /** Counts a reference to the object at this address; 0 stands for none. */
  private add(what: string, object: number): void {
    if (object === 0) {
      return;
    }
    let counts = this.found.get(what);
    if (counts === undefined) {
      counts = new Map();
      this.found.set(what, counts);
    }
    counts.set(object, (counts.get(object) ?? 0) + 1);
  }

  private count(what: string, object: number): number {
    return this.found.get(what)?.get(object) ?? 0;
  }

  private expect(what: string, object: number, kept: number): void {
    const found = this.count(what, object);
    if (kept === found) {
      return;
    }
    this.problems.push(`${what} at ${hex(object)} counts ${kept} references, but the walk found ${found}`);
  }

  /** No reference may name a free object. */
  private expectNoOthers(objects: Readonly<Record<string, readonly number[]>>): void {
    for (const [what, inUse] of Object.entries(objects)) {
      for (const object of this.found.get(what)?.keys() ?? []) {
        if (!inUse.includes(object)) {
          this.problems.push(`${what} at ${hex(object)} is free, and something names it`);
        }
      }
    }
  }

  private field(at: number, type: string, name: string): number {
    return this.word(at + this.layout.number(`${type}.${name}`));
  }

  private word(address: number): number {
    return this.view.getUint32(address - RAM_START, true);
  }

  private byte(address: number): number {
    return this.view.getUint8(address - RAM_START);
  }
}
