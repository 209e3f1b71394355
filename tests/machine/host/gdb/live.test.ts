// ./nx boot --gdb: debugging a live run, also backwards. The run is the same as without a debugger, also if a person types. A
// client that leaves does no harm to it.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../../../host/elf.ts";
import { anything, readJson } from "../../../../host/json.ts";
import { root } from "../../../../host/root.ts";
import { decodeRecording, stateHash } from "../../../../machine/host/recording/recording.ts";
import { Run } from "../../../../machine/host/run.ts";
import type { Person } from "../../../../tools/boot/interactive.ts";
import { qemuMachine } from "../../../../tools/boot/machines/qemu.ts";
import { bootOnce, PANIC_QUIET_MS, SHELL_RUN } from "../../../../tools/boot/run.ts";
import { filesOf } from "../../../../tools/boot/session.ts";
import { defined } from "../../../harness/defined.ts";
import { Gdb, registers } from "../../../harness/gdb.ts";
import { hasQemu, usualRequest } from "../../../system/harness/machine.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce, type EmbeddedReport, explain } from "../../booting.ts";

const SEED = 7n;
const KERNEL_ENTRY = 0x8020_0000n;
/** Where QEMU's harts begin, in its boot ROM. */
const QEMU_ENTRY = 0x1000n;

let plain: EmbeddedReport;
let leave: bigint;
let folder: string;

