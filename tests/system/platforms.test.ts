// Machines that are not as our device tree has them: the kernel takes what it can use, and says what it cannot do without. A boot
// that fails ends the machine at once, with a status that says so.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSubject, startRun } from "../../bench/kernel/run.ts";
import { root } from "../../host/root.ts";
import { nodeAt, setProperty } from "../../toolchain/dts/edit.ts";
import { cellBytes, propertyCells, type TreeNode } from "../../toolchain/dts/tree.ts";
import { qemuProgram } from "../../tools/boot/machines/qemu.ts";
import { defined } from "../harness/defined.ts";
import { scratchForFile } from "../harness/scratch.ts";
import { onEachMachine } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce, explain, hasQemu } from "./harness/machine.ts";
import { withTree } from "./harness/trees.ts";

const scratch = scratchForFile("neuron-platforms-");
const PLIC = "/soc/plic@c000000";

function remove(tree: TreeNode, path: string, name: string): void {
  const parent = nodeAt(tree, path);
  parent.children = parent.children.filter((child) => child.name !== name);
}

/** Reserves `bytes` of RAM from its beginning on. */
function reserve(tree: TreeNode, bytes: number): void {
  tree.children.push({
    name: "reserved-memory",
    properties: [
      { name: "#address-cells", value: cellBytes(2) },
      { name: "#size-cells", value: cellBytes(2) },
      { name: "ranges", value: new Uint8Array() },
    ],
    children: [
      {
        name: "all@80000000",
        properties: [{ name: "reg", value: cellBytes(0, 0x8000_0000, 0, bytes) }],
        children: [],
      },
    ],
  });
}

const unusable: readonly (readonly [what: string, says: string, change: (tree: TreeNode) => void])[] = [
  ["without a PLIC", "no usable PLIC", (tree) => remove(tree, "/soc", "plic@c000000")],
  [
    "whose PLIC ends before its first context",
    "no usable PLIC",
    (tree) => setProperty(tree, PLIC, "reg", cellBytes(0, 0xc00_0000, 0, 0x20_0000)),
  ],
  [
    "whose PLIC is out of reach",
    "no usable PLIC",
    (tree) => setProperty(tree, PLIC, "reg", cellBytes(4, 0, 0, 0x60_0000)),
  ],
  [
    "whose PLIC does not interrupt a hart",
    "the PLIC has no supervisor context for a hart",
    (tree) => {
      const contexts = propertyCells(nodeAt(tree, PLIC), "interrupts-extended");
      setProperty(tree, PLIC, "interrupts-extended", cellBytes(...contexts.slice(0, -2)));
    },
  ],
  ["that reserves all memory", "too little memory", (tree) => reserve(tree, 0x1000_0000)],
];

onEachMachine("a tree", (boot) => {
  test.each(unusable)(
    "%s ends the boot: %s",
    async (_what, says, change) => {
      const report = await boot({}, withTree(scratch, change));
      expect(report.lines.at(-1), explain(report)).toBe(`neuron: cannot boot: ${says}`);
      expect(report.problems.at(-1)).toContain("the machine ended with status 1");
    },
    BOOT_TIMEOUT_MS,
  );
});

describe.skipIf(!hasQemu)("QEMU (qemu-system-riscv64 is installed)", () => {
  /** What the kernel says on a machine of this command line with the tree that QEMU makes, and QEMU's status. */
  async function run(...args: string[]): Promise<{ lines: string[]; status: number | null }> {
    const { kernel } = await buildOnce();
    const always = ["-m", "256M", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"];
    const result = spawnSync(qemuProgram(), [...always, ...args, "-kernel", join(root, kernel)], {
      encoding: "utf8",
      input: "",
      timeout: BOOT_TIMEOUT_MS,
    });
    const lines = result.stdout.split(/\r?\n/).filter((line) => line.startsWith("neuron: "));
    return { lines, status: result.status };
  }

  test.each(["aplic", "aplic-imsic"])("with aia=%s has no PLIC, and the kernel says so", async (aia) => {
    expect(await run("-machine", `virt,aia=${aia}`)).toEqual({
      lines: ["neuron: cannot boot: no usable PLIC"],
      status: 1,
    });
  });

  test("without firmware starts a kernel that says so", async () => {
    const { lines, status } = await run(
      ...["-machine", "virt", "-bios", "none", "-device", "loader,addr=0x80200000,cpu-num=0"],
    );
    expect(lines).toEqual([
      "neuron: cannot boot: it was started in M-mode, and needs firmware below it (OpenSBI)",
    ]);
    expect(status).toBe(1);
  });

  test.each([
    [5, "neuron: 1 more hart is not used: at most 4 are"],
    [8, "neuron: 4 more harts are not used: at most 4 are"],
  ])("with %i harts runs a kernel that uses four of them, and says so", async (harts, says) => {
    const { lines } = await run("-machine", "virt", "-smp", String(harts));
    expect(lines.slice(0, 2)).toEqual(["neuron: hart0 boot virt smp=4", says]);
    expect(lines.filter((line) => / online$/.test(line))).toHaveLength(4);
  });

  test(
    "whose tree promises Sstc and Zbb for a processor without them ticks and reads its bundle all the same",
    async () => {
      const { deviceTree } = await buildOnce();
      const { lines, status } = await run(
        ...["-machine", "virt", "-smp", "4", "-cpu", "rv64,sstc=off,zbb=off", "-dtb", join(root, deviceTree)],
      );
      expect(lines.filter((line) => / tick n=1$/.test(line)).sort()).toEqual(
        [0, 1, 2, 3].map((hart) => `neuron: hart${hart} tick n=1`),
      );
      expect(status).toBe(0);
    },
    BOOT_TIMEOUT_MS,
  );
});

test(
  "the kernel clears on every hart what the firmware allowed user mode by senvcfg",
  async () => {
    const senvcfg = 0x10a;
    const subject = await readSubject("bringup", { start: () => () => {}, note: () => {} });
    const { machine } = startRun(subject, 4, "selftest-client");
    for (let hart = 0; hart < 4; hart++) {
      machine.core.setHartCsr(hart, senvcfg, 1n);
    }
    expect(machine.core.hartCsr(defined(machine.bootHart), senvcfg)).toBe(1n);
    machine.core.run(200_000_000n);
    expect([0, 1, 2, 3].map((hart) => machine.core.hartCsr(hart, senvcfg))).toEqual([0n, 0n, 0n, 0n]);
  },
  BOOT_TIMEOUT_MS,
);
