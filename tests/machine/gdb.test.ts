// gdb's protocol as gdb speaks it, against a booting kernel: threads, memory through page tables, breakpoints, steps and
// the way back.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Debugger } from "../../machine/host/debugger.ts";
import { GdbSession } from "../../machine/host/gdb.ts";
import type { MachineSettings } from "../../machine/host/machine.ts";
import { Run } from "../../machine/host/run.ts";
import { stateHash } from "../../machine/host/state.ts";
import { root } from "../../toolchain/root.ts";
import { readElf } from "../../tools/debug/elf.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "./booting.ts";

let module: WebAssembly.Module;
let settings: MachineSettings;
let schedule: bigint;
let finalState: string;

beforeAll(async () => {
  const recorded = await bootEmbedded({ seed: 3n, smp: 2 });
  settings = recorded.recording.settings;
  finalState = recorded.stateHash;
  const { outputs, wasm } = await buildOnce();
  module = await WebAssembly.compile(new Uint8Array(readFileSync(wasm)));
  const elf = readElf(new Uint8Array(readFileSync(join(root, outputs.kernel))), "the kernel");
  const symbol = elf.symbols.find(({ name }) => name === "neuron/trap/schedule");
  if (symbol === undefined) throw new Error("the kernel has no schedule");
  schedule = symbol.address;
}, BOOT_TIMEOUT_MS);

/** A gdb that says what it is told, and waits for each answer. */
class Gdb {
  readonly run = new Run(module, settings);
  private readonly session: GdbSession;
  private readonly answers: string[] = [];
  private received = "";
  private acknowledged = 0;

  constructor() {
    const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    this.session = new GdbSession(new Debugger(this.run), (text) => this.take(text), breathe);
  }

