// What happens when the kernel itself is wrong. It cannot be made to be from inside, so a debugger breaks it: a stack
// pointer that has run off the stack, a jump to nowhere, a word that an assertion watches over.
//
// One line must say which hart, what and where; the addresses below it must lead to lines of TypeScript; every other
// hart must stand still; and the machine must turn itself off.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Layout } from "../../host/debug/layout.ts";
import { Locator } from "../../host/debug/locate.ts";
import { readElf } from "../../host/elf.ts";
import { root } from "../../host/root.ts";
import { readLayout } from "../../tools/boot/kernel/layout.ts";
import type { Machine, MachineEnd } from "../../tools/boot/machines/machine.ts";
import { qemuArguments, qemuProgram } from "../../tools/boot/machines/qemu.ts";
import { type BootReport, bootOnce } from "../../tools/boot/run.ts";
import { filesOf } from "../../tools/boot/session.ts";
import { defined } from "../harness/defined.ts";
import { Gdb, registers } from "../harness/gdb.ts";
import { BOOT_TIMEOUT_MS, buildOnce, explain, hasQemu, usualRequest } from "./harness/machine.ts";

const KERNEL = "build/neuron.elf";
const STACK_BYTES = 16384n;
const LOOKS_MAX = 500;

/** The kernel on QEMU with a debugger at hand. */
class Broken {
  readonly gdb: Gdb;
  private readonly layout: Layout;
  private readonly locator: Locator;
  private readonly symbols: ReadonlyMap<string, bigint>;

  constructor(gdb: Gdb, layout: Layout) {
    this.gdb = gdb;
    this.layout = layout;
    const bytes = new Uint8Array(readFileSync(join(root, KERNEL)));
    this.locator = new Locator(bytes, KERNEL);
    this.symbols = new Map(readElf(bytes, KERNEL).symbols.map(({ name, address }) => [name, address]));
  }

  /** An offset or a constant of the kernel's layout. */
  number(name: string): bigint {
    return BigInt(this.layout.number(name));
  }

  symbol(name: string): bigint {
    const address = this.symbols.get(name);
    if (address === undefined) {
      throw new Error(`the kernel has no ${name}`);
    }
    return address;
  }

  /** Functions that an address lies in, innermost first. */
  at(address: bigint): string[] {
    return this.locator.places(address).map((place) => place.function);
  }

  /** A hart that idles, its number at the stub and its logical one. The machine is stopped afterwards. */
  async idleHart(): Promise<{ hart: string; index: number }> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      for (const hart of await this.gdb.harts()) {
        const all = await this.gdb.registers(hart);
        if (!this.at(defined(all[registers.pc])).some((name) => name.endsWith("waitForInterrupt"))) {
          continue;
        }
        return {
          hart,
          index: Number((defined(all[registers.tp]) - this.symbol("harts")) / this.number("HART_STRIDE")),
        };
      }
      setTimeout(() => this.gdb.interrupt(), 1 + (looks % 7));
      await this.gdb.run();
    }
    throw new Error("no hart ever idles");
  }

  /** Runs until the kernel has said what is wrong, and looks where each hart is once the others have heard of it. */
  async untilPanic(): Promise<string[][]> {
    const finish = this.symbol("neuron/diag/panic/finish");
    await this.gdb.breakAt(finish);
    if ((await this.gdb.run()) === undefined) {
      throw new Error("the machine is gone");
    }
    await this.gdb.clearBreak(finish);
    for (let looks = 0; ; looks++) {
      const places = new Map<string, string[]>();
      for (const hart of await this.gdb.harts()) {
        places.set(hart, this.at(defined((await this.gdb.registers(hart))[registers.pc])));
      }
      const others = [...places].filter(([, names]) => !names.some((name) => name.endsWith("finish")));
      const moving = others.filter(([, names]) => !names.some((name) => name.endsWith("halt")));
      if (moving.length === 0 || looks === LOOKS_MAX) {
        return [...places.values()];
      }
      setTimeout(() => this.gdb.interrupt(), 1 + (looks % 7));
      await this.gdb.runOnly(moving.map(([hart]) => hart));
    }
  }
}

interface Outcome {
  report: BootReport;
  /** The hart that was broken. */
  index: number;
  /** Where each hart was when the panic had been told. */
  places: string[][];
}

