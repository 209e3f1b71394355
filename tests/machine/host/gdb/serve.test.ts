// A machine that waits for gdb, from one connection to the next. The test pauses the machine between two slices, so that a second
// gdb can connect exactly while the machine still stops for the first.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { Debugger } from "../../../../machine/host/gdb/debugger.ts";
import { HOST } from "../../../../machine/host/gdb/port.ts";
import { serveGdb } from "../../../../machine/host/gdb/serve.ts";
import type { MachineSettings } from "../../../../machine/host/machine.ts";
import { Run } from "../../../../machine/host/run.ts";
import { defined } from "../../../harness/defined.ts";
import { Gdb } from "../../../harness/gdb.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "../../booting.ts";

/** Turns of the event loop in which a server accepts a connection. One would be enough. */
const ACCEPT_TURNS = 10;
const SERVE_TIMEOUT_MS = 30_000;

let module: WebAssembly.Module;
let settings: MachineSettings;

beforeAll(async () => {
  const recorded = await bootEmbedded({ seed: 3n, smp: 2 });
  settings = recorded.recording.settings;
  const { wasm } = await buildOnce();
  module = await WebAssembly.compile(new Uint8Array(readFileSync(wasm)));
}, BOOT_TIMEOUT_MS);

/** Something that happens once, and that a test can wait for. */
class Moment {
  come: () => void = () => {};
  readonly came = new Promise<void>((resolve) => {
    this.come = resolve;
  });
}

/** A machine for gdb that pauses after its first slice until the test lets it go on. */
class Served {
  readonly lines: string[] = [];
  readonly stop = new AbortController();
  readonly end: Promise<string>;
  private readonly runs = new Moment();
  private readonly free = new Moment();

  constructor() {
    this.end = serveGdb(new Debugger(new Run(module, settings)), {
      port: 0,
      kernel: "build/neuron.elf",
      tell: (line) => this.lines.push(line),
      onBytes: () => {},
      breathe: async () => {
        this.runs.come();
        await this.free.came;
        await setImmediate();
      },
      signal: this.stop.signal,
    });
  }

  /** Waits until it has said `n` times that a client can connect. */
  async asks(n: number): Promise<void> {
    while (this.lines.length < n) {
      await setImmediate();
    }
  }

  async port(): Promise<number> {
    await this.asks(1);
    return Number(/:(\d+)"/.exec(defined(this.lines[0]))?.[1]);
  }

  /** A gdb lets the machine run, and its connection breaks. The machine has not stopped yet. */
  async cutOne(): Promise<void> {
    const socket: Socket = createConnection(await this.port(), HOST);
    socket.resume().write("$c#63");
    await this.runs.came;
    socket.end();
    await once(socket, "close");
  }

  /** A gdb connects, and the server has accepted it. */
  async connectOne(): Promise<Gdb> {
    const gdb = await Gdb.connect(await this.port());
    for (let turn = 0; turn < ACCEPT_TURNS; turn++) {
      await setImmediate();
    }
    return gdb;
  }

  letGo(): void {
    this.free.come();
  }
}

describe("a second gdb that connects while the machine still runs for the first", () => {
  test(
    "is served as soon as the machine stops",
    async () => {
      const served = new Served();
      await served.cutOne();
      const gdb = await served.connectOne();
      served.letGo();
      expect(await gdb.ask("?")).toMatch(/^T05thread:[12];$/);
      gdb.send("k");
      gdb.close();
      expect(await served.end).toBe("killed");
      // It has not asked for another connection.
      expect(served.lines).toHaveLength(1);
    },
    SERVE_TIMEOUT_MS,
  );

  test(
    "is dropped if it disconnects again",
    async () => {
      const served = new Served();
      await served.cutOne();
      const passing = await served.connectOne();
      passing.close();
      for (let turn = 0; turn < ACCEPT_TURNS; turn++) {
        await setImmediate();
      }
      served.letGo();
      await served.asks(2);
      const gdb = await served.connectOne();
      expect(await gdb.ask("?")).toMatch(/^T05thread:[12];$/);
      gdb.send("k");
      gdb.close();
      expect(await served.end).toBe("killed");
    },
    SERVE_TIMEOUT_MS,
  );

  test(
    "is turned away if the machine ends",
    async () => {
      const served = new Served();
      await served.cutOne();
      const gdb = await served.connectOne();
      served.stop.abort();
      served.letGo();
      expect(await served.end).toBe("stopped");
      expect(await gdb.ask("?")).toBeUndefined();
    },
    SERVE_TIMEOUT_MS,
  );
});
