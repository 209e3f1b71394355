// What the kernel believes of a device tree: the contract's own tree, what firmware makes of it, and trees that are wrong.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeAt, setChosen, setProperty, setStatus, setStrings } from "../../toolchain/dts/edit.ts";
import { emitDtb } from "../../toolchain/dts/emit.ts";
import { parseDts } from "../../toolchain/dts/parse.ts";
import { cellBytes, findNode, propertyCells, type TreeNode } from "../../toolchain/dts/tree.ts";
import { type Guest, guest, root } from "../harness/guest.ts";

const file = join(root, "pkg/dts/virt-nexus.dts");
const source = readFileSync(file, "utf8");
const TREE_ADDRESS = 0x87e0_0000;
const NO_CONTEXT = 0xffff_ffff;

const face = `
import { devices, deviceRegion, discover, hartNode, parkedHart, runArgument, UART_REGION, usableRamEnd } from "kernel/neuron/src/boot/devices";
export { discover, parkedHart, runArgument, usableRamEnd } from "kernel/neuron/src/boot/devices";
export function hartCount(): u32 { return devices().hartCount; }
export function parkedCount(): u32 { return devices().parkedCount; }
export function virtioCount(): u32 { return devices().virtioCount; }
export function sstc(): bool { return devices().sstc; }
export function zbb(): bool { return devices().zbb; }
export function timebase(): u64 { return devices().timebase; }
export function ramBytes(): u64 { return devices().ramBytes; }
export function uart(): u32 { return devices().uart; }
export function plic(): u32 { return devices().plic; }
export function sswi(): u32 { return devices().sswi; }
export function nonceLow(): u64 { return devices().nonceLow; }
export function runBytes(): u32 { return devices().runBytes; }
export function hartid(hart: u32): u64 { return hartNode(hart).hartid; }
export function plicContext(hart: u32): u32 { return hartNode(hart).plicContext; }
export function sswiIndex(hart: u32): u32 { return hartNode(hart).sswiIndex; }
export function base(region: u32): u32 { return deviceRegion(region).base; }
export function irq(region: u32): u32 { return deviceRegion(region).irq; }
export function uartBase(): u32 { return deviceRegion(UART_REGION).base; }
export function uartIrq(): u32 { return deviceRegion(UART_REGION).irq; }
`;

/** The reader as it is before it has read: what it found is its own state. */
async function module(): Promise<Guest> {
  const g = await guest({ text: face });
  g.memory.grow(Math.ceil((TREE_ADDRESS + 0x20_0000 - g.memory.buffer.byteLength) / 65_536));
  return g;
}

function tree(change: (root: TreeNode) => void = () => {}): Uint8Array {
  const parsed = parseDts(source, "virt-nexus.dts");
  change(parsed);
  return emitDtb(parsed);
}

/** Reads a tree as the boot hart `hartid`; what is wrong with it, or null. */
async function read(
  blob: Uint8Array,
  hartid = 0n,
  address = TREE_ADDRESS,
): Promise<{ g: Guest; problem: string | null }> {
  const g = await module();
  g.bytes().set(blob, address);
  const text = g.call("discover", BigInt(address), hartid);
  return { g, problem: text === 0 ? null : g.text(text) };
}

/** A copy of the node at `path`, beside it, with another name and place. */
function addCopy(t: TreeNode, path: string, name: string, reg: Uint8Array): void {
  const above = path.slice(0, path.lastIndexOf("/"));
  nodeAt(t, above).children.push({ ...structuredClone(nodeAt(t, path)), name });
  setProperty(t, `${above}/${name}`, "reg", reg);
}

const SLOT_PATH = "/soc/virtio_mmio@10001000";
const SLOTS_MAX = 16;
const PLIC_PATH = "/soc/plic@c000000";
const perHart = <T>(g: Guest, get: (hart: number) => T): T[] =>
  Array.from({ length: g.call("hartCount") }, (_, hart) => get(hart));

