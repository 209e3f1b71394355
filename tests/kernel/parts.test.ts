// Small parts that stand by themselves: the tick's arithmetic, the PLIC's registers, run queues, pools, hexadecimal text,
// and which fault is called what.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forever } from "../harness/abi.ts";
import { defined } from "../harness/defined.ts";
import { guest } from "../harness/guest.ts";

const HARTS = 0x0100_0000;
const symbols = { harts: () => HARTS, kernelStacks: () => 0, panicStacks: () => 0 };

describe("the timer", () => {
  /** A hart's timer, with or without Sstc, and what was programmed. */
  async function timer(sstc: boolean) {
    const state = { time: 0n, programmed: [] as bigint[] };
    const g = await guest(
      {
        text: `
          import { hartAt, initHart } from "kernel/neuron/src/arch/riscv/hart";
          import * as timer from "kernel/neuron/src/arch/riscv/timer";
          export function boot(sstc: bool): void { initHart(0, 0); timer.timerInit(10_000_000, sstc); }
          export function start(): void { timer.timerStartHart(hartAt(0)); }
          export function take(time: u64): bool { return timer.takeTick(hartAt(0), time); }
          export function before(deadline: u64): void { timer.timerBefore(hartAt(0), deadline); }
          export function next(earliest: u64): void { timer.timerProgramNext(hartAt(0), earliest); }
          export function stop(): void { timer.timerStopHart(hartAt(0)); }
          export function nextTick(): u64 { return hartAt(0).nextTick; }
          export function ticks(): u64 { return hartAt(0).ticks; }
        `,
      },
      {
        imports: {
          symbols,
          intrinsics: {
            hartPointer: () => HARTS,
            readTime: () => state.time,
            setSie: () => {},
            writeStimecmp: (value: bigint) => {
              state.programmed.push(BigInt.asUintN(64, value));
            },
          },
          assembly: {
            sbiEcall: (extension: bigint, _function: bigint, deadline: bigint) => {
              expect(extension).toBe(0x5449_4d45n);
              state.programmed.push(BigInt.asUintN(64, deadline));
              return 0n;
            },
          },
        },
      },
    );
    g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
    g.call("boot", sstc ? 1 : 0);
    g.call("start");
    return { g, state };
  }

  test.each([true, false])(
    "counts each interval once, and the next tick is never in the past (Sstc %s)",
    async (sstc) => {
      const { g, state } = await timer(sstc);
      expect(state.programmed).toEqual([100_000n]);
      fc.assert(
        fc.property(fc.array(fc.bigInt({ min: 0n, max: 350_000n }), { maxLength: 50 }), (steps) => {
          for (const step of steps) {
            state.time += step;
            const due = g.call64("nextTick");
            const before = g.call64("ticks");
            const isDue = g.call("take", state.time) !== 0;
            expect(isDue).toBe(state.time >= due);
            expect(g.call64("ticks")).toBe(before + (isDue ? 1n : 0n));
            const next = g.call64("nextTick");
            expect(next).toBeGreaterThan(state.time);
            // On the grid that it began with, and not a whole interval too late.
            expect((next - 100_000n) % 100_000n).toBe(0n);
            expect(next - state.time).toBeLessThanOrEqual(100_000n);
            g.call("next", BigInt.asIntN(64, forever));
            expect(state.programmed.at(-1)).toBe(next);
          }
        }),
      );
    },
  );

  test("comes earlier for a sleeper, and never later because of one", async () => {
    const { g, state } = await timer(true);
    g.call("before", 60_000n);
    g.call("before", 70_000n);
    expect(state.programmed).toEqual([100_000n, 60_000n]);
    g.call("next", 90_000n);
    expect(state.programmed.at(-1)).toBe(90_000n);
    g.call("next", 190_000n);
    expect(state.programmed.at(-1)).toBe(100_000n);
    g.call("stop");
    expect(state.programmed.at(-1)).toBe(forever);
  });
});

test("a hart beyond those that the system uses is not online, whatever stands in its place", async () => {
  const g = await guest(
    {
      text: `
        import { hartAt, isOnline, onlineMask, Online, setHartCount } from "kernel/neuron/src/arch/riscv/hart";
        export { isOnline, onlineMask };
        export function boot(count: u32): void {
          setHartCount(count);
          for (let i: u32 = 0; i <= count; i++) hartAt(i).online.value = Online.Yes;
        }
      `,
    },
    { imports: { symbols } },
  );
  g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  g.call("boot", 2);
  expect([0, 1, 2].map((hart) => g.call("isOnline", hart))).toEqual([1, 1, 0]);
  expect(g.call("onlineMask")).toBe(0b11);
});

