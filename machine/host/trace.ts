// The event trace in two forms. One has a line for each event. The other is the format of Chrome's trace viewer, which Perfetto
// (ui.perfetto.dev) opens: it shows a track for each hart, with its time in user mode, in the kernel and in waiting.
//
// Nothing here is Node's.

import * as bus from "../../build/gen/host/machine/core/devices/bus.ts";
import { Extension } from "../../build/gen/host/machine/core/firmware/firmware.ts";
import { Interrupt, Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import { Cause } from "../../build/gen/host/machine/core/hart/trap.ts";
import { Event } from "../../build/gen/host/machine/core/trace.ts";
import { textsOf } from "./members.ts";

/** An event, as the machine tells it. */
export interface TraceEvent {
  /** An `Event`. */
  kind: number;
  /** Its number, or DISK for what the disk does by itself. */
  hart: number;
  /** Instructions of all harts, with skipped idle time. */
  clock: bigint;
  first: bigint;
  second: bigint;
}

/** In place of a hart's number: the disk. */
export const DISK = -1;

/** Time of one instruction: 32 instructions are a tick of 100 ns. */
const MICROSECONDS_PER_INSTRUCTION = 0.003_125;

/** The categories by which a viewer filters. */
const categories = textsOf(Event, {
  Trap: "trap",
  Return: "return",
  Space: "space",
  Firmware: "firmware",
  DeviceRead: "read",
  DeviceWrite: "write",
  Wait: "wait",
  Wake: "wake",
  Start: "start",
  DiskTake: "disk",
  DiskAnswer: "disk",
});

const USER = BigInt(Mode.User);
const INTERRUPT = 1n << 63n;
const interrupts = textsOf(Interrupt, {
  SupervisorSoftware: "software interrupt",
  MachineSoftware: "machine software interrupt",
  SupervisorTimer: "timer interrupt",
  MachineTimer: "machine timer interrupt",
  SupervisorExternal: "external interrupt",
  MachineExternal: "machine external interrupt",
});
const exceptions = textsOf(Cause, {
  FetchMisaligned: "fetch misaligned",
  FetchAccess: "fetch access fault",
  Illegal: "illegal instruction",
  Breakpoint: "breakpoint",
  LoadMisaligned: "load misaligned",
  LoadAccess: "load access fault",
  StoreMisaligned: "store misaligned",
  StoreAccess: "store access fault",
  UserCall: "system call",
  SupervisorCall: "call from supervisor mode",
  MachineCall: "call from machine mode",
  FetchPage: "fetch page fault",
  LoadPage: "load page fault",
  StorePage: "store page fault",
});
const extensions = textsOf(Extension, {
  LegacySetTimer: "legacy set timer",
  LegacyPutchar: "legacy put character",
  LegacyGetchar: "legacy get character",
  LegacyClearIpi: "legacy clear IPI",
  LegacyShutdown: "legacy shutdown",
  Base: "base",
  Time: "set timer",
  Ipi: "send IPI",
  Rfence: "remote fence",
  Hsm: "hart state",
  Srst: "system reset",
  Dbcn: "debug console",
});
const devices: readonly (readonly [start: bigint, name: string])[] = [
  [bus.VIRTIO, "virtio"],
  [bus.UART, "uart"],
  [bus.PLIC, "plic"],
  [bus.SSWI, "sswi"],
  [bus.MSWI, "clint"],
  [bus.FINISHER, "finisher"],
];

/** Whether the event is an exception: its instruction was executed, but did not retire. */
export function isException({ kind, first }: TraceEvent): boolean {
  return kind === Event.Trap && (first & INTERRUPT) === 0n;
}

/** An event as one line: the clock, the hart, what happened. */
export function eventLine(event: TraceEvent): string {
  const who = event.hart === DISK ? "disk  " : `hart ${event.hart}`;
  return `${String(event.clock).padStart(14)}  ${who}  ${eventText(event)}`;
}

/** What happened, in words. */
export function eventText({ kind, first, second }: TraceEvent): string {
  switch (kind) {
    case Event.Trap:
      return `${causeText(first)} at ${hex(second)}`;
    case Event.Return:
      return `returns to ${first === USER ? "user" : "supervisor"} mode at ${hex(second)}`;
    case Event.Space:
      return `address space ${(first >> 44n) & 0xffffn}, root ${hex((first & 0xfff_ffff_ffffn) << 12n)}`;
    case Event.Firmware:
      return `firmware: ${extensions.get(Number(first)) ?? `extension ${hex(first)}`}, function ${second}`;
    case Event.DeviceRead:
      return `reads ${deviceText(first)}: ${hex(second)}`;
    case Event.DeviceWrite:
      return `writes ${deviceText(first)}: ${hex(second)}`;
    case Event.Wait:
      return `waits for an interrupt at ${hex(first)}`;
    case Event.Wake:
      return `is woken by ${pendingText(first)}`;
    case Event.Start:
      return `starts at ${hex(first)}`;
    case Event.DiskTake:
      return `takes request ${first}`;
    case Event.DiskAnswer:
      return answerText(first, diskAnswerOf(second));
    default:
      return `event ${kind}`;
  }
}

/** Collects events and gives them as the JSON of Chrome's trace viewer. */
export class TraceFile {
  private readonly rows: string[] = [];
  /** What each hart is doing, for the bars of its track. */
  private readonly doing = new Map<number, string>();

  add(event: TraceEvent): void {
    if (event.kind === Event.Trap) {
      this.does(event, causeText(event.first));
    } else if (event.kind === Event.Return) {
      this.does(event, event.first === USER ? "user" : "kernel");
    } else if (event.kind === Event.Wake || event.kind === Event.Start) {
      this.does(event, "kernel");
    } else if (event.kind === Event.Wait) {
      this.does(event, "waits");
    }
    this.row(event, { ph: "i", s: "t", name: eventText(event), cat: categories.get(event.kind) ?? "event" });
  }

  /** The whole file. */
  text(): string {
    return `{"displayTimeUnit":"ns","traceEvents":[\n${this.rows.join(",\n")}\n]}\n`;
  }

  private does(event: TraceEvent, what: string): void {
    const before = this.doing.get(event.hart);
    if (before === what) {
      return;
    }
    if (before !== undefined) {
      this.row(event, { ph: "E", name: before, cat: "mode" });
    }
    this.doing.set(event.hart, what);
    this.row(event, { ph: "B", name: what, cat: "mode" });
  }

  private row({ clock, hart }: TraceEvent, fields: Record<string, string>): void {
    const ts = Number(clock) * MICROSECONDS_PER_INSTRUCTION;
    this.rows.push(JSON.stringify({ pid: 0, tid: hart, ts, ...fields }));
  }
}

function causeText(cause: bigint): string {
  if ((cause & INTERRUPT) !== 0n) {
    return interrupts.get(Number(cause & ~INTERRUPT)) ?? `interrupt ${cause & ~INTERRUPT}`;
  }
  return exceptions.get(Number(cause)) ?? `exception ${cause}`;
}

/** The interrupts of a mask, in words. */
function pendingText(mask: bigint): string {
  const names = [...interrupts].flatMap(([number, name]) =>
    ((mask >> BigInt(number)) & 1n) === 1n ? [name] : [],
  );
  return names.join(", ");
}

/** What the disk's answer to a request was. */
export interface DiskAnswer {
  sector: number;
  /** virtio 1.2, 5.2.6: 0 is good. */
  status: number;
  byteCount: number;
}

/** The second word of a DiskAnswer (machine/core/trace.ts). */
export function diskAnswerOf(word: bigint): DiskAnswer {
  const field = (shift: bigint, bits: bigint): number => Number((word >> shift) & ((1n << bits) - 1n));
  return { sector: field(32n, 32n), status: field(24n, 8n), byteCount: field(0n, 24n) };
}

function answerText(number: bigint, { sector, status, byteCount }: DiskAnswer): string {
  return `answers request ${number}: sector ${sector}, ${byteCount} bytes, status ${status}`;
}

function deviceText(address: bigint): string {
  const device = devices.find(([start]) => address >= start);
  return device === undefined ? hex(address) : `${device[1]}+${hex(address - device[0])}`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