/** Boots, waits for every hart's first tick, breaks one that idles, and looks at what comes of it. */
async function breakOne(
  how: (kernel: Broken, hart: string, index: number) => Promise<void>,
): Promise<Outcome> {
  const outputs = await buildOnce();
  const folder = mkdtempSync(join(tmpdir(), "neuron-gdb-"));
  const socket = join(folder, "gdb");
  const ticked = new Set<string>();
  let allTicked: (() => void) | undefined;
  let result: { index: number; places: string[][] } | undefined;

  const debug = async (): Promise<void> => {
    const gdb = await Gdb.connect(socket);
    try {
      const elf = new Uint8Array(readFileSync(join(root, KERNEL)));
      const broken = new Broken(gdb, new Layout(await readLayout(elf, "build/wasm/neuron.wasm")));
      const running = gdb.run();
      await new Promise<void>((resolve) => {
        allTicked = resolve;
      });
      gdb.interrupt();
      await running;
      const { hart, index } = await broken.idleHart();
      await how(broken, hart, index);
      result = { index, places: await broken.untilPanic() };
      await gdb.run();
    } finally {
      gdb.close();
    }
  };

  const machine: Machine = {
    name: "qemu",
    start: async (options, onBytes) => {
      const stub = [
        "-S",
        "-chardev",
        `socket,id=gdb,path=${socket},server=on,wait=off`,
        "-gdb",
        "chardev:gdb",
      ];
      const child = spawn(qemuProgram(), [...qemuArguments(options), ...stub], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout.on("data", onBytes);
      const ended = new Promise<MachineEnd>((resolve) => {
        child.on("close", (status) => resolve({ status: status ?? undefined, complaints: "" }));
      });
      const session = debug().catch((error: unknown) => {
        child.kill("SIGKILL");
        throw error;
      });
      // The runner ends a machine that has panicked soon; here it has to end by itself, and only a hang is ended.
      return { ended: Promise.all([ended, session]).then(([end]) => end), stop: () => {} };
    },
  };

  try {
    const report = await bootOnce(machine, filesOf(outputs), { ...usualRequest }, (line) => {
      const hart = /^neuron: hart(\d) tick/.exec(line)?.[1];
      if (hart !== undefined) {
        ticked.add(hart);
      }
      if (ticked.size === usualRequest.smp) {
        allTicked?.();
      }
    });
    if (!result) {
      throw new Error("the debugger never came to the end");
    }
    return { report, ...result };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is true of every panic. */
function checkPanic({ report, index, places }: Outcome, line: RegExp): string[] {
  const panic = report.panic;
  expect(panic?.line, explain(report)).toMatch(line);
  expect(panic?.line).toContain(`hart=${index} `);
  // No other hart has printed since.
  const after = report.lines.slice(report.lines.findIndex((text) => text.includes("PANIC")) + 1);
  expect(after.filter((text) => !/^ {2}at 0xffffffff[0-9a-f]{8}$|^ {2}at 0x[0-9a-f]+$/.test(text))).toEqual(
    [],
  );
  expect(after.length).toBeGreaterThan(0);
  // Every hart but the one that reports stands in halt.
  const elsewhere = places.filter((names) => !names.some((name) => name.endsWith("halt")));
  expect(elsewhere, "harts that do not stand still").toHaveLength(1);
  // And the machine was turned off by the kernel.
  expect(report.problems.filter((text) => /no end within|signal/.test(text))).toEqual([]);
  return defined(panic).frames.flatMap((frame) => frame.places);
}

describe.skipIf(!hasQemu)("a kernel with a bug (qemu-system-riscv64 is installed)", () => {
  test(
    "reports a stack that ran into its guard page by name, from another stack",
    async () => {
      const outcome = await breakOne(async (broken, hart, index) => {
        const top = broken.symbol("kernelStacks") + BigInt(index + 1) * (4096n + STACK_BYTES);
        await broken.gdb.setRegister(hart, registers.sp, top - STACK_BYTES);
      });
      const places = checkPanic(
        outcome,
        /^PANIC hart=\d cause=15 name=store page fault stval=0xffffffff80[0-9a-f]{6} sepc=0x/,
      );
      // The innermost is what could not push; what it was called from is found on the stack.
      expect(places[0]).toMatch(/source\/kernel\/neuron\/src\/.+\.ts:\d+/);
      expect(places.join("\n")).toMatch(/source\/kernel\/neuron\/src\/trap\.ts:\d+/);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "reports a jump to nowhere with its address, and where it came from",
    async () => {
      const outcome = await breakOne((broken, hart) => broken.gdb.setRegister(hart, registers.pc, 0n));
      const places = checkPanic(
        outcome,
        /^PANIC hart=\d cause=12 name=instruction page fault stval=0x0 sepc=0x0$/,
      );
      expect(outcome.report.panic?.frames[0]).toEqual({ address: 0n, places: [] });
      expect(places.join("\n")).toMatch(/source\/kernel\/neuron\/src\/.+\.ts:\d+/);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "reports a failed assertion with its file and line",
    async () => {
      const outcome = await breakOne(async (broken, hart, index) => {
        // The ranks of the locks that this hart holds: all of them. Its next lock is out of order (sync/order.ts).
        const at =
          broken.symbol("harts") +
          BigInt(index) * broken.number("HART_STRIDE") +
          broken.number("Hart.heldRanks");
        await broken.gdb.write(hart, at, Uint8Array.of(0xff, 0, 0, 0));
      });
      const places = checkPanic(
        outcome,
        /^PANIC hart=\d assertion failed at source\/kernel\/neuron\/src\/sync\/order\.ts:\d+:\d+$/,
      );
      expect(places.join("\n")).toMatch(/source\/kernel\/neuron\/src\/sync\/lock\.ts:\d+/);
    },
    BOOT_TIMEOUT_MS,
  );
});
