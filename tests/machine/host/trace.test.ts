// The event trace: the events of a boot, as lines and for viewers. Listening changes nothing.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { list, number, object, readJson, text } from "../../../host/json.ts";
import { stateHash } from "../../../machine/host/recording/recording.ts";
import { Run } from "../../../machine/host/run.ts";
import { eventLine, type TraceEvent, TraceFile } from "../../../machine/host/trace.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce, type EmbeddedReport } from "../booting.ts";

let report: EmbeddedReport;
let events: TraceEvent[];
let traced: Run;

beforeAll(async () => {
  report = await bootEmbedded({ seed: 4n, smp: 2 });
  const module = await WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
  traced = new Run(module, report.recording.settings);
  events = [];
  traced.listen((event) => events.push(event));
  traced.advanceTo(10_000_000_000n);
}, BOOT_TIMEOUT_MS);

describe("the trace of a boot", () => {
  test("does not change the run", () => {
    expect(stateHash(traced.machine)).toBe(report.stateHash);
  });

  test("has every kind of event, in the order of the clock", () => {
    const lines = events.map(eventLine);
    for (const pattern of [
      /hart [01] {2}system call at 0x/,
      /hart [01] {2}timer interrupt at 0x/,
      /hart [01] {2}returns to user mode at 0x/,
      /hart [01] {2}address space [1-9][0-9]*, root 0x8/,
      /hart [01] {2}firmware: hart state, function 0$/,
      /hart [01] {2}firmware: send IPI, function 0$/,
      /hart [01] {2}writes uart\+0x0: 0x6e$/,
      /hart [01] {2}writes virtio\+0x50: 0x0$/,
      /hart [01] {2}reads plic\+0x/,
      /hart [01] {2}waits for an interrupt at 0x/,
      /hart [01] {2}is woken by (software|timer|external) interrupt/,
      /hart [01] {2}starts at 0x80200/,
      /disk {4}takes request 1$/,
      /disk {4}answers request 1: sector \d+, [1-9]\d* bytes, status 0$/,
    ]) {
      expect(
        lines.find((line) => pattern.test(line)),
        String(pattern),
      ).toBeDefined();
    }
    const clocks = events.map(({ clock }) => clock);
    expect(clocks.every((clock, index) => clock >= (clocks[index - 1] ?? 0n))).toBe(true);
  });

  test("ends when there is no listener any more", () => {
    const count = events.length;
    traced.listen(undefined);
    traced.machine.core.busLoad(0, 0x1000_0005n, 1);
    expect(events.length).toBe(count);
  });

  test("becomes a file for trace viewers, with bars that begin and end on a track for each hart", () => {
    const file = new TraceFile();
    for (const event of events) {
      file.add(event);
    }
    const row = object({ ph: text, tid: number, ts: number, name: text });
    const { traceEvents: rows } = readJson(file.text(), "the trace", object({ traceEvents: list(row) }));
    expect(new Set(rows.map(({ tid }) => tid))).toEqual(new Set([0, 1, -1]));
    for (const hart of [0, 1]) {
      const own = rows.filter(({ tid }) => tid === hart);
      const open: string[] = [];
      for (const { ph, name } of own) {
        if (ph === "B") {
          open.push(name);
        }
        if (ph === "E") {
          expect(open.pop()).toBe(name);
        }
      }
      expect(open.length).toBeLessThanOrEqual(1);
      expect(own.some(({ ph, name }) => ph === "B" && name === "user")).toBe(true);
    }
  });
});
