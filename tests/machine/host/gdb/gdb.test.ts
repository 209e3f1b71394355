// gdb's protocol on a booting kernel: threads, memory through page tables, breakpoints, steps, and the way back.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../../../host/elf.ts";
import { root } from "../../../../host/root.ts";
import type { MachineSettings } from "../../../../machine/host/machine.ts";
import { decodeRecording, encodeRecording, stateHash } from "../../../../machine/host/recording/recording.ts";
import { Run } from "../../../../machine/host/run.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "../../booting.ts";
import { Gdb } from "./client.ts";

let module: WebAssembly.Module;
let settings: MachineSettings;
let leave: bigint;
let finalState: string;

beforeAll(async () => {
  const recorded = await bootEmbedded({ seed: 3n, smp: 2 });
  settings = recorded.recording.settings;
  finalState = recorded.stateHash;
  const { outputs, wasm } = await buildOnce();
  module = await WebAssembly.compile(new Uint8Array(readFileSync(wasm)));
  const elf = readElf(new Uint8Array(readFileSync(join(root, outputs.kernel))), "the kernel");
  const symbol = elf.symbols.find(({ name }) => name === "neuron/trap/leave");
  if (symbol === undefined) {
    throw new Error("the kernel has no leave");
  }
  leave = symbol.address;
}, BOOT_TIMEOUT_MS);

/** A gdb at the beginning of the run. */
function newGdb(): Gdb {
  return new Gdb(new Run(module, settings));
}

const breakAtLeave = (): string => `Z0,${leave.toString(16)},2`;

