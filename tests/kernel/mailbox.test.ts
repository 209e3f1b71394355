// Interrupts between harts: coalescing and the limit may delay a request, and never lose one.

import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { type Guest, guest } from "../harness/guest.ts";

const HARTS = 0x0100_0000;
const STRIDE = 1024;
const HART_COUNT = 4;
const TICKS_PER_SECOND = 100;
const PER_SECOND_MAX = 1000;

let g: Guest;
let self = 0;
/** SSIP of each hart. */
let pending: boolean[] = [];
let sent: { from: number; to: number }[] = [];

async function boot(): Promise<void> {
  self = 0;
  pending = Array.from({ length: HART_COUNT }, () => false);
  sent = [];
  g = await guest(
    {
      text: `
        import { hartAt, initHart, setHartCount } from "kernel/neuron/src/arch/riscv/hart";
        import { IPI_BURST_MAX } from "kernel/neuron/src/arch/riscv/ipi";
        export { notifyHart, takeMail, mailSenders, mailStops, mailRetires, requestStop, countMail, refillIpiTokens,
          stopOthers, useSswi, setSswiIndex } from "kernel/neuron/src/arch/riscv/ipi";
        export function boot(count: u32): void {
          setHartCount(count);
          for (let i: u32 = 0; i < count; i++) {
            initHart(i, <u64>i + 100);
            hartAt(i).online.value = 1;
            hartAt(i).ipiTokens = IPI_BURST_MAX;
          }
        }
        export function taken(hart: u32, from: u32): u64 { return load<u64>(hartAt(hart).ipisFrom(from)); }
        export function limited(hart: u32): u32 { return hartAt(hart).ipisLimited; }
        export function coalesced(hart: u32): u64 { return hartAt(hart).ipisCoalesced; }
      `,
    },
    {
      imports: {
        symbols: { harts: () => HARTS, kernelStacks: () => 0, panicStacks: () => 0 },
        intrinsics: {
          hartPointer: () => HARTS + self * STRIDE,
          clearSip: () => {
            pending[self] = false;
          },
          fenceIo: () => {},
          volatileStore32: (address: number, value: number) => {
            expect(value).toBe(1);
            raise((address - 0x5000) / 4);
          },
        },
        assembly: {
          sbiEcall: (_extension: bigint, _function: bigint, mask: bigint, base: bigint) => {
            expect(mask).toBe(1n);
            raise(Number(base) - 100);
            return 0n;
          },
        },
      },
    },
  );
  g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  g.call("boot", HART_COUNT);
}

function raise(to: number): void {
  pending[to] = true;
  sent.push({ from: self, to });
}

beforeEach(boot);

/** Runs on a hart. */
function on<T>(hart: number, action: () => T): T {
  self = hart;
  return action();
}

const requests = (mail: number): number => mail & 0xf;

test("several requests to a hart share one interrupt, and all of them arrive", () => {
  on(0, () => g.call("notifyHart", 2));
  on(1, () => g.call("notifyHart", 2));
  on(3, () => g.call("notifyHart", 2));
  expect(sent).toEqual([{ from: 0, to: 2 }]);
  const mail = on(2, () => g.call("takeMail"));
  expect(requests(mail)).toBe(0b1011);
  // Only hart 0 sent an interrupt: only that one is counted as taken.
  expect(g.call("mailSenders", mail)).toBe(1);
  expect(on(2, () => g.call("countMail", 1))).toBe(1);
  expect(on(2, () => g.call("countMail", 1))).toBe(0);
  expect(g.call64("taken", 2, 0)).toBe(2n);
  expect([g.call64("coalesced", 1), g.call64("coalesced", 3)]).toEqual([1n, 1n]);
  expect(on(2, () => g.call("takeMail"))).toBe(0);
});

