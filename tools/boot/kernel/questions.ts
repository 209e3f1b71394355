// What `monitor` can ask of Neuron's kernel while it stands still: its tasks, their capabilities, its run queues, locks and
// mailboxes, read from its memory. The guest does nothing for it and does not notice.

import { Kind, Right, SLOT_COUNT } from "../../../build/gen/host/source/abi/handle.ts";
import { Class, TASK_NAME_BYTES, TaskState, Wait } from "../../../build/gen/host/source/abi/task.ts";
import { Rank } from "../../../build/gen/host/source/kernel/neuron/src/sync/order.ts";
import type { Layout } from "../../../host/debug/layout.ts";
import type { Question } from "../../../machine/host/gdb/monitor.ts";
import type { EmbeddedMachine } from "../../../machine/host/machine.ts";
import { type KernelHart, readKernelHart } from "./harts.ts";

/** The kernel has no more tasks. */
const TASKS_MAX = 256;
/** The kind is in the low bits of a wait word (task/task.ts). */
const WAIT_KIND_MASK = 0xff;

/** The questions. @param layout reads the kernel's layout when the first of them is asked */
export function kernelQuestions(layout: () => Promise<Layout>): readonly Question[] {
  const ask =
    (answer: (machine: EmbeddedMachine, layout: Layout, argument: string) => string[]): Question["answer"] =>
    async ({ run }, argument) =>
      answer(run.machine, await layout(), argument);
  return [
    { word: "tasks", meaning: "the tasks of the kernel, and what each waits for", answer: ask(tasks) },
    {
      word: "caps",
      meaning: "caps TASK: the capabilities of a task, by its name or number",
      answer: ask(caps),
    },
    { word: "queues", meaning: "the run queue of each hart", answer: ask(queues) },
    { word: "locks", meaning: "which ranks of locks each hart holds, or waits for", answer: ask(locks) },
    {
      word: "mail",
      meaning: "which harts have sent each hart an interrupt that it has not taken yet",
      answer: ask(mail),
    },
  ];
}

/** A task, by the address of its structure. */
interface KernelTask {
  readonly at: number;
  readonly number: number;
  readonly name: string;
}

function livingTasks(machine: EmbeddedMachine, layout: Layout): KernelTask[] {
  const pool = layout.address("task/task/pool");
  const of = (field: string): number => machine.readWord(pool + layout.number(`Pool.${field}`));
  const count = Math.min(of("count"), TASKS_MAX);
  return Array.from({ length: count }, (_, index) => of("base") + index * of("stride"))
    .map((at, number) => ({ at, number, name: nameOf(machine, at + layout.number("Task.nameLow")) }))
    .filter(({ at }) => {
      const state = machine.readWord(at + layout.number("Task.stateWord"));
      // A place that no task has had yet is in the state of a new one, but its wait is over.
      return state !== TaskState.Ended && waitOf(machine, layout, at) !== Wait.Ended;
    });
}

function waitOf(machine: EmbeddedMachine, layout: Layout, task: number): number {
  return machine.readWord(task + layout.number("Task.wait")) & WAIT_KIND_MASK;
}

function nameOf(machine: EmbeddedMachine, address: number): string {
  const bytes = machine.readMemory(address, TASK_NAME_BYTES);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

function tasks(machine: EmbeddedMachine, layout: Layout): string[] {
  const running = new Map(hartsOf(machine, layout).map((hart) => [hart.running, hart.index]));
  const rows = livingTasks(machine, layout).map(({ at, number, name }) => {
    const word = (field: string): number => machine.readWord(at + layout.number(`Task.${field}`));
    const wait = waitOf(machine, layout, at);
    const hart = running.get(at);
    const doing =
      hart !== undefined ? `runs on hart ${hart}` : wait === Wait.None ? "is ready" : nameIn(Wait, wait);
    return [`${number}`, name, nameIn(Class, word("ownClass")), doing, `0x${at.toString(16)}`];
  });
  return aligned([["task", "name", "class", "state", "at"], ...rows]);
}

function caps(machine: EmbeddedMachine, layout: Layout, which: string): string[] {
  const all = livingTasks(machine, layout);
  const task = all.find(({ name, number }) => name === which || `${number}` === which);
  if (task === undefined) {
    return [`there is no task "${which}": ${all.map(({ name }) => name).join(", ")}`];
  }
  const bytes = layout.number("Capability");
  const index = machine.readWord(task.at + layout.number("Task.index"));
  const first = layout.address("task/handles/table") + index * SLOT_COUNT * bytes;
  const rows = Array.from({ length: SLOT_COUNT }, (_, slot) => slot).flatMap((slot) => {
    const at = first + slot * bytes;
    const [kind = 0] = machine.readMemory(at + layout.number("Capability.kind"), 1);
    const [rights = 0] = machine.readMemory(at + layout.number("Capability.rights"), 1);
    const object = machine.readWord(at + layout.number("Capability.object"));
    return kind === Kind.Empty
      ? []
      : [[`${slot}`, nameIn(Kind, kind), rightsText(rights), `0x${object.toString(16)}`]];
  });
  return aligned([["slot", "kind", "rights", "object"], ...rows]);
}

function rightsText(rights: number): string {
  const names = Object.entries(Right).filter(
    ([name, bit]) => name !== "None" && name !== "All" && (rights & bit) !== 0,
  );
  return names.map(([name]) => name.toLowerCase()).join("+") || "none";
}

function queues(machine: EmbeddedMachine, layout: Layout): string[] {
  const stride = layout.number("QUEUE_STRIDE");
  const all = livingTasks(machine, layout);
  return hartsOf(machine, layout).map(({ index }) => {
    const queue = layout.address("sched/queue/table") + index * stride;
    const waiting = all.filter(({ at }) => {
      const place = machine.readWord(at + layout.number("Task.queue"));
      return place >= queue && place < queue + stride;
    });
    return `hart ${index}: ${waiting.length === 0 ? "empty" : waiting.map(({ name }) => name).join(", ")}`;
  });
}

function locks(machine: EmbeddedMachine, layout: Layout): string[] {
  return hartsOf(machine, layout).map(({ index, heldRanks }) => {
    const held = Object.entries(Rank).filter(([, rank]) => ((heldRanks >> rank) & 1) === 1);
    return `hart ${index}: ${held.length === 0 ? "none" : held.map(([name]) => name).join(", ")}`;
  });
}

function mail(machine: EmbeddedMachine, layout: Layout): string[] {
  const shift = layout.number("MAIL_SENT_SHIFT");
  const harts = hartsOf(machine, layout);
  return harts.map(({ index, mailbox }) => {
    const from = harts.filter((other) => ((mailbox >> (shift + other.index)) & 1) === 1);
    return `hart ${index}: ${from.length === 0 ? "empty" : `from ${from.map((other) => `hart ${other.index}`).join(", ")}`}`;
  });
}

/** The harts that take part, by their logical numbers. */
function hartsOf(machine: EmbeddedMachine, layout: Layout): KernelHart[] {
  return Array.from({ length: machine.settings.harts }, (_, index) =>
    readKernelHart(machine, layout, index),
  ).filter(({ online }) => online !== 0);
}

/** The name of a member with this value. */
function nameIn(values: Readonly<Record<string, number>>, value: number): string {
  return (
    Object.entries(values)
      .find(([, each]) => each === value)?.[0]
      .toLowerCase() ?? `${value}`
  );
}

/** Rows with columns below each other. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
      .join("")
      .trimEnd(),
  );
}