  async ask(packet: string): Promise<string> {
    let sum = 0;
    for (const letter of packet) sum = (sum + letter.charCodeAt(0)) & 0xff;
    this.session.receive(new TextEncoder().encode(`$${packet}#${sum.toString(16).padStart(2, "0")}`));
    while (this.answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return this.answers.shift() ?? "";
  }

  sendRaw(text: string): void {
    this.session.receive(new TextEncoder().encode(text));
  }

  /** How often a packet was acknowledged, and how often refused. */
  get acknowledgements(): number {
    return this.acknowledged;
  }

  async pc(): Promise<bigint> {
    const text = await this.ask("p20");
    return BigInt(`0x${(text.match(/../g) ?? []).reverse().join("")}`);
  }

  private take(text: string): void {
    this.received += text;
    for (;;) {
      const packet = /^([+-]*)\$([^#]*)#[0-9a-f]{2}/.exec(this.received);
      if (packet === null) break;
      this.received = this.received.slice(packet[0].length);
      this.acknowledged += packet[1]?.length ?? 0;
      this.answers.push(packet[2] ?? "");
    }
  }
}

const breakAtSchedule = (): string => `Z0,${schedule.toString(16)},2`;

describe("gdb", () => {
  test("learns what the machine can do, and sees every hart as a thread", async () => {
    const gdb = new Gdb();
    expect(await gdb.ask("qSupported:swbreak+")).toContain("ReverseContinue+");
    expect(await gdb.ask("qXfer:features:read:target.xml:0,3000")).toMatch(
      /^l<\?xml.*riscv:rv64.*"x31".*"pc"/s,
    );
    expect(await gdb.ask("qfThreadInfo")).toBe("m1,2");
    expect(await gdb.ask("qsThreadInfo")).toBe("l");
    const texts = await Promise.all([1, 2].map((thread) => gdb.ask(`qThreadExtraInfo,${thread}`)));
    const plain = texts.map((text) => Buffer.from(text, "hex").toString());
    expect(plain.filter((text) => text.includes("stopped"))).toHaveLength(1);
    expect([await gdb.ask("T2"), await gdb.ask("T3"), await gdb.ask("Hg9")]).toEqual(["OK", "E01", "E01"]);
    expect(await gdb.ask("vMustReplyEmpty")).toBe("");
  });

  test("stops at a breakpoint, reads registers and memory there, and steps", async () => {
    const gdb = new Gdb();
    expect(await gdb.ask(breakAtSchedule())).toBe("OK");
    expect(await gdb.ask("c")).toMatch(/^T05thread:[12];$/);
    expect(await gdb.pc()).toBe(schedule);
    expect((await gdb.ask("g")).length).toBe(33 * 16);
    const code = await gdb.ask(`m${schedule.toString(16)},4`);
    expect(code).toMatch(/^[0-9a-f]{8}$/);
    expect(await gdb.ask("m10000000,4")).toBe("E14");
    expect(await gdb.ask("s")).toMatch(/^T05thread:[12];$/);
    expect([schedule + 2n, schedule + 4n]).toContain(await gdb.pc());
  });

  test(
    "goes back: a step, to the breakpoint before, to the start",
    async () => {
      const gdb = new Gdb();
      await gdb.ask(breakAtSchedule());
      const stops: { clock: bigint; state: string }[] = [];
      for (let round = 0; round < 4; round++) {
        await gdb.ask("c");
        stops.push({ clock: gdb.run.clock, state: stateHash(gdb.run.machine) });
      }
      await gdb.ask("s");
      expect(await gdb.ask("bs")).toMatch(/^T05thread/);
      expect(await gdb.pc()).toBe(schedule);
      for (const round of [2, 1, 0]) {
        expect(await gdb.ask("bc")).toMatch(/^T05thread:[12];$/);
        expect(gdb.run.clock).toBe(stops[round]?.clock);
        expect(stateHash(gdb.run.machine)).toBe(stops[round]?.state);
      }
      expect(await gdb.ask("bc")).toContain("replaylog:begin");
      expect(gdb.run.clock).toBe(0n);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "changes nothing by looking: the run ends as it did without it",
    async () => {
      const gdb = new Gdb();
      await gdb.ask(breakAtSchedule());
      for (let round = 0; round < 3; round++) await gdb.ask("c");
      await gdb.ask("bc");
      await gdb.ask(`z0,${schedule.toString(16)},2`);
      expect(await gdb.ask("c")).toBe("W00");
      expect(stateHash(gdb.run.machine)).toBe(finalState);
    },
    BOOT_TIMEOUT_MS,
  );

  test("writes registers and memory", async () => {
    const gdb = new Gdb();
    await gdb.ask(breakAtSchedule());
    await gdb.ask("c");
    expect(await gdb.ask("P5=efbeadde00000000")).toBe("OK");
    expect(await gdb.ask("p5")).toBe("efbeadde00000000");
    const stack = await gdb.ask("p2");
    // Just below the stack's top, which is the end of a mapped page.
    const sp = (BigInt(`0x${(stack.match(/../g) ?? []).reverse().join("")}`) - 16n).toString(16);
    expect(await gdb.ask(`M${sp},4:01020304`)).toBe("OK");
    expect(await gdb.ask(`m${sp},4`)).toBe("01020304");
    expect(await gdb.ask("M0,4:01020304")).toBe("E14");
  });

  test("interrupts a machine that runs", async () => {
    const gdb = new Gdb();
    const stop = gdb.ask("c");
    await new Promise((resolve) => setImmediate(resolve));
    gdb.sendRaw("\x03");
    expect(await stop).toMatch(/^T02thread:[12];$/);
    expect(gdb.run.clock).toBeGreaterThan(0n);
  });

  test("a packet that came damaged is refused, and what is no packet is passed over", async () => {
    const gdb = new Gdb();
    gdb.sendRaw("+++garbage$?#00");
    expect(await gdb.ask("?")).toMatch(/^T05thread/);
    expect(gdb.acknowledgements).toBe(2);
  });
});