test("a request goes by the ACLINT if there is one, through the register that the tree names", () => {
  for (let hart = 0; hart < HART_COUNT; hart++) {
    g.call("setSswiIndex", hart, HART_COUNT - 1 - hart);
  }
  g.call("useSswi", 0x5000);
  on(0, () => g.call("notifyHart", 3));
  expect(sent).toEqual([{ from: 0, to: 0 }]);
});

test("the limit never holds back a request to stop or to retire", () => {
  on(0, () => {
    for (let i = 0; i < 2 * PER_SECOND_MAX; i++) {
      g.call("notifyHart", 1);
      on(1, () => g.call("takeMail"));
      self = 0;
    }
  });
  expect(on(0, () => g.call("notifyHart", 1))).toBe(0);
  on(0, () => g.call("requestStop", 1));
  const mail = on(1, () => g.call("takeMail"));
  expect(g.call("mailRetires", mail)).toBe(1);
  on(0, () => g.call("stopOthers"));
  expect(pending).toEqual([false, true, true, true]);
  for (const hart of [1, 2, 3]) {
    expect(
      g.call(
        "mailStops",
        on(hart, () => g.call("takeMail")),
      ),
    ).toBe(1);
  }
});

type Step = { notify: [from: number, to: number] } | { take: number } | { tick: number };

test("in any order of sends, takes and ticks, a hart finds every request by its next tick, within the limit", async () => {
  const hart = fc.integer({ min: 0, max: HART_COUNT - 1 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ notify: fc.tuple(hart, hart) }) },
    { weight: 3, arbitrary: fc.record({ take: hart }) },
    { weight: 1, arbitrary: fc.record({ tick: hart }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 400 }), async (steps) => {
      await boot();
      /** Requests that were made and not found yet, by target. */
      const open = Array.from({ length: HART_COUNT }, () => new Set<number>());
      const take = (target: number): void => {
        const mail = requests(on(target, () => g.call("takeMail")));
        const made = defined(open[target]);
        for (const from of made) {
          expect(mail & (1 << from)).not.toBe(0);
        }
        made.clear();
      };
      for (const step of steps) {
        if ("notify" in step) {
          const [from, to] = step.notify;
          if (from === to) {
            continue;
          }
          const before = sent.length;
          const isSent = on(from, () => g.call("notifyHart", to)) !== 0;
          defined(open[to]).add(from);
          expect(sent.length - before).toBeLessThanOrEqual(1);
          // Told that it was seen to: then the target is interrupted, now or by the first sender.
          if (isSent) {
            expect(pending[to]).toBe(true);
          }
        } else if ("take" in step) {
          // An interrupt is taken only where one is pending.
          if (pending[step.take]) {
            take(step.take);
          }
        } else {
          on(step.tick, () => g.call("refillIpiTokens", TICKS_PER_SECOND));
          take(step.tick);
        }
      }
      for (let target = 0; target < HART_COUNT; target++) {
        take(target);
      }
      expect(open.every((set) => set.size === 0)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("no hart sends more than a thousand IPIs in any second, and no request is lost", () => {
  // As fast as it can: the target empties its mailbox at once. Ten seconds, a hundred ticks each.
  const perTick: number[] = [];
  for (let tick = 0; tick < 10 * TICKS_PER_SECOND; tick++) {
    const before = sent.length;
    for (let i = 0; i < 40; i++) {
      on(0, () => g.call("notifyHart", 1));
      if (pending[1]) {
        expect(requests(on(1, () => g.call("takeMail")))).toBe(1);
      }
    }
    perTick.push(sent.length - before);
    on(0, () => g.call("refillIpiTokens", TICKS_PER_SECOND));
    on(1, () => g.call("takeMail"));
  }
  let window = 0;
  let most = 0;
  perTick.forEach((count, tick) => {
    window += count - (perTick[tick - TICKS_PER_SECOND] ?? 0);
    most = Math.max(most, window);
  });
  expect(most).toBeLessThanOrEqual(PER_SECOND_MAX);
  expect(most).toBeGreaterThan(PER_SECOND_MAX / 2);
  expect(g.call("limited", 0)).toBeGreaterThan(0);
});
