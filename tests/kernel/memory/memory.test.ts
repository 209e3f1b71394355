// Page frames, and what page tables may hold: checked after every step of random runs.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import {
  Class,
  FRAME_COUNT,
  Kernel,
  Kind,
  pageBytes,
  Refusal,
  self,
  sys,
  TICK_TIME,
  Wait,
} from "../harness/kernel.ts";

const page = pageBytes;

describe("page frames", () => {
  const ramBase = 0x8000_0000;
  const ramFrames = 3000;
  const start = ramBase + 0x40_0000 + 5 * page;
  let g: Guest;
  beforeAll(async () => {
    g = await guest(
      { text: `export * from "kernel/neuron/src/mm/frames";` },
      { imports: { intrinsics: { hartPointer: () => 0x1_0000 } } },
    );
    g.memory.grow(Math.ceil((start + ramFrames * page - g.memory.buffer.byteLength) / 65_536));
    g.call("framesInit", ramBase);
    g.call("freeFrames", start, ramFrames);
  });
  const take = (count: number): number => g.call("allocFrames", count) >>> 0;

  test("are never handed out twice, come zeroed, and join again when they are freed", () => {
    const command = fc.oneof(
      fc.record({ take: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 127, 512, 1024)) }),
      fc.record({ give: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const taken: { at: number; count: number }[] = [];
        const giveBack = (index: number): void => {
          const [piece] = taken.splice(index, 1);
          if (!piece) {
            return;
          }
          g.bytes().fill(0xa5, piece.at, piece.at + piece.count * page);
          g.call("freeFrames", piece.at, piece.count);
        };
        for (const command of commands) {
          if ("give" in command) {
            if (taken.length > 0) {
              giveBack(command.give % taken.length);
            }
          } else {
            const at = take(command.take);
            if (at !== 0) {
              const end = at + command.take * page;
              expect(at % page).toBe(0);
              expect(at).toBeGreaterThanOrEqual(start);
              expect(end).toBeLessThanOrEqual(start + ramFrames * page);
              expect(taken.every((other) => end <= other.at || other.at + other.count * page <= at)).toBe(
                true,
              );
              expect(
                g
                  .bytes()
                  .subarray(at, end)
                  .every((byte) => byte === 0),
              ).toBe(true);
              taken.push({ at, count: command.take });
            }
          }
          const held = taken.reduce((sum, { count }) => sum + count, 0);
          expect(g.call("freeFrameCount")).toBe(ramFrames - held);
        }
        while (taken.length > 0) {
          giveBack(0);
        }
        // In one piece again: the largest aligned block that lies within can be had.
        for (const count of [1024, 512]) {
          taken.push({ at: take(count), count });
        }
        expect(taken.every(({ at }) => at !== 0)).toBe(true);
        while (taken.length > 0) {
          giveBack(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("are refused when none is free, when none is asked for, and beyond the largest block", () => {
    expect(take(0)).toBe(0);
    expect(take((1 << 14) + 1)).toBe(0);
    expect(take(0xffff_ffff)).toBe(0);
    let frames = 0;
    while (take(1) !== 0) {
      frames += 1;
    }
    expect(frames).toBe(ramFrames);
    expect(g.call("freeFrameCount")).toBe(0);
  });
});

// Bits of a page-table entry (privileged ISA 4.4).
const pte = { v: 1n, r: 2n, w: 4n, x: 8n, u: 16n, g: 32n } as const;

/** Walks all of a root table and throws what it must not hold. Returns how many user pages it maps. */
function checkTables(k: Kernel, root: number): number {
  const view = k.guest.view();
  const entry = (table: number, index: number): bigint => view.getBigUint64(table + index * 8, true);
  const target = (bits: bigint): number => Number((bits >> 10n) << 12n);
  let pages = 0;
  const leaf = (bits: bigint, isUser: boolean, isDevice: boolean): void => {
    if ((bits & pte.w) !== 0n && (bits & pte.x) !== 0n) {
      throw new Error("writable and executable");
    }
    if ((bits & pte.r) === 0n) {
      throw new Error("mapped and not readable");
    }
    if (((bits & pte.u) !== 0n) !== isUser) {
      throw new Error("on the wrong side of user and kernel");
    }
    if (isUser && (bits & pte.g) !== 0n) {
      throw new Error("a task's page in every address space");
    }
    if (isDevice && (bits & pte.x) !== 0n) {
      throw new Error("an executable device");
    }
    if (isUser) {
      pages += 1;
    }
  };
  for (let i = 0; i < 512; i++) {
    const bits = entry(root, i);
    // Two entries that are not valid say which groups of the user's tables were filled (paging.ts).
    const isNote = (i === 2 || i === 3) && (bits & pte.v) === 0n;
    if (bits === 0n || isNote) {
      continue;
    }
    if (![0, 1, 510, 511].includes(i)) {
      throw new Error(`root entry ${i} is filled`);
    }
    const isUser = i < 2;
    for (let j = 0; j < 512; j++) {
      const middle = entry(target(bits), j);
      if ((middle & pte.v) === 0n) {
        continue;
      }
      if ((middle & (pte.r | pte.w | pte.x)) !== 0n) {
        if (isUser) {
          throw new Error("a megapage of a task's");
        }
        leaf(middle, isUser, i === 511);
        continue;
      }
      for (let n = 0; n < 512; n++) {
        const last = entry(target(middle), n);
        if ((last & pte.v) !== 0n) {
          leaf(last, isUser, i === 511);
        }
      }
    }
  }
  return pages;
}

describe("page tables", () => {
  const addresses = [
    0x1000, 0x2000, 0x1f_f000, 0x20_0000, 0x3fff_f000, 0x4000_0000, 0x7000_0000, 0x7ffe_f000,
  ];
  /** One page fits there, and no more. */
  const lastPage = 0x7fff_f000;
  const odd = [0, 0x1001, lastPage, 0x8000_0000, 0xffff_f000, 0x1_0000_1000, 2n ** 63n];
  const command = fc.record({
    what: fc.constantFrom("vmo", "map", "map", "map", "unmap", "drop", "child", "kill"),
    address: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...addresses) }, fc.constantFrom(...odd)),
    pages: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 20 }) },
      fc.constantFrom(0, 600, 2 ** 20),
    ),
    offset: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.constantFrom(1000)),
    rights: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(1, 3, 5, 7) }, fc.integer({ min: 0, max: 15 })),
    pick: fc.nat(),
  });

  test("map only the two ends of the address space, never W and X at once, and give back every frame", async () => {
    const k = await Kernel.boot();
    const idle = k.guest.call("free");
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
        const maker = k.spawnOn(0);
        const bell = k.give(maker, Kind.Notification, k.guest.call("newNotification"));
        const vmos: number[] = [];
        const children: number[] = [];
        for (const { what, address, pages, offset, rights, pick } of commands) {
          const child = children.length > 0 && pick % 3 === 0 ? children[pick % children.length] : undefined;
          const target = child ?? self;
          if (what === "vmo") {
            const made = k.ask(0, sys.CreateVmo, pages * page, self);
            if (made.status === 0) {
              vmos.push(Number(made.words[0]));
            }
          } else if (what === "map" && vmos.length > 0) {
            const vmo = defined(vmos[pick % vmos.length]);
            const { status } = k.ask(0, sys.Map, target, vmo, address, offset * page, pages * page, rights);
            if ((rights & 6) === 6 || (rights & 1) === 0 || rights > 7) {
              expect(status).toBeLessThan(0);
            }
            if (odd.includes(address) && (address !== lastPage || pages !== 1)) {
              expect(status).toBeLessThan(0);
            }
          } else if (what === "unmap") {
            const { status } = k.ask(0, sys.Unmap, target, address);
            expect([0, Refusal.BadAddress]).toContain(status);
          } else if (what === "drop" && vmos.length > 0) {
            k.ask(0, sys.Drop, defined(vmos.splice(pick % vmos.length, 1)[0]));
          } else if (what === "child" && children.length < 3) {
            const made = k.ask(0, sys.CreateTask, Class.App, bell, 1, self);
            if (made.status === 0) {
              children.push(Number(made.words[0]));
            }
          } else if (what === "kill" && children.length > 0) {
            const slot = defined(children.splice(pick % children.length, 1)[0]);
            k.ask(0, sys.KillTask, slot);
            k.ask(0, sys.Drop, slot);
          }
          checkTables(k, k.guest.call("rootOf", maker) >>> 0);
          for (const slot of children) {
            checkTables(k, k.guest.call("rootOf", k.guest.call("objectAt", maker, slot)) >>> 0);
          }
        }
        k.syscall(0, sys.Exit, 0);
        expect(k.waits(maker)).toBe(Wait.Ended);
        // What its children held comes back at a tick: no capability names them any more.
        k.pass(TICK_TIME);
        expect(k.guest.call("free")).toBe(idle);
      }),
      { numRuns: 25 },
    );
    expect(idle).toBeGreaterThan(FRAME_COUNT / 2);
  });

  test("lead nowhere by an entry that is not valid, whatever else stands in it", async () => {
    const g = await guest(
      {
        text: `
          import { PageTable, walk as find } from "kernel/neuron/src/arch/riscv/paging";
          export { copyFromUser } from "kernel/neuron/src/mm/user";
          export function walk(root: u32, address: u32): u32 {
            return <u32>changetype<usize>(find(changetype<PageTable>(root), address));
          }
        `,
      },
      { imports: { intrinsics: { hartPointer: () => 0x1_0000 } } },
    );
    const ramBase = 0x8000_0000;
    g.memory.grow(Math.ceil((ramBase + 0x10_0000 - g.memory.buffer.byteLength) / 65_536));
    const [root, middle, last, frame] = [0, 1, 2, 3].map((n) => ramBase + n * page);
    const at = 0x40_3000;
    const entries = [root, middle, last].map((table, n) => defined(table) + ((at >> (30 - 9 * n)) & 511) * 8);
    const set = (entry: number | undefined, target: number | undefined, flags: bigint): void =>
      g.view().setBigUint64(defined(entry), ((BigInt(defined(target)) >> 12n) << 10n) | flags, true);
    const leaf = pte.r | pte.u;
    const copies = (): number => g.call("copyFromUser", defined(root), at, 8, g.alloc(8));
    for (const without of [0, 1, 2]) {
      for (const [n, target] of [middle, last, frame].entries()) {
        const valid = n === without ? 0n : pte.v;
        set(entries[n], target, n === 2 ? leaf | valid : valid);
      }
      // On the machine nothing is mapped at address 0. Here an entry of a task's page stands there for this moment.
      const nothing = g.get(0, 8);
      set(0, frame, leaf | pte.v);
      const found = [g.call("walk", defined(root), at), copies()];
      g.bytes().set(nothing, 0);
      expect([without, ...found]).toEqual([without, 0, 0]);
    }
    set(entries[2], frame, leaf | pte.v);
    expect([g.call("walk", defined(root), at) >>> 0, copies()]).toEqual([entries[2], 1]);
  });

  test("of the kernel leave out the guard pages and the firmware", async () => {
    const k = await Kernel.boot();
    const task = k.spawnOn(0);
    const root = k.guest.call("rootOf", task) >>> 0;
    const view = k.guest.view();
    const walk = (address: number): bigint => {
      let table = root;
      for (let level = 2; level >= 0; level--) {
        const index = Number(
          (BigInt.asUintN(64, BigInt.asIntN(32, BigInt(address))) >> BigInt(12 + 9 * level)) & 511n,
        );
        const bits = view.getBigUint64(table + index * 8, true);
        if ((bits & pte.v) === 0n) {
          return 0n;
        }
        if ((bits & 14n) !== 0n || level === 0) {
          return bits;
        }
        table = Number((bits >> 10n) << 12n);
      }
      return 0n;
    };
    const flags = (address: number): bigint => walk(address) & (pte.r | pte.w | pte.x);
    expect(flags(0x8020_0000)).toBe(pte.r | pte.x);
    expect(flags(0x8020_5000)).toBe(pte.r);
    expect(flags(0x8021_0000)).toBe(pte.r | pte.w);
    expect(flags(0x8190_0000)).toBe(pte.r | pte.w);
    expect(walk(0x8000_0000)).toBe(0n);
    expect(walk(0x801f_f000)).toBe(0n);
    for (let hart = 0; hart < 4; hart++) {
      expect(walk(0x8021_8000 + hart * 0x5000)).toBe(0n);
      expect(flags(0x8021_9000 + hart * 0x5000)).toBe(pte.r | pte.w);
      expect(walk(0x8022_c000 + hart * 0x3000)).toBe(0n);
    }
    expect(walk(0xd000_0000)).toBe(0n);
  });
});
