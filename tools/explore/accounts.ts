// What the kernel holds, counted by walking everything, while every hart waits: then nobody is in the middle of anything, and each
// count that the kernel keeps must be what the walk finds.
//
//     references of a task, endpoint, notification, memory object     capabilities, mappings, pins, bindings that name it
//     frames                                                           free ones, memory objects, page tables: as many as ever
//
// What is held by nobody is a leak, even if no later call ever notices.

import { type EmbeddedMachine, RAM_START } from "../../machine/host/machine.ts";
import type { Layout } from "./layout.ts";

/** Kinds of capabilities that are counted (abi/handle.ts). */
const kind = { task: 1, endpoint: 2, notification: 3, vmo: 4 };
const RIGHT_RECEIVE = 16;
const STATE_ENDED = 2;
const NO_OBJECT = 0xffff_ffff;

/** Sv39: entries of a table, the bit of a valid one, and the bits of one that maps memory. */
const ENTRIES = 512;
const ENTRY_BYTES = 8;
const VALID = 1n;
const LEAF = 0xen;
const PAGE_SHIFT = 12n;
const PPN_SHIFT = 10n;
const PPN_MASK = (1n << 44n) - 1n;
/** Root entries that are a task's own (docs/architecture). */
const ROOT_USER_ENTRIES = 2;

/** What was found at one moment. */
export interface Accounts {
  /** Each count that is not what the walk finds, in words. */
  problems: string[];
  /** Frames that are free, in memory objects, or page tables of tasks. */
  frames: number;
}

/** A table of objects of one size, with its free list. */
interface Table {
  base: number;
  stride: number;
  /** The objects that are in use. */
  used: number[];
}

/** Walks everything. Every hart waits. */
export function takeAccounts(machine: EmbeddedMachine, layout: Layout): Accounts {
  return new Walk(machine, layout).accounts();
}

class Walk {
  private readonly view: DataView;
  private readonly layout: Layout;
  private readonly problems: string[] = [];
  /** References that were found, by kind and index. */
  private readonly found = new Map<string, number>();

  constructor(machine: EmbeddedMachine, layout: Layout) {
    this.layout = layout;
    this.view = machine.ramView();
  }

  accounts(): Accounts {
    const tasks = this.table("task/task/pool");
    const vmos = this.table("mm/vmo/pool");
    const endpoints = this.table("task/endpoint/endpointPool");
    const notifications = this.table("task/endpoint/notificationPool");
    let frames = this.freeFrames();
    for (const index of tasks.used) {
      const at = tasks.base + index * tasks.stride;
      this.walkTask(index, at);
      const root = this.field(at, "Task", "root");
      if (this.isThere(at)) frames += this.pageTables(root);
    }
    this.walkPins();
    this.walkBindings();
    for (const index of vmos.used) {
      const at = vmos.base + index * vmos.stride;
      this.expect("memory object", index, this.field(at, "Vmo", "references"));
      if (this.field(at, "Vmo", "permanent") === 0) frames += this.field(at, "Vmo", "pages");
    }
    for (const index of endpoints.used) {
      const at = endpoints.base + index * endpoints.stride;
      this.expect("endpoint", index, this.field(at, "Endpoint", "references"));
      this.expect("right to receive at endpoint", index, this.field(at, "Endpoint", "receiveRights"));
    }
    this.expectNotifications(notifications);
    for (const index of tasks.used) {
      this.expect("task", index, this.field(tasks.base + index * tasks.stride, "Task", "references"));
    }
    this.expectNoOthers({
      "memory object": vmos,
      endpoint: endpoints,
      notification: notifications,
      task: tasks,
    });
    return { problems: this.problems, frames };
  }

  /** The console's owner has one reference more, to a notification that only it knows. */
  private expectNotifications({ base, stride, used }: Table): void {
    let spare = this.word(this.layout.address("ipc/console/owner")) === 0 ? 0 : 1;
    for (const index of used) {
      const references = this.field(base + index * stride, "Notification", "references");
      if (spare > 0 && references === this.count("notification", index) + 1) spare -= 1;
      else this.expect("notification", index, references);
    }
  }

  private walkTask(index: number, at: number): void {
    const hasEnded = !this.isThere(at);
    const isTold = hasEnded && this.field(at, "Task", "lingers") === 0;
    if (!isTold) {
      this.add("task", index);
      const told = this.field(at, "Task", "endNotification");
      if (told !== 0) this.add("notification", told - 1);
    }
    this.walkCapabilities(index, hasEnded);
    if (hasEnded) return;
    const bound = this.field(at, "Task", "bound");
    if (bound !== 0) this.add("notification", bound - 1);
    const making = this.field(at, "Task", "making");
    if (making !== NO_OBJECT) this.add("memory object", making);
    this.walkMappings(index);
  }

