// The kernel's state, read from outside the guest: which task a hart runs, its name, and how many wait in each run queue.
// The offsets come with the kernel's build (host/debug/layout.ts). The guest does nothing for it and does not notice.

import { HARTS_MAX } from "../../build/gen/host/machine/core/layout.ts";
import type { Layout } from "../../host/debug/layout.ts";
import { type EmbeddedMachine, RAM_START } from "../../machine/host/machine.ts";
import { NO_TASK } from "../protocol/rows.ts";

const NAME_BYTES = 16;
const SENDERS_MASK = 0xff;

/** A task, as the picture names it. */
export interface KernelTask {
  identity: number;
  name: string;
}

export class KernelState {
  private readonly machine: EmbeddedMachine;
  private readonly layout: Layout;
  private readonly view: DataView;
  /** Address of the structure of each hart, by its physical number. */
  private places: number[] = [];

  constructor(machine: EmbeddedMachine, layout: Layout) {
    this.machine = machine;
    this.layout = layout;
    this.view = machine.ramView();
  }

  /** The task that a hart runs, or undefined. */
  taskOn(hart: number): KernelTask | undefined {
    const place = this.placeOf(hart);
    const task = place === undefined ? 0 : this.word(place + this.layout.number("Hart.running"));
    if (task < RAM_START) {
      return undefined;
    }
    const identity = this.word(task + this.layout.number("Task.id"));
    return { identity, name: this.nameAt(task + this.layout.number("Task.nameLow")) };
  }

  /** How many tasks wait in the run queue of each hart, by physical number. */
  queueLengths(): number[] {
    const { layout } = this;
    const table = layout.address("sched/queue/table");
    const stride = layout.number("QUEUE_STRIDE");
    return Array.from({ length: this.machine.settings.harts }, (_, hart) => {
      const index = this.indexOf(hart);
      const queue = table + index * stride;
      const isEmpty = index < 0 || this.word(queue + layout.number("RunQueue.waiting")) === 0;
      return isEmpty ? 0 : this.countIn(queue, stride);
    });
  }

  /** The harts, by physical number, whose mailbox says that they were sent an interrupt to hart `hart`. */
  sendersTo(hart: number): number[] {
    const place = this.placeOf(hart);
    if (place === undefined) {
      return [];
    }
    const mail = this.word(place + this.layout.number("Hart.mailbox0"));
    const senders = (mail >>> this.layout.number("MAIL_SENT_SHIFT")) & SENDERS_MASK;
    return this.places.flatMap((_, other) =>
      ((senders >> this.indexOf(other)) & 1) === 1 && other !== hart ? [other] : [],
    );
  }

  /** The tasks that stand in the queue at `queue`. */
  private countIn(queue: number, stride: number): number {
    const { layout } = this;
    const pool = layout.address("task/task/pool");
    const base = this.word(pool + layout.number("Pool.base"));
    const size = this.word(pool + layout.number("Pool.stride"));
    const count = this.word(pool + layout.number("Pool.count"));
    const at = layout.number("Task.queue");
    let found = 0;
    for (let index = 0; index < count; index += 1) {
      const word = this.word(base + index * size + at);
      if (word >= queue && word < queue + stride) {
        found += 1;
      }
    }
    return found;
  }

  private placeOf(hart: number): number | undefined {
    const known = this.places[hart];
    if (known !== undefined && this.word(known + this.layout.number("Hart.hartid")) === hart) {
      return known;
    }
    this.findPlaces();
    return this.places[hart];
  }

  /** The number by which the kernel knows a hart, or -1 before it does. */
  private indexOf(hart: number): number {
    const place = this.placeOf(hart);
    return place === undefined
      ? -1
      : (place - this.layout.address("harts")) / this.layout.number("HART_STRIDE");
  }

  /** Before the kernel has numbered its harts, they are all 0, and the first one stands for it. */
  private findPlaces(): void {
    const { layout, machine } = this;
    const places: number[] = [];
    for (let index = Math.min(machine.settings.harts, HARTS_MAX) - 1; index >= 0; index -= 1) {
      const place = layout.address("harts") + index * layout.number("HART_STRIDE");
      places[this.word(place + layout.number("Hart.hartid"))] = place;
    }
    this.places = places;
  }

  private nameAt(address: number): string {
    let name = "";
    for (let index = 0; index < NAME_BYTES; index += 1) {
      const byte = this.view.getUint8(address - RAM_START + index);
      if (byte === 0) {
        break;
      }
      name += String.fromCharCode(byte);
    }
    return name;
  }

  /** The word at a physical address; 0 outside RAM. */
  private word(address: number): number {
    const offset = address - RAM_START;
    return offset >= 0 && offset + 4 <= this.view.byteLength ? this.view.getUint32(offset, true) : 0;
  }
}

/** What stands for a task that is not known. */
export const nobody: KernelTask = { identity: NO_TASK, name: "" };