describe("the contract's tree", () => {
  test("gives the numbers that the machine has", async () => {
    const { g, problem } = await read(tree());
    expect(problem).toBeNull();
    expect(g.call("hartCount")).toBe(4);
    expect([g.call("sstc"), g.call("zbb")]).toEqual([1, 1]);
    expect(g.call64("timebase")).toBe(10_000_000n);
    expect(g.call64("ramBytes")).toBe(0x1000_0000n);
    expect(g.call("usableRamEnd") >>> 0).toBe(0x9000_0000);
    expect([g.call("uart"), g.call("uartIrq"), g.call("plic")]).toEqual([0x1000_0000, 10, 0x0c00_0000]);
    // Disabled until a run says otherwise.
    expect(g.call("sswi")).toBe(0);
    const slots = g.call("virtioCount");
    expect(slots).toBeGreaterThan(0);
    expect([g.call("base", 0), g.call("irq", 0)]).toEqual([0x1000_1000, 1]);
  });

  test.each([0n, 1n, 2n, 3n])(
    "the hart that boots (id %i) is hart 0, and the others follow in the tree's order",
    async (boot) => {
      const { g } = await read(tree(), boot);
      const others = [0n, 1n, 2n, 3n].filter((hartid) => hartid !== boot);
      expect(perHart(g, (hart) => g.call64("hartid", hart))).toEqual([boot, ...others]);
      // S-mode's context of hart id h is 2h + 1.
      expect(perHart(g, (hart) => g.call("plicContext", hart))).toEqual(
        [boot, ...others].map((h) => Number(h) * 2 + 1),
      );
    },
  );

  test("gives the same PLIC contexts when OpenSBI has struck out those of M-mode", async () => {
    const { g } = await read(
      tree((t) => {
        const node = findNode(t, PLIC_PATH);
        const cells = node === undefined ? [] : propertyCells(node, "interrupts-extended");
        const struck = cells.map((cell, i) => (i % 2 === 1 && cell === 11 ? 0xffff_ffff : cell));
        setProperty(t, PLIC_PATH, "interrupts-extended", cellBytes(...struck));
      }),
    );
    expect(perHart(g, (hart) => g.call("plicContext", hart))).toEqual([1, 3, 5, 7]);
  });

  test.each([
    ["rv64imac_zicsr_zbb_sstcx", "Sstc", [0, 1]],
    ["rv64imac_zbbx_zbc_sstc", "Zbb", [1, 0]],
    ["rv64imac_zicsr_zbb_xsstc", "Sstc", [0, 1]],
  ])("does not count disabled harts, and with one hart that is %s gives no %s", async (isa, _, expected) => {
    const { g } = await read(
      tree((t) => {
        setStatus(t, "/cpus/cpu@1", "disabled");
        setStrings(t, "/cpus/cpu@3", "riscv,isa", isa);
      }),
    );
    expect(perHart(g, (hart) => g.call64("hartid", hart))).toEqual([0n, 2n, 3n]);
    expect([g.call("sstc"), g.call("zbb")]).toEqual(expected);
  });

  test("gives each hart its register when it has an ACLINT", async () => {
    const { g } = await read(
      tree((t) => setStatus(t, "/soc/sswi@2f00000", "okay")),
      2n,
    );
    expect(g.call("sswi")).toBe(0x2f0_0000);
    expect(perHart(g, (hart) => g.call("sswiIndex", hart))).toEqual([2, 0, 1, 3]);
  });

  test("carries the nonce and the argument; a wrong one is ignored", async () => {
    const { g } = await read(
      tree((t) => {
        setChosen(t, "nexus,nonce", "0123456789abcdef0011223344556677");
        setChosen(t, "nexus,run", "nx hw smp");
      }),
    );
    expect(g.call64("nonceLow")).toBe(0xefcdab8967452301n);
    expect(Buffer.from(g.get(g.call("runArgument"), g.call("runBytes"))).toString()).toBe("nx hw smp");
    const { g: odd, problem } = await read(
      tree((t) => {
        setChosen(t, "nexus,nonce", "0123456789abcdef001122334455667g");
        setChosen(t, "nexus,run", "x".repeat(128));
      }),
    );
    expect(problem).toBeNull();
    expect([odd.call64("nonceLow"), odd.call("runBytes")]).toEqual([0n, 0]);
  });
});