  private walkCapabilities(task: number, hasEnded: boolean): void {
    const size = this.layout.number("Capability");
    const slots = this.layout.number("SLOT_COUNT");
    const first = this.layout.address("task/handles/table") + task * slots * size;
    for (let slot = 0; slot < slots; slot++) {
      const at = first + slot * size;
      const which = this.byte(at + this.layout.number("Capability.kind"));
      if (which === 0) continue;
      if (hasEnded) this.problems.push(`task ${task} has ended and holds something in slot ${slot}`);
      const object = this.field(at, "Capability", "object");
      if (which === kind.task) this.add("task", object);
      if (which === kind.notification) this.add("notification", object);
      if (which === kind.vmo) this.add("memory object", object);
      if (which !== kind.endpoint) continue;
      this.add("endpoint", object);
      const rights = this.byte(at + this.layout.number("Capability.rights"));
      if ((rights & RIGHT_RECEIVE) !== 0) this.add("right to receive at endpoint", object);
    }
  }

  private walkMappings(task: number): void {
    const size = this.layout.number("Mapping");
    const most = this.layout.number("MAPPINGS_MAX");
    const first = this.layout.address("task/mappings/table") + task * most * size;
    for (let index = 0; index < most; index++) {
      const at = first + index * size;
      if (this.field(at, "Mapping", "pages") === 0) continue;
      const vmo = this.field(at, "Mapping", "vmoPlusOne");
      if (vmo !== 0) this.add("memory object", vmo - 1);
    }
  }

  private walkPins(): void {
    for (let index = 0; index < this.layout.number("PINS_MAX"); index++) {
      const at = this.layout.address("mm/pins/table") + index * this.layout.number("Pin");
      if (this.field(at, "Pin", "device") !== 0) this.add("memory object", this.field(at, "Pin", "vmo"));
    }
  }

  private walkBindings(): void {
    for (let source = 1; source < this.layout.number("PLIC_SOURCES_MAX"); source++) {
      const at = this.layout.address("irq/interrupts/table") + source * this.layout.number("Binding");
      const bound = this.field(at, "Binding", "notification");
      if (bound !== 0) this.add("notification", bound - 1);
    }
  }

  /** Whether a task is unborn or alive: what it has is its own then. */
  private isThere(at: number): boolean {
    return this.field(at, "Task", "state") !== STATE_ENDED;
  }

  /** Frames of the tables of a task's address space, the root among them. */
  private pageTables(root: number): number {
    let count = 1;
    for (let top = 0; top < ROOT_USER_ENTRIES; top++) {
      const middle = this.nextTable(root, top);
      if (middle === undefined) continue;
      count += 1;
      for (let entry = 0; entry < ENTRIES; entry++)
        if (this.nextTable(middle, entry) !== undefined) count += 1;
    }
    return count;
  }

  private nextTable(table: number, index: number): number | undefined {
    const entry = this.view.getBigUint64(table + index * ENTRY_BYTES - RAM_START, true);
    if ((entry & VALID) === 0n || (entry & LEAF) !== 0n) return undefined;
    return Number(((entry >> PPN_SHIFT) & PPN_MASK) << PAGE_SHIFT);
  }

  private freeFrames(): number {
    let count = 0;
    const heads = this.layout.address("mm/frames/heads");
    for (let order = 0; order <= this.layout.number("ORDER_MAX"); order++) {
      for (let block = this.word(heads + order * 4); block !== 0; block = this.word(block))
        count += 2 ** order;
    }
    return count;
  }

  /** The objects of a pool (mm/pool.ts): those that its free list does not name are in use. */
  private table(name: string): Table {
    const pool = this.layout.address(name);
    const base = this.field(pool, "Pool", "base");
    const stride = this.field(pool, "Pool", "stride");
    const free = new Set<number>();
    for (
      let next = this.field(pool, "Pool", "free");
      next !== 0;
      next = this.word(base + (next - 1) * stride)
    ) {
      free.add(next - 1);
    }
    const all = Array.from({ length: this.field(pool, "Pool", "count") }, (_, index) => index);
    return { base, stride, used: all.filter((index) => !free.has(index)) };
  }

  private add(what: string, index: number): void {
    this.found.set(`${what} ${index}`, this.count(what, index) + 1);
  }

  private count(what: string, index: number): number {
    return this.found.get(`${what} ${index}`) ?? 0;
  }

  private expect(what: string, index: number, kept: number): void {
    const found = this.count(what, index);
    if (kept !== found) this.problems.push(`${what} ${index} counts ${kept} references, and has ${found}`);
  }

  /** Nothing names an object that is free. */
  private expectNoOthers(tables: Readonly<Record<string, Table>>): void {
    for (const name of this.found.keys()) {
      const space = name.lastIndexOf(" ");
      const table = tables[name.slice(0, space)];
      const index = Number(name.slice(space + 1));
      if (table !== undefined && !table.used.includes(index))
        this.problems.push(`${name} is free, and something names it`);
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
