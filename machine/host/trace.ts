// The event trace for people and for viewers: a line an event, or the format of Chrome's trace viewer, which Perfetto
// (ui.perfetto.dev) opens: a track for each hart, with what it did in user mode, in the kernel and while it waited.
//
// Nothing here is Node's.

/** An event, as the machine tells it (machine/core/trace.ts). */
export interface TraceEvent {
  kind: number;
  hart: number;
  /** Instructions of all harts, with skipped idle time. */
  clock: bigint;
  first: bigint;
  second: bigint;
}

const kinds = ["trap", "return", "space", "firmware", "read", "write", "wait"] as const;

/** The clock's unit: 32 instructions are a tick of 100 ns, so one is 3.125 ns. */
const MICROSECONDS_PER_INSTRUCTION = 0.003_125;

const INTERRUPT = 1n << 63n;
const interrupts = new Map([
  [1n, "software interrupt"],
  [5n, "timer interrupt"],
  [9n, "external interrupt"],
  [3n, "machine software interrupt"],
  [7n, "machine timer interrupt"],
  [11n, "machine external interrupt"],
]);
const exceptions = new Map([
  [0n, "fetch misaligned"],
  [1n, "fetch access fault"],
  [2n, "illegal instruction"],
  [3n, "breakpoint"],
  [5n, "load access fault"],
  [7n, "store access fault"],
  [8n, "system call"],
  [9n, "call from supervisor mode"],
  [12n, "fetch page fault"],
  [13n, "load page fault"],
  [15n, "store page fault"],
]);
const extensions = new Map([
  [0x10n, "base"],
  [0x54494d45n, "set timer"],
  [0x735049n, "send IPI"],
  [0x52464e43n, "remote fence"],
  [0x48534dn, "hart state"],
  [0x53525354n, "system reset"],
  [0x4442434en, "debug console"],
]);
const devices: readonly (readonly [start: bigint, name: string])[] = [
  [0x1000_1000n, "virtio"],
  [0x1000_0000n, "uart"],
  [0x0c00_0000n, "plic"],
  [0x02f0_0000n, "sswi"],
  [0x0200_0000n, "clint"],
  [0x0010_0000n, "finisher"],
];

/** Whether an instruction trapped: it was executed, and did not retire. */
export function isException({ kind, first }: TraceEvent): boolean {
  return kinds[kind] === "trap" && (first & INTERRUPT) === 0n;
}

/** An event as one line: the clock, the hart, what happened. */
export function eventLine(event: TraceEvent): string {
  return `${String(event.clock).padStart(14)}  hart ${event.hart}  ${eventText(event)}`;
}

/** What happened, in words. */
export function eventText({ kind, first, second }: TraceEvent): string {
  switch (kinds[kind]) {
    case "trap":
      return `${causeText(first)} at ${hex(second)}`;
    case "return":
      return `returns to ${first === 0n ? "user" : "supervisor"} mode at ${hex(second)}`;
    case "space":
      return `address space ${(first >> 44n) & 0xffffn}, root ${hex((first & 0xfff_ffff_ffffn) << 12n)}`;
    case "firmware":
      return `firmware: ${extensions.get(first) ?? `extension ${hex(first)}`}, function ${second}`;
    case "read":
      return `reads ${deviceText(first)}: ${hex(second)}`;
    case "write":
      return `writes ${deviceText(first)}: ${hex(second)}`;
    case "wait":
      return `waits for an interrupt at ${hex(first)}`;
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
    const kind = kinds[event.kind];
    if (kind === "trap") this.does(event, causeText(event.first));
    else if (kind === "return") this.does(event, event.first === 0n ? "user" : "kernel");
    else if (kind === "wait") this.does(event, "waits");
    this.row(event, { ph: "i", s: "t", name: eventText(event), cat: kind ?? "event" });
  }

  /** The whole file. */
  text(): string {
    return `{"displayTimeUnit":"ns","traceEvents":[\n${this.rows.join(",\n")}\n]}\n`;
  }

  private does(event: TraceEvent, what: string): void {
    const before = this.doing.get(event.hart);
    if (before === what) return;
    if (before !== undefined) this.row(event, { ph: "E", name: before, cat: "mode" });
    this.doing.set(event.hart, what);
    this.row(event, { ph: "B", name: what, cat: "mode" });
  }

  private row({ clock, hart }: TraceEvent, fields: Record<string, string>): void {
    const ts = Number(clock) * MICROSECONDS_PER_INSTRUCTION;
    this.rows.push(JSON.stringify({ pid: 0, tid: hart, ts, ...fields }));
  }
}

function causeText(cause: bigint): string {
  if ((cause & INTERRUPT) !== 0n)
    return interrupts.get(cause & ~INTERRUPT) ?? `interrupt ${cause & ~INTERRUPT}`;
  return exceptions.get(cause) ?? `exception ${cause}`;
}

function deviceText(address: bigint): string {
  const device = devices.find(([start]) => address >= start);
  return device === undefined ? hex(address) : `${device[1]}+${hex(address - device[0])}`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