describe("the PLIC", () => {
  /** One with its registers at `base`, or none. */
  async function plic(base = 0xcc00_0000) {
    const registers = new Map<number, number>();
    const reads: number[] = [];
    const writes: [number, number][] = [];
    const g = await guest(
      {
        text: `
          import { hartAt, initHart } from "kernel/neuron/src/arch/riscv/hart";
          import * as plic from "kernel/neuron/src/arch/riscv/plic";
          export { plicEnable, plicComplete, plicContextsIn, setPlicContext, plicInit } from "kernel/neuron/src/arch/riscv/plic";
          export function boot(): void { for (let i: u32 = 0; i < 4; i++) initHart(i, i); }
          export function start(hart: u32): void { plic.plicStartHart(hartAt(hart)); }
          export function claim(hart: u32): u32 { return plic.plicClaim(hartAt(hart)); }
        `,
      },
      {
        imports: {
          symbols,
          intrinsics: {
            hartPointer: () => HARTS,
            setSie: (mask: bigint) => expect(mask).toBe(0x200n),
            volatileLoad32: (at: number) => {
              reads.push((at >>> 0) - base);
              return registers.get((at >>> 0) - base) ?? 0;
            },
            volatileStore32: (at: number, value: number) => {
              registers.set((at >>> 0) - base, value >>> 0);
              writes.push([(at >>> 0) - base, value >>> 0]);
            },
          },
        },
      },
    );
    g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
    g.call("boot");
    g.call("plicInit", base);
    for (const [hart, context] of [3, 1, 0xffff_ffff, 7].entries()) {
      g.call("setPlicContext", hart, context);
    }
    return { g, registers, reads, writes };
  }

  test("has its registers where the specification says, by context and not by hart", async () => {
    const { g, registers, writes } = await plic();
    g.call("start", 0);
    expect(writes.map(([at]) => at)).toEqual([0x2180, 0x2184, 0x2188, 0x20_3000]);
    writes.length = 0;
    g.call("plicEnable", 0, 33, 1);
    expect(registers.get(33 * 4)).toBe(1);
    expect(registers.get(0x2184)).toBe(2);
    // The threshold comes last: QEMU looks at what is pending only then.
    expect(writes.at(-1)).toEqual([0x20_3000, 0]);
    g.call("plicEnable", 0, 63, 1);
    expect(registers.get(0x2184)).toBe(0x8000_0002);
    g.call("plicEnable", 0, 33, 0);
    expect(registers.get(0x2184)).toBe(0x8000_0000);
    expect(registers.get(33 * 4)).toBe(0);
    registers.set(0x20_1004, 9);
    expect(g.call("claim", 1)).toBe(9);
    g.call("plicComplete", 1, 9);
    expect(writes.at(-1)).toEqual([0x20_1004, 9]);
  });

  test("is left alone by a hart that has no context there", async () => {
    const { g, reads, writes } = await plic();
    g.call("start", 2);
    g.call("plicEnable", 2, 1, 1);
    expect(g.call("claim", 2)).toBe(0);
    expect([reads, writes]).toEqual([[], []]);
  });

  test("is left alone where there is none", async () => {
    const { g, reads, writes } = await plic(0);
    g.call("start", 0);
    g.call("plicEnable", 0, 1, 1);
    expect(g.call("claim", 0)).toBe(0);
    expect([reads, writes]).toEqual([[], []]);
  });

  test("has only as many contexts as its registers have room for", async () => {
    const { g } = await plic();
    expect(g.call("plicContextsIn", 0x20_0000)).toBe(0);
    expect(g.call("plicContextsIn", 0)).toBe(0);
    expect(g.call("plicContextsIn", 0x20_1000)).toBe(1);
    expect(g.call("plicContextsIn", 0x60_0000)).toBe(0x400);
    expect(g.call("plicContextsIn", 0xffff_f000)).toBe((0x20_0000 - 0x2000) / 0x80);
  });
});

