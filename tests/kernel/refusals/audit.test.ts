// The audit trail: the same thing again is counted in its record, anything else has a record of its own, and a task that
// floods a kind pushes out only its own records.

import { beforeEach, expect, test } from "vitest";
import { Audit, auditKindCount } from "../../harness/abi.ts";
import { type Guest, guest } from "../../harness/guest.ts";

const HARTS = 0x0100_0000;
const RECORDS_A_TASK = 8;
const RECORDS_MAX = 32;
const KIND = Audit.CapabilityRefused;

let g: Guest;
let now: bigint;

beforeEach(async () => {
  now = 0n;
  g = await guest(
    {
      text: `
        import { Audit } from "abi/audit";
        import { hartAt, initHart, setHartCount } from "kernel/neuron/src/arch/riscv/hart";
        import { audit as add, auditInit, auditRecord, AuditRecord } from "kernel/neuron/src/diag/audit";
        export function boot(): void { setHartCount(1); initHart(0, 0); auditInit(); }
        export function audit(kind: u32, task: u32, word0: u64, word1: u64): void { add(<Audit>kind, task, word0, word1); }
        function found(kind: u32, after: u64): AuditRecord | null { return auditRecord(kind, after); }
        export function sequenceAfter(kind: u32, after: u64): u64 { const r = found(kind, after); return r === null ? 0 : r.sequence; }
        export function taskAfter(kind: u32, after: u64): u32 { const r = found(kind, after); return r === null ? 0 : r.task; }
        export function wordAfter(kind: u32, after: u64): u64 { const r = found(kind, after); return r === null ? 0 : r.word0; }
        export function timesAfter(kind: u32, after: u64): u32 { const r = found(kind, after); return r === null ? 0 : r.times; }
      `,
    },
    {
      imports: {
        symbols: { harts: () => HARTS, kernelStacks: () => 0, panicStacks: () => 0 },
        intrinsics: { hartPointer: () => HARTS, readTime: () => now++ },
      },
    },
  );
  g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  g.call("boot");
});

/** The records of a kind, oldest first: task, first word, how often. */
function trail(kind: number = KIND): [task: number, word: number, times: number][] {
  const records: [number, number, number][] = [];
  for (let after = 0n; records.length <= RECORDS_MAX; ) {
    const next = g.call64("sequenceAfter", kind, after);
    if (next === 0n) {
      break;
    }
    const word = Number(g.call64("wordAfter", kind, after));
    records.push([g.call("taskAfter", kind, after), word, g.call("timesAfter", kind, after)]);
    after = next;
  }
  return records;
}

const add = (task: number, word0: number, word1 = 0, kind: number = KIND): number =>
  g.call("audit", kind, task, BigInt(word0), BigInt(word1));

test("the same again is counted, and another task, word or second word is another record", () => {
  add(1, 10);
  add(1, 10);
  expect(trail()).toEqual([[1, 10, 2]]);
  add(2, 10);
  add(1, 11);
  add(1, 10, 5);
  expect(trail()).toEqual([
    [1, 10, 2],
    [2, 10, 1],
    [1, 11, 1],
    [1, 10, 1],
  ]);
  expect(
    Array.from({ length: auditKindCount }, (_, kind) => trail(kind).length).filter((n) => n > 0),
  ).toEqual([4]);
});

test("a limit that a hart reached is one record, with any count", () => {
  add(1, 0, 100, Audit.IpiLimited);
  add(1, 0, 200, Audit.IpiLimited);
  add(1, 1, 200, Audit.IpiLimited);
  expect(trail(Audit.IpiLimited)).toEqual([
    [1, 0, 2],
    [1, 1, 1],
  ]);
});

test("a task that floods has its last few records, and the others keep theirs", () => {
  for (const task of [1, 2]) {
    for (let word = 0; word < RECORDS_A_TASK; word++) {
      add(task, word);
    }
  }
  for (let word = 100; word < 1000; word++) {
    add(3, word);
  }
  const flood = trail().filter(([task]) => task === 3);
  expect(flood.map(([, word]) => word)).toEqual([992, 993, 994, 995, 996, 997, 998, 999]);
  for (const task of [1, 2]) {
    const kept = trail().filter(([whose]) => whose === task);
    expect(kept.map(([, word]) => word)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  }
});

test("of more tasks than there is room for, the oldest records go", () => {
  for (let task = 1; task <= RECORDS_MAX + 5; task++) {
    add(task, 7);
  }
  expect(trail().map(([task]) => task)).toEqual(Array.from({ length: RECORDS_MAX }, (_, n) => n + 6));
});

test("two services that say the same of a client have a record each", () => {
  add(50, 1, 0, Audit.BlockRefused);
  add(51, 1, 0, Audit.BlockRefused);
  add(50, 1, 0, Audit.BlockRefused);
  expect(trail(Audit.BlockRefused).sort()).toEqual([
    [50, 1, 2],
    [51, 1, 1],
  ]);
});

test("a client has its share of what a service says of it", () => {
  const clients = [1, 2];
  for (const client of clients) {
    add(50, client, 0, Audit.BlockRefused);
  }
  for (let sector = 0; sector < 100; sector++) {
    add(50, 1, sector, Audit.BlockRefused);
  }
  expect(trail(Audit.BlockRefused).map(([, client]) => client)).toEqual([
    2,
    ...Array(RECORDS_A_TASK).fill(1),
  ]);
});