describe("a tree with more than the kernel can use", () => {
  test("what stands beside the harts is none, whatever it has", async () => {
    const { g } = await read(tree((t) => addCopy(t, "/cpus/cpu@3", "cpu-map", cellBytes(9))));
    expect(perHart(g, (hart) => g.call64("hartid", hart))).toEqual([0n, 1n, 2n, 3n]);
    expect(g.call("parkedCount")).toBe(0);
  });

  test("harts beyond the fourth are parked, also when the boot hart is among them", async () => {
    const extra = (t: TreeNode): void => {
      for (const id of [4, 5]) {
        addCopy(t, "/cpus/cpu@3", `cpu@${id}`, cellBytes(id));
      }
    };
    const { g } = await read(tree(extra), 5n);
    expect(perHart(g, (hart) => g.call64("hartid", hart))).toEqual([5n, 0n, 1n, 2n]);
    expect(g.call("parkedCount")).toBe(2);
    expect([g.call64("parkedHart", 0), g.call64("parkedHart", 1)]).toEqual([3n, 4n]);
  });

  test.each([
    [0x40, 0xc000_0000],
    [0x200, 0xc000_0000],
    [0x4, 0x8400_0000],
  ])("RAM of %i MiB × 16 ends at %i", async (units, end) => {
    const bytes = units * 2 ** 24;
    const { g } = await read(
      tree((t) => {
        const cells = cellBytes(0, 0x8000_0000, Math.floor(bytes / 2 ** 32), bytes % 2 ** 32);
        setProperty(t, "/memory@80000000", "reg", cells);
      }),
      0n,
      0x8300_0000,
    );
    expect(g.call("usableRamEnd") >>> 0).toBe(end);
  });
});