beforeAll(async () => {
  plain = await bootEmbedded({ seed: SEED });
  const { outputs } = await buildOnce();
  const elf = readElf(new Uint8Array(readFileSync(join(root, outputs.kernel))), "the kernel");
  const symbol = elf.symbols.find(({ name }) => name === "neuron/trap/leave");
  if (symbol === undefined) {
    throw new Error("the kernel has no leave");
  }
  leave = symbol.address;
  folder = mkdtempSync(join(tmpdir(), "neuron-gdb-"));
}, BOOT_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `./nx boot --gdb 0`, with what it prints. */
class Boot {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  out = "";
  err = "";
  private hasEnded = false;
  private waiting: (() => void) | undefined;

  constructor(...args: string[]) {
    const words = ["boot", "--gdb", "0", "--seed", String(SEED), "--timeout", "110", ...args];
    this.child = spawn(join(root, "nx"), words, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (bytes) => {
      this.out += String(bytes);
      this.waiting?.();
    });
    this.child.stderr?.on("data", (bytes) => {
      this.err += String(bytes);
      this.waiting?.();
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (status) => {
        resolve(status);
        this.hasEnded = true;
        this.waiting?.();
      });
    });
  }

  /** The port in the `n`-th line that says how to connect. */
  async port(n = 1): Promise<number> {
    const line = /gdb-multiarch \S+neuron\.elf -ex "target remote :(\d+)"/;
    const found = await this.says(line, n);
    return Number(found[1]);
  }

  /** Waits until it has printed this for the `n`-th time. @throws Error if it ends before that, also by a signal */
  async says(words: RegExp, n = 1): Promise<RegExpMatchArray> {
    for (;;) {
      const found = [...`${this.out}\n${this.err}`.matchAll(new RegExp(words, "g"))][n - 1];
      if (found !== undefined) {
        return found;
      }
      if (this.hasEnded) {
        throw new Error(`it has ended (${this.child.signalCode ?? this.child.exitCode}): ${this.err}`);
      }
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }
}

async function pcOf(gdb: Gdb): Promise<bigint> {
  const hart = defined(await gdb.ask("qC")).slice("QC".length);
  return defined((await gdb.registers(hart))[registers.pc]);
}

describe("./nx boot --gdb", () => {
  test(
    "stops before the first instruction, goes forward and back, and is the same run as without gdb",
    async () => {
      const file = join(folder, "debugged.nxr");
      const boot = new Boot("--json", "--record", file);
      const gdb = await Gdb.connect(await boot.port());
      expect(await gdb.harts()).toEqual(["1", "2", "3", "4"]);
      expect(await pcOf(gdb)).toBe(KERNEL_ENTRY);
      await gdb.breakAt(leave);
      for (let round = 0; round < 3; round++) {
        expect(await gdb.run()).toMatch(/^T05thread:[1-4];$/);
        expect(await pcOf(gdb)).toBe(leave);
      }
      expect(await gdb.ask("s")).toMatch(/^T05thread/);
      expect(await pcOf(gdb)).not.toBe(leave);
      expect(await gdb.ask("bs")).toMatch(/^T05thread/);
      expect(await pcOf(gdb)).toBe(leave);
      await gdb.clearBreak(leave);
      expect(await gdb.ask("bc")).toContain("replaylog:begin");
      expect(await pcOf(gdb)).toBe(KERNEL_ENTRY);
      expect(await gdb.run()).toContain("replaylog:end");
      // Goes back from the power-off into the run. When gdb detaches, the rest runs again.
      await gdb.breakAt(leave);
      expect(await gdb.ask("bc")).toMatch(/^T05thread:[1-4];$/);
      expect(await gdb.ask("D")).toBe("OK");
      gdb.close();
      expect(await boot.ended, boot.out + boot.err).toBe(0);
      expect(readJson(boot.out, "the report", anything)).toMatchObject({
        ok: true,
        console_sha256: plain.consoleHash,
        state_sha256: plain.stateHash,
      });
      expect(decodeRecording(readFileSync(file, "utf8")).end).toEqual(plain.recording.end);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "prints each line of the console once, when it comes",
    async () => {
      const boot = new Boot();
      const gdb = await Gdb.connect(await boot.port());
      await gdb.breakAt(leave);
      await gdb.run();
      await gdb.ask("bs");
      await gdb.run();
      await gdb.clearBreak(leave);
      await gdb.run();
      expect(await gdb.ask("bc")).toContain("replaylog:begin");
      expect(await gdb.run()).toContain("replaylog:end");
      await gdb.ask("D");
      gdb.close();
      expect(await boot.ended, boot.err).toBe(0);
      expect(boot.out.split("\n").slice(0, plain.lines.length)).toEqual(plain.lines);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "keeps the machine where it was when a connection breaks, and ends the boot when gdb kills it",
    async () => {
      const file = join(folder, "killed.nxr");
      const boot = new Boot("--record", file);
      const first = await Gdb.connect(await boot.port());
      await first.breakAt(leave);
      await first.run();
      const place = await first.registers("1");
      first.close();
      const second = await Gdb.connect(await boot.port(2));
      expect(await second.registers("1")).toEqual(place);
      // The breakpoint of the first gdb is gone.
      setTimeout(() => second.interrupt(), 200);
      expect(await second.run()).toMatch(/^T02thread|replaylog:end/);
      await second.ask("bc");
      second.send("k");
      second.close();
      expect(await boot.ended).toBe(1);
      expect(boot.err).toContain("gdb ended the machine");
      // The recording has the whole run, no matter where in it gdb stood.
      expect(decodeRecording(readFileSync(file, "utf8")).end?.clock).toBeGreaterThan(1_000_000n);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "keeps the machine after a panic for the debugger, and the boot counts as failed",
    async () => {
      const boot = new Boot();
      const gdb = await Gdb.connect(await boot.port());
      await gdb.breakAt(leave);
      for (let round = 0; round < 2; round++) {
        await gdb.run();
      }
      const hart = defined(await gdb.ask("qC")).slice("QC".length);
      await gdb.setRegister(hart, registers.pc, 0xdead_0000n);
      // The other harts go on for a moment until they are stopped.
      await gdb.clearBreak(leave);
      expect(await gdb.run()).toContain("replaylog:end");
      await gdb.breakAt(leave);
      await boot.says(/PANIC hart=/);
      await new Promise((resolve) => setTimeout(resolve, 2 * PANIC_QUIET_MS));
      expect(await gdb.ask("bc")).toMatch(/^T05thread:[1-4];$/);
      await gdb.ask("D");
      gdb.close();
      expect(await boot.ended).toBe(1);
      expect(boot.err).toContain("boot failed: the kernel panicked");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "ends properly at a signal, with and without a connected gdb",
    async () => {
      for (const isConnected of [false, true]) {
        const boot = new Boot();
        const port = await boot.port();
        const gdb = isConnected ? await Gdb.connect(port) : undefined;
        await gdb?.harts();
        boot.child.kill("SIGINT");
        expect(await boot.ended).toBe(1);
        expect(boot.err).toContain("interrupted");
        gdb?.close();
      }
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "says that its port is in use, and what to do",
    async () => {
      const other: Server = createServer();
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const address = other.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      for (const machine of hasQemu ? ["embedded", "qemu"] : ["embedded"]) {
        const seeds = machine === "qemu" ? [] : ["--seed", "1"];
        const words = ["boot", "--machine", machine, ...seeds, "--gdb", String(port)];
        const child = spawn(join(root, "nx"), words, { stdio: ["ignore", "ignore", "pipe"] });
        let err = "";
        child.stderr.on("data", (bytes) => {
          err += String(bytes);
        });
        expect(await new Promise((resolve) => child.once("close", resolve))).toBe(2);
        expect(err).toContain(`port ${port} is in use`);
        expect(err).toContain("--gdb 0");
      }
      await new Promise((resolve) => other.close(resolve));
    },
    BOOT_TIMEOUT_MS,
  );
});

/** A person who types a line when the shell has started, and more when told to. */
class Typist implements Person {
  text = "";
  send: (bytes: Uint8Array) => void = () => {};
  private waiting: (() => void) | undefined;

  show(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
    this.waiting?.();
  }

  attach(send: (bytes: Uint8Array) => void): void {
    this.send = send;
  }

  handOver(): void {
    this.waiting?.();
  }

  close(): void {}

  type(text: string): void {
    this.send(new TextEncoder().encode(text));
  }

  async sees(words: string): Promise<void> {
    while (!this.text.includes(words)) {
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }
}

describe("a person at the console of a debugged machine", () => {
  test(
    "can type: going back and forth is exact, keys typed in the past arrive in the present, and the run can be replayed",
    async () => {
      const typist = new Typist();
      let port: (port: number) => void = () => {};
      const listening = new Promise<number>((resolve) => {
        port = resolve;
      });
      const tell = (text: string): void => port(Number(/:(\d+)"/.exec(text)?.[1]));
      const booted = bootEmbedded({
        seed: SEED,
        smp: 2,
        run: SHELL_RUN,
        person: typist,
        timeoutSeconds: undefined,
        gdb: { port: 0, tell },
      });
      const gdb = await Gdb.connect(await listening);
      const stopSoon = async (words: string): Promise<void> => {
        const stop = gdb.run();
        await typist.sees(words);
        gdb.interrupt();
        expect(await stop).toMatch(/^T02/);
      };
      await stopSoon("nx> ");
      // The machine stands still, so this input waits.
      typist.type("cat fixtures/hello.txt\r");
      await stopSoon("Hello");
      expect(await gdb.ask("bc")).toContain("replaylog:begin");
      // The run is in the past, so this input waits for the present.
      typist.type("poweroff\r");
      await gdb.ask("s");
      expect(await gdb.run()).toContain("replaylog:end");
      await gdb.ask("bs");
      expect(await gdb.run()).toContain("replaylog:end");
      await gdb.ask("D");
      gdb.close();
      const report = await booted;
      expect(report.ok, explain(report)).toBe(true);
      expect(typist.text.match(/Hello/g)).toHaveLength(1);
      const { settings, events } = report.recording;
      const typed = events.map((event) => ("input" in event ? String.fromCharCode(event.input) : "?"));
      expect(typed.join("")).toBe("cat fixtures/hello.txt\rpoweroff\r");
      const clocks = events.map(({ at }) => at);
      expect(clocks).toEqual([...clocks].sort((one, other) => Number(one - other)));
      const { wasm } = await buildOnce();
      const again = new Run(await WebAssembly.compile(new Uint8Array(readFileSync(wasm))), settings, events);
      expect(again.advanceTo(defined(report.recording.end).clock)).toBe("off");
      expect(stateHash(again.machine)).toBe(report.stateHash);
      expect(Buffer.from(again.consoleBytes).toString("latin1")).toBe(typist.text);
    },
    BOOT_TIMEOUT_MS,
  );
});

describe.skipIf(!hasQemu)("--machine qemu --gdb (qemu-system-riscv64 is installed)", () => {
  test(
    "on QEMU, its own stub serves gdb: it waits, stops at a symbol of the kernel, and goes on to the end",
    async () => {
      const { outputs } = await buildOnce();
      let gdb: Promise<Gdb> | undefined;
      const tell = (text: string): void => {
        gdb = Gdb.connect(Number(/:(\d+)"/.exec(text)?.[1]));
      };
      const request = { ...usualRequest, gdb: { port: 0, tell } };
      const booted = bootOnce(qemuMachine(), filesOf(outputs), request, () => {});
      while (gdb === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const client = await gdb;
      expect((await client.registers("1"))[registers.pc]).toBe(QEMU_ENTRY);
      await client.breakAt(leave);
      expect(await client.run()).toMatch(/^T05/);
      await client.clearBreak(leave);
      await client.run();
      client.close();
      const report = await booted;
      expect(report.ok, explain(report)).toBe(true);
    },
    BOOT_TIMEOUT_MS,
  );
});