describe("a run queue", () => {
  test("is first in, first out within a class; urgent tasks go first, and another hart may take only a task without a hint", async () => {
    const g = await guest(
      {
        text: `
          import { hartAt } from "kernel/neuron/src/arch/riscv/hart";
          import { RunQueue, queueOf } from "kernel/neuron/src/sched/queue";
          import { Task } from "kernel/neuron/src/task/objects";
          import { taskAt, tasksInit } from "kernel/neuron/src/task/task";
          function open(queue: u32): void {
            hartAt(queue).online.value = 0;
            queueOf(queue).open(hartAt(queue));
          }
          export function boot(): void {
            tasksInit();
            for (let i: u32 = 0; i < 4; i++) { queueOf(i).init(); open(i); }
            for (let i: u32 = 0; i < 32; i++) taskAt(i).index = i;
          }
          export function push(queue: u32, task: u32, taskClass: u32, hinted: u32): bool {
            taskAt(task).taskClass = taskClass;
            taskAt(task).hinted = hinted;
            return queueOf(queue).push(taskAt(task));
          }
          function indexOf(task: Task | null): i32 { return task === null ? -1 : <i32>task.index; }
          export function pop(queue: u32): i32 { return indexOf(queueOf(queue).pop()); }
          export function steal(queue: u32, taskClass: u32): i32 { return indexOf(queueOf(queue).steal(taskClass)); }
          export function classes(queue: u32): u32 { return queueOf(queue).classes; }
          export function close(queue: u32, closed: bool): void { if (closed) queueOf(queue).close(); else open(queue); }
        `,
      },
      { imports: { intrinsics: { hartPointer: () => 0x9_0000 }, symbols: { harts: () => 0x9_0000 } } },
    );
    g.memory.grow(16);
    const noClass = 4;
    g.call("boot");
    const task = fc.integer({ min: 0, max: 31 });
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ push: task, taskClass: fc.integer({ min: 0, max: 3 }), hinted: fc.boolean() }),
      },
      { weight: 2, arbitrary: fc.constant("pop" as const) },
      { weight: 2, arbitrary: fc.record({ steal: fc.constantFrom(0, 1, 2, 3, noClass) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        let model: { task: number; taskClass: number; hinted: boolean }[] = [];
        const first = (fits: (entry: (typeof model)[number]) => boolean): number => {
          const found = model.filter(fits).sort((a, b) => a.taskClass - b.taskClass)[0];
          model = model.filter((entry) => entry !== found);
          return found?.task ?? -1;
        };
        for (const step of steps) {
          if (step === "pop") {
            expect(g.call("pop", 0)).toBe(first(() => true));
          } else if ("steal" in step) {
            const expected = first((entry) => entry.taskClass === step.steal && !entry.hinted);
            expect(g.call("steal", 0, step.steal)).toBe(expected);
          } else if (!model.some(({ task }) => task === step.push)) {
            expect(g.call("push", 0, step.push, step.taskClass, step.hinted ? 1 : 0)).toBe(1);
            model.push({ task: step.push, taskClass: step.taskClass, hinted: step.hinted });
          }
          const mask = model.reduce((bits, { taskClass }) => bits | (1 << taskClass), 0);
          expect(g.call("classes", 0)).toBe(mask);
        }
        for (;;) {
          if (g.call("pop", 0) === -1) {
            break;
          }
        }
      }),
      { numRuns: 200 },
    );
    g.call("close", 0, 1);
    expect(g.call("push", 0, 1, 1, 0)).toBe(0);
    expect(g.call("pop", 0)).toBe(-1);
  });
});

test("a pool gives each object once, zeroed, and says when it is empty", async () => {
  const g = await guest(
    {
      text: `
        import { POOL_BYTES, Pool } from "kernel/neuron/src/mm/pool";
        const pool = changetype<Pool>(memory.data(POOL_BYTES, 8));
        const objects = memory.data(720, 8);
        export function boot(): void { pool.init(objects, 72, 10, 64); }
        export function alloc(): usize { return pool.alloc(); }
        export function free(object: usize): void { pool.free(object); }
        export function first(): usize { return objects; }
      `,
    },
    { imports: { intrinsics: { hartPointer: () => 0x9_0000 } } },
  );
  g.memory.grow(16);
  g.call("boot");
  const first = g.call("first");
  const used = new Set<number>();
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant("take" as const), fc.nat()), { maxLength: 60 }), (steps) => {
      const taken: number[] = [];
      for (const step of steps) {
        if (step === "take") {
          const object = g.call("alloc");
          if (taken.length === 10) {
            expect(object).toBe(0);
            continue;
          }
          const place = (object - first) / 72;
          expect(place).toBeLessThan(10);
          expect(Number.isInteger(place)).toBe(true);
          expect(taken).not.toContain(object);
          expect(g.get(object, 64).every((byte) => byte === 0)).toBe(true);
          // What lies behind outlives the object.
          if (used.has(object)) {
            expect(g.get(object + 64, 8).every((byte) => byte === 0xff)).toBe(true);
          }
          g.bytes().fill(0xff, object, object + 72);
          used.add(object);
          taken.push(object);
        } else if (taken.length > 0) {
          g.call("free", defined(taken.splice(step % taken.length, 1)[0]));
        }
      }
      for (const object of taken) {
        g.call("free", object);
      }
    }),
  );
});

test("hexadecimal text becomes bytes, and anything else is refused", async () => {
  const g = await guest({ text: `export { parseHex } from "kernel/neuron/src/boot/nonce";` });
  const parse = (text: string): string | undefined => {
    const bytes = new TextEncoder().encode(text);
    const into = g.alloc(16);
    return g.call("parseHex", g.put(bytes), 16, into) === 0
      ? undefined
      : Buffer.from(g.get(into, 16)).toString("hex");
  };
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean(), (bytes, upper) => {
      const hex = Buffer.from(bytes).toString("hex");
      expect(parse(upper ? hex.toUpperCase() : hex)).toBe(hex);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", minLength: 32, maxLength: 32 }), (text) => {
      expect(parse(text) !== undefined).toBe(/^[0-9a-fA-F]{32}$/.test(text));
    }),
  );
  const good = "0".repeat(31);
  for (const odd of "/:@G`g\u0000 ") {
    expect(parse(good + odd)).toBeUndefined();
    expect(parse(odd + good)).toBeUndefined();
  }
});
