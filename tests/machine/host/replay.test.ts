// Runs that are replayed: from a recording, from a snapshot, backwards; and input that comes at an instruction count.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anything, members, readJson } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import { parseFaults } from "../../../machine/host/faults.ts";
import type { MachineSettings } from "../../../machine/host/machine.ts";
import { DISK_BYTES_MAX } from "../../../machine/host/recording/format.ts";
import {
  decodeRecording,
  encodeRecording,
  hashOf,
  stateHash,
} from "../../../machine/host/recording/recording.ts";
import { Run, type RunEvent } from "../../../machine/host/run.ts";
import { Timeline } from "../../../machine/host/timeline.ts";
import { defined } from "../../harness/defined.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce, type EmbeddedReport } from "../booting.ts";

const END = 10_000_000_000n;

let recorded: EmbeddedReport;
let settings: MachineSettings;
let module: WebAssembly.Module;
let folder: string;

beforeAll(async () => {
  recorded = await bootEmbedded({ seed: 5n, faults: parseFaults("used-id@4") });
  settings = recorded.recording.settings;
  module = await WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
  folder = mkdtempSync(join(tmpdir(), "neuron-replay-"));
}, BOOT_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = (): string => encodeRecording(recorded.recording);
const zeros = (count: number): string => deflateSync(Buffer.alloc(count)).toString("base64");
const ownSettings = (): MachineSettings => decodeRecording(text()).settings;

describe("a recording", () => {
  test("has everything that the run started from", () => {
    const decoded = decodeRecording(text());
    const { disk, ...others } = decoded.settings;
    const { disk: original, ...expected } = settings;
    expect(others).toEqual(expected);
    expect(disk?.content.byteCount).toBe(original?.content.byteCount);
    expect(decoded.end).toEqual(recorded.recording.end);
    expect(decoded.events).toEqual([]);
  });

  test("gives the same run, to the last byte of its state", () => {
    const run = new Run(module, ownSettings());
    expect(run.advanceTo(END)).toBe("off");
    expect(hashOf(run.consoleBytes)).toBe(recorded.consoleHash);
    expect(stateHash(run.machine)).toBe(recorded.stateHash);
  });

  test.each([
    ["no JSON", "it is not JSON", (all: string) => all.slice(10)],
    ["another file", "it is not a recording", () => "{}"],
    ["another version", "version 9", (all: string) => all.replace('"version": 1', '"version": 9')],
    [
      "a damaged kernel",
      "no compressed bytes at settings.kernel",
      (all: string) => all.replace('"kernel": "', '"kernel": "AAAA'),
    ],
    [
      "a kernel that would fill the memory",
      "no compressed bytes at settings.kernel",
      (all: string) => all.replace(/"kernel": "[^"]*"/, `"kernel": "${zeros(DISK_BYTES_MAX + 1)}"`),
    ],
    ["no such machine", "has 9 at settings.harts", (all: string) => all.replace('"harts": 4', '"harts": 9')],
    [
      "no memory",
      "has 0 at settings.ramMebibytes",
      (all: string) => all.replace(/"ramMebibytes": \d+/, '"ramMebibytes": 0'),
    ],
    ["no such slot", "has 8 at settings.disk.slot", (all: string) => all.replace('"slot": 0', '"slot": 8')],
    ["another seed", "it was changed", (all: string) => all.replace(/"seed": "\d+"/, '"seed": "12345"')],
    ["other chaos", "it was changed", (all: string) => all.replace('"chaos": 0', '"chaos": 1')],
    ["no number", "no number at settings.harts", (all: string) => all.replace('"harts": 4', '"harts": "4"')],
  ])("that is damaged (%s) is refused", (_name, message, damage) => {
    expect(() => decodeRecording(damage(text()))).toThrow(message);
  });
});

describe("a snapshot", () => {
  test(
    "from the middle of a run gives the same end each time the run goes back to it",
    () => {
      const run = new Run(module, ownSettings());
      run.advanceTo(20_000_000n);
      const middle = run.moment();
      const hash = stateHash(run.machine);
      for (let round = 0; round < 2; round++) {
        expect(run.advanceTo(END)).toBe("off");
        expect(stateHash(run.machine)).toBe(recorded.stateHash);
        expect(hashOf(run.consoleBytes)).toBe(recorded.consoleHash);
        run.goTo(middle);
        expect(run.clock).toBe(middle.state.clock);
        expect(stateHash(run.machine)).toBe(hash);
      }
    },
    BOOT_TIMEOUT_MS,
  );

  test("shares equal chunks with an earlier one", () => {
    const run = new Run(module, ownSettings());
    run.advanceTo(20_000_000n);
    const first = run.moment();
    run.advanceTo(20_010_000n);
    const second = run.moment(first);
    const shared = [...second.state.chunks].filter(([at, bytes]) => first.state.chunks.get(at) === bytes);
    expect(shared.length).toBeGreaterThan(second.state.chunks.size * 0.9);
  });

  test(
    "continued with another seed gives another run, with an event for the seed",
    () => {
      const run = new Run(module, ownSettings());
      run.advanceTo(20_000_000n);
      run.reseed(99n);
      const at = run.clock;
      run.advanceTo(END);
      expect(stateHash(run.machine)).not.toBe(recorded.stateHash);
      expect(run.events).toEqual([{ at, seed: 99n }]);
      const again = new Run(module, ownSettings(), run.events);
      again.advanceTo(END);
      expect(stateHash(again.machine)).toBe(stateHash(run.machine));
    },
    BOOT_TIMEOUT_MS,
  );
});

describe("a timeline", () => {
  test(
    "goes to any instruction count, also backwards",
    () => {
      const timeline = new Timeline(new Run(module, ownSettings()), 1_000_000n);
      const { run } = timeline;
      const places = [3_000_000n, 9_123_457n, 21_000_001n];
      const hashes = places.map((place) => {
        timeline.goTo(place);
        return stateHash(run.machine);
      });
      for (const index of [1, 0, 2, 0, 1]) {
        timeline.goTo(defined(places[index]));
        expect(stateHash(run.machine)).toBe(hashes[index]);
      }
      expect(timeline.advanceTo(END)).toBe("off");
      expect(stateHash(run.machine)).toBe(recorded.stateHash);
    },
    BOOT_TIMEOUT_MS,
  );
});

describe("console input", () => {
  /** Whether the serial port has a byte that was not read yet (LSR, data ready). */
  const waiting = (run: Run): boolean => (run.machine.core.busLoad(0, 0x1000_0005n, 1) & 1n) !== 0n;

  test(
    "is recorded with its instruction count, and comes again at the same count",
    () => {
      const first = new Run(module, ownSettings());
      first.advanceTo(1_000_000n);
      for (const byte of [0x68, 0x69]) {
        expect(first.input(byte)).toBe(true);
      }
      first.advanceTo(1_010_000n);
      const expected: RunEvent[] = [0x68, 0x69].map((input) => ({ at: defined(first.events[0]?.at), input }));
      expect(first.events).toEqual(expected);
      const again = new Run(module, ownSettings(), first.events);
      again.advanceTo(1_010_000n);
      expect(stateHash(again.machine)).toBe(stateHash(first.machine));
      expect([waiting(first), waiting(again)]).toEqual([true, true]);
      const without = new Run(module, ownSettings());
      without.advanceTo(1_010_000n);
      expect(waiting(without)).toBe(false);
    },
    BOOT_TIMEOUT_MS,
  );
});

describe("./nx replay", () => {
  const nx = (...args: string[]): string =>
    execFileSync(join(root, "nx"), ["replay", ...args], { encoding: "utf8" });
  const answer = (output: string): unknown => readJson(output, "the answer", anything);

  test(
    "says that the run was the same, or stops where it is told to and shows the harts",
    () => {
      const file = join(folder, "run.nxr");
      writeFileSync(file, text());
      expect(nx(file)).toContain(`state ${recorded.stateHash}`);
      expect(answer(nx(file, "--json"))).toMatchObject({
        same: true,
        state: "off",
        state_sha256: recorded.stateHash,
      });
      const stopped = nx(file, "--stop-at", "SELFTEST: smp ipi ok");
      expect(stopped).toContain("stopped: after");
      expect(stopped).not.toContain("SELFTEST: pkgfs");
      expect(stopped).toMatch(/hart 3: .*instructions/);
      expect(answer(nx(file, "--json", "--stop-at", "1000000"))).toMatchObject({
        state: "running",
        same: null,
        reached: true,
      });
    },
    BOOT_TIMEOUT_MS,
  );

  test.each([
    ["no such line", 'no line of its console contains "no such line"'],
    ["panic", "nothing panicked"],
    ["99999999999999999999999", "it has fewer instructions than 99999999999999999999999"],
  ])(
    "fails if the run never comes to the place to stop at: %s",
    (where, says) => {
      const file = join(folder, "missed.nxr");
      writeFileSync(file, text());
      const missed = spawnSync(join(root, "nx"), ["replay", file, "--json", "--stop-at", where], {
        encoding: "utf8",
      });
      expect([missed.status, missed.stderr]).toEqual([1, `nx: the run has ended: ${says}\n`]);
      expect(answer(missed.stdout)).toMatchObject({ reached: false, state: "off" });
    },
    BOOT_TIMEOUT_MS,
  );

  test("accepts an old recording, which has no digest, and refuses one whose kernel is not an ELF file", () => {
    const { digest: _, ...old } = readJson(text(), "the recording", members);
    expect(decodeRecording(JSON.stringify(old)).end).toEqual(recorded.recording.end);
    const machine = members(old.settings, "settings");
    const file = join(folder, "kernel.nxr");
    writeFileSync(file, JSON.stringify({ ...old, settings: { ...machine, kernel: machine.tree } }));
    const refused = spawnSync(join(root, "nx"), ["replay", file], { encoding: "utf8" });
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^nx: \S+ cannot be replayed: the kernel is not an ELF file that can be read: the magic number is missing\ntry: /,
      ),
    ]);
  });

  test.each([
    [["--stop-at", " "], "it is empty"],
    [["--gdb", "0", "--json"], "cannot be used with option '--json'"],
    [["--gdb", "0", "--trace", "x"], "cannot be used with option '--trace <file>'"],
  ])("refuses %j", (words, says) => {
    const refused = spawnSync(join(root, "nx"), ["replay", "x.nxr", ...words], { encoding: "utf8" });
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(says)]);
  });

  test("refuses a file that is not a recording", () => {
    const file = join(folder, "none.nxr");
    writeFileSync(file, "{}");
    const refused = spawnSync(join(root, "nx"), ["replay", file], { encoding: "utf8" });
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("it is not a recording")]);
  });
});