describe("gdb", () => {
  test("learns what the machine can do, and sees every hart as a thread", async () => {
    const gdb = newGdb();
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
    const gdb = newGdb();
    expect(await gdb.ask(breakAtLeave())).toBe("OK");
    expect(await gdb.ask("c")).toMatch(/^T05thread:[12];$/);
    expect(await gdb.pc()).toBe(leave);
    expect((await gdb.ask("g")).length).toBe(33 * 16);
    const code = await gdb.ask(`m${leave.toString(16)},4`);
    expect(code).toMatch(/^[0-9a-f]{8}$/);
    expect(await gdb.ask("m10000000,4")).toBe("E14");
    // The supervisor's addresses have 39 bits, and the bits above are copies of the last.
    expect(await gdb.ask(`m${(leave ^ (1n << 40n)).toString(16)},4`)).toBe("E14");
    expect(await gdb.ask("s")).toMatch(/^T05thread:[12];$/);
    expect([leave + 2n, leave + 4n]).toContain(await gdb.pc());
  });

  test(
    "goes back by a step, to the breakpoint before, and to the start",
    async () => {
      const gdb = newGdb();
      await gdb.ask(breakAtLeave());
      const stops: { clock: bigint; state: string }[] = [];
      for (let round = 0; round < 4; round++) {
        await gdb.ask("c");
        stops.push({ clock: gdb.run.clock, state: stateHash(gdb.run.machine) });
      }
      await gdb.ask("s");
      expect(await gdb.ask("bs")).toMatch(/^T05thread/);
      expect(await gdb.pc()).toBe(leave);
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
    "changes nothing by reading: the run ends in the same way as without gdb",
    async () => {
      const gdb = newGdb();
      await gdb.ask(breakAtLeave());
      for (let round = 0; round < 3; round++) {
        await gdb.ask("c");
      }
      await gdb.ask("bc");
      await gdb.ask(`z0,${leave.toString(16)},2`);
      expect(await gdb.ask("c")).toMatch(/^T05.*replaylog:end;$/);
      expect(stateHash(gdb.run.machine)).toBe(finalState);
      // A session can go back from the end, and come to it again.
      await gdb.ask("bs");
      expect(stateHash(gdb.run.machine)).not.toBe(finalState);
      expect(await gdb.ask("c")).toMatch(/^T05.*replaylog:end;$/);
      expect(stateHash(gdb.run.machine)).toBe(finalState);
    },
    BOOT_TIMEOUT_MS,
  );

  test("a recording goes no further than it was recorded, until something is written", async () => {
    const end = 400_000n;
    const gdb = new Gdb(new Run(module, settings), end);
    expect(await gdb.ask("c")).toMatch(/^T05.*replaylog:end;$/);
    expect(gdb.run.clock).toBe(end);
    const state = stateHash(gdb.run.machine);
    for (const packet of ["s", "c"]) {
      expect(await gdb.ask(packet)).toMatch(/^T05.*replaylog:end;$/);
      expect(gdb.run.clock).toBe(end);
    }
    await gdb.ask("bs");
    expect(gdb.run.clock).toBeLessThan(end);
    expect(await gdb.ask("c")).toMatch(/^T05.*replaylog:end;$/);
    expect(stateHash(gdb.run.machine)).toBe(state);
    // From here on it is another run.
    expect(await gdb.ask("P4=efbeadde00000000")).toBe("OK");
    expect(await gdb.ask("s")).toMatch(/^T05thread:[12];$/);
    expect(gdb.run.clock).toBeGreaterThan(end);
  });

  test("writes registers and memory", async () => {
    const gdb = newGdb();
    await gdb.ask(breakAtLeave());
    await gdb.ask("c");
    expect(await gdb.ask("P5=efbeadde00000000")).toBe("OK");
    expect(await gdb.ask("p5")).toBe("efbeadde00000000");
    // Just below the stack's top, which is the end of a mapped page.
    const sp = ((await gdb.register(2)) - 16n).toString(16);
    expect(await gdb.ask(`M${sp},4:01020304`)).toBe("OK");
    expect(await gdb.ask(`m${sp},4`)).toBe("01020304");
    expect(await gdb.ask("M0,4:01020304")).toBe("E14");
  });

  test("reads CSRs by gdb's numbers for them, and the privilege mode", async () => {
    const gdb = newGdb();
    await gdb.ask(breakAtLeave());
    await gdb.ask("c");
    const hart = Number((await gdb.ask("qC")).slice("QC".length)) - 1;
    expect(await gdb.register(65 + 0x180)).toBe(
      BigInt.asUintN(64, gdb.run.machine.core.hartCsr(hart, 0x180)),
    );
    expect((await gdb.register(65 + 0x180)) >> 60n).toBe(8n);
    expect(await gdb.register(65 + 4096)).toBe(1n);
    expect(await gdb.ask(`p${(65 + 0x7c0).toString(16)}`)).toBe("E01");
    expect(await gdb.ask(`P${(65 + 0x180).toString(16)}=0000000000000000`)).toBe("E01");
  });

  test(
    "can write in the past, which makes another run that is as exact as any and can be recorded",
    async () => {
      const gdb = newGdb();
      const { run } = gdb;
      await gdb.ask(breakAtLeave());
      await gdb.ask("c");
      const early = run.clock;
      for (let round = 0; round < 3; round++) {
        await gdb.ask("c");
      }
      await gdb.ask("bc");
      const place = run.clock;
      const sp = ((await gdb.register(2)) - 16n).toString(16);
      // Writing the same value does not make another run.
      await gdb.ask(`M${sp},4:${await gdb.ask(`m${sp},4`)}`);
      await gdb.ask(`P5=${await gdb.ask("p5")}`);
      expect(run.events).toEqual([]);
      await gdb.ask("P5=efbeadde00000000");
      await gdb.ask(`M${sp},4:01020304`);
      expect(run.events.map(({ at }) => at)).toEqual([place, place]);
      await gdb.ask("c");
      const there = { clock: run.clock, state: stateHash(run.machine) };
      // Goes back to before the writes, and forwards past them.
      for (let round = 0; run.clock > early && round < 9; round++) {
        await gdb.ask("bc");
      }
      expect(run.clock).toBe(early);
      while (run.clock < there.clock) {
        await gdb.ask("c");
      }
      expect({ clock: run.clock, state: stateHash(run.machine) }).toEqual(there);
      const recording = { settings, events: run.events, end: undefined, module: "" };
      const { events } = decodeRecording(encodeRecording(recording));
      expect(events).toEqual(run.events);
      const again = new Run(module, settings, events);
      again.advanceTo(there.clock);
      expect(stateHash(again.machine)).toBe(there.state);
    },
    BOOT_TIMEOUT_MS,
  );

  test("stops when every hart waits for ever, and can go back from there", async () => {
    const gdb = newGdb();
    // At the kernel's entry: a loop around wfi.
    expect(await gdb.ask("M80200000,8:730050106ff0dfff")).toBe("OK");
    expect(await gdb.ask("c")).toMatch(/^T02thread:[12];$/);
    expect(await gdb.pc()).toBe(0x8020_0004n);
    await gdb.ask("bs");
    expect(await gdb.pc()).toBe(0x8020_0000n);
  });

  test("interrupts a running machine", async () => {
    const gdb = newGdb();
    const stop = gdb.ask("c");
    await new Promise((resolve) => setImmediate(resolve));
    gdb.sendRaw("\x03");
    expect(await stop).toMatch(/^T02thread:[12];$/);
    expect(gdb.run.clock).toBeGreaterThan(0n);
  });

  test("can interrupt in the middle of other packets, which stops the command before it", async () => {
    const gdb = newGdb();
    // The interrupt comes before the machine begins to run.
    gdb.sendRaw("$c#63\x03");
    expect(await gdb.next()).toMatch(/^T02thread:[12];$/);
    const first = gdb.run.clock;
    expect(first).toBeGreaterThan(0n);
    // Together with the acknowledgement of an answer, and before another packet.
    const stop = gdb.ask("c");
    await new Promise((resolve) => setImmediate(resolve));
    gdb.sendRaw("+\x03$?#3f");
    expect(await stop).toMatch(/^T02thread:[12];$/);
    expect(await gdb.next()).toMatch(/^T05thread/);
    expect(gdb.run.clock).toBeGreaterThan(first);
    // An interrupt that comes while nothing runs does not stop the next command.
    gdb.sendRaw("+\x03");
    expect(await gdb.ask("c")).toMatch(/^T05.*replaylog:end;$/);
  });

  test("can send a packet in any pieces, and an interrupt byte in its data is data", async () => {
    const gdb = newGdb();
    for (const letter of "++$qC#b4") {
      gdb.sendRaw(letter);
    }
    expect(await gdb.next()).toMatch(/^QC[12]$/);
    gdb.sendRaw("$?\x03#42$qC#b4");
    expect(await gdb.next()).toBe("E01");
    expect(await gdb.next()).toMatch(/^QC[12]$/);
  });

  test("gets a damaged packet refused, and bytes outside of packets are ignored", async () => {
    const gdb = newGdb();
    gdb.sendRaw("+++garbage$?#00");
    expect(await gdb.ask("?")).toMatch(/^T05thread/);
    expect(gdb.acknowledgements).toBe(2);
  });
});