describe("a tree that is wrong", () => {
  test.each<[string, (t: TreeNode) => void, RegExp]>([
    [
      "RAM elsewhere",
      (t) => setProperty(t, "/memory@80000000", "reg", cellBytes(0, 0x4000_0000, 0, 0x1000_0000)),
      /memory/,
    ],
    [
      "RAM of no size",
      (t) => setProperty(t, "/memory@80000000", "reg", cellBytes(0, 0x8000_0000, 0, 0)),
      /memory/,
    ],
    [
      "RAM beyond the address space",
      (t) => setProperty(t, "/memory@80000000", "reg", cellBytes(0, 0x8000_0000, 0xffff_ffff, 0xffff_ffff)),
      /the memory is longer than the address space/,
    ],
    ["no memory", (t) => setStrings(t, "/memory@80000000", "device_type", "rom"), /no memory node/],
    ["memory that is disabled", (t) => setStatus(t, "/memory@80000000", "disabled"), /no memory node/],
    ["a timebase of none", (t) => setProperty(t, "/cpus", "timebase-frequency", cellBytes(0)), /timebase/],
    [
      "a timebase below the tick",
      (t) => setProperty(t, "/cpus", "timebase-frequency", cellBytes(99)),
      /timebase/,
    ],
    ["a boot hart that is disabled", (t) => setStatus(t, "/cpus/cpu@0", "disabled"), /boot hart/],
  ])("%s stops the boot with a reason", async (_name, change, reason) => {
    expect((await read(tree(change))).problem).toMatch(reason);
  });

  test("a missing tree, or one that is not in RAM, stops the boot with a reason", async () => {
    expect((await read(new Uint8Array(64))).problem).toBe("magic number is not d00dfeed");
    const g = await module();
    for (const address of [0n, 0x7fff_ffffn, 0xc000_0000n, 0x1_8000_0000n, -1n]) {
      expect(g.text(g.call("discover", address, 0n))).toBe("the device tree is not in RAM");
    }
  });

  test.each<[string, number[]]>([
    ["not page-aligned", [0, 0x0c00_0800, 0, 0x60_0000]],
    ["beyond the window", [0, 0x4c00_0000, 0, 0x60_0000]],
    ["across the window's end", [0, 0x3fff_f000, 0, 0x60_0000]],
    ["above 4 GiB", [1, 0x0c00_0000, 0, 0x60_0000]],
    ["too small for a context", [0, 0x0c00_0000, 0, 0x20_0000]],
  ])("a PLIC that is %s is not used, and stops the boot", async (_name, reg) => {
    const { g, problem } = await read(tree((t) => setProperty(t, PLIC_PATH, "reg", cellBytes(...reg))));
    expect(problem).toBe("no usable PLIC");
    expect(g.call("plic")).toBe(0);
  });

  test("contexts beyond the PLIC's registers are not used, and a hart without a context stops the boot", async () => {
    // Room for contexts 0 to 3: harts 2 and 3 have theirs behind that.
    const { g, problem } = await read(
      tree((t) => setProperty(t, PLIC_PATH, "reg", cellBytes(0, 0x0c00_0000, 0, 0x20_4000))),
    );
    expect(perHart(g, (hart) => g.call("plicContext", hart) >>> 0)).toEqual([1, 3, NO_CONTEXT, NO_CONTEXT]);
    expect(problem).toBe("the PLIC has no supervisor context for a hart");
  });

  test.each<[string, number[], number]>([
    ["interrupt 0, which does not exist", [0, 0x1000_1000, 0, 0x1000], 0],
    ["an interrupt beyond the kernel's table", [0, 0x1000_1000, 0, 0x1000], 96],
    ["registers of no size", [0, 0x1000_1000, 0, 0], 1],
  ])("a virtio slot with %s is left out", async (_name, reg, irq) => {
    const before = (await read(tree())).g.call("virtioCount");
    const { g, problem } = await read(
      tree((t) => {
        setProperty(t, SLOT_PATH, "reg", cellBytes(...reg));
        setProperty(t, SLOT_PATH, "interrupts", cellBytes(irq));
      }),
    );
    expect(problem).toBeNull();
    expect(g.call("virtioCount")).toBe(before - 1);
    expect(g.call("base", 0)).not.toBe(0x1000_1000);
  });

  test("virtio slots beyond those that there is room for are left out", async () => {
    const { g, problem } = await read(
      tree((t) => {
        for (let i = 0; i < SLOTS_MAX; i++) {
          const base = 0x2000_0000 + i * 0x1000;
          addCopy(t, SLOT_PATH, `virtio_mmio@${base.toString(16)}`, cellBytes(0, base, 0, 0x1000));
        }
      }),
    );
    expect(problem).toBeNull();
    expect(g.call("virtioCount")).toBe(SLOTS_MAX);
    // Behind the slots is the UART.
    expect([g.call("uartBase"), g.call("uartIrq")]).toEqual([0x1000_0000, 10]);
  });

  test("an SSWI device is not used unless every hart has a register in it", async () => {
    const { g } = await read(
      tree((t) => {
        setStatus(t, "/soc/sswi@2f00000", "okay");
        const node = findNode(t, "/soc/sswi@2f00000");
        const cells = node === undefined ? [] : propertyCells(node, "interrupts-extended");
        setProperty(t, "/soc/sswi@2f00000", "interrupts-extended", cellBytes(...cells.slice(0, 6)));
      }),
    );
    expect(g.call("sswi")).toBe(0);
  });

  test("with any bytes changed, it is read to an end, and its values are within bounds", async () => {
    const good = tree();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 6,
        }),
        async (changes) => {
          const blob = good.slice();
          for (const [at, byte] of changes) {
            blob[at] = byte;
          }
          const fresh = await module();
          fresh.bytes().set(blob, TREE_ADDRESS);
          fresh.call("discover", BigInt(TREE_ADDRESS), 0n);
          expect(fresh.call("hartCount")).toBeLessThanOrEqual(4);
          expect(fresh.call("virtioCount")).toBeLessThanOrEqual(16);
          for (let slot = 0; slot < fresh.call("virtioCount"); slot++) {
            expect(fresh.call("base", slot) >>> 0).toBeLessThan(0x4000_0000);
            expect(fresh.call("irq", slot)).toBeLessThan(96);
          }
          for (const register of ["uart", "plic", "sswi"]) {
            expect(fresh.call(register) >>> 0).toBeLessThan(0x4000_0000);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
