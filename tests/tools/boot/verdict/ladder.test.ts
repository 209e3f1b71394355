// The marker contract and the ladder: what a run owes, and how each way of not giving it is told.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Ladder } from "../../../../tools/boot/verdict/ladder.ts";
import { MARKERS_FILE, markersOf, type RunKind } from "../../../../tools/boot/verdict/markers.ts";

const contract = readFileSync(MARKERS_FILE, "utf8");
const selftest: RunKind = { smp: 2, profile: "bringup", disk: true, run: "selftest-client" };
const hash = "0".repeat(64);

const goodConsole = [
  "OpenSBI v1.1",
  "neuron: hart0 boot virt smp=2",
  "neuron: hart1 online",
  "neuron: hart0 online",
  "neuron: hart0 tick n=1",
  "neuron: ipi hart0->hart1",
  "neuron: ipi hart1->hart0",
  "virtioblkd: mmio=0x10001000 irq=1 sectors=2048",
  "virtioblkd: ready",
  "neuron: hart1 tick n=1",
  "pkgfs: mounted from virtio-blk ro",
  "SELFTEST: smp per-hart ticks ok",
  `proof: smp-ticks 0:1>2 1:1>2 sha256=${hash}`,
  "SELFTEST: smp ipi ok",
  `proof: smp-ipi 0>1:1 1>0:1 sha256=${hash}`,
  "SELFTEST: pkgfs virtio ro ok",
  `proof: pkgfs fixtures/hello.txt bytes=1 hash=${hash} sha256=${hash}`,
];

function climb(lines: string[], kind: RunKind = selftest) {
  const ladder = new Ladder(markersOf(contract, kind));
  for (const line of lines) {
    ladder.feed(line);
  }
  const { missing, problems } = ladder.verdict();
  return { missing: missing.map((marker) => marker.text), problems };
}

/** `goodConsole` without the lines that match. */
function without(pattern: RegExp): string[] {
  return goodConsole.filter((line) => !pattern.test(line));
}

describe("a run owes", () => {
  const texts = (kind: Partial<RunKind>): string[] =>
    markersOf(contract, { ...selftest, ...kind }).map((marker) => marker.text);

  test("every line that the contract names, at four harts with a disk", () => {
    expect(texts({ smp: 4 })).toEqual(
      expect.arrayContaining([
        "neuron: hart0 boot virt smp=4",
        "neuron: hart0 online",
        "neuron: hart3 online",
        "neuron: hart3 tick n=…",
        "virtioblkd: mmio=0x… irq=… sectors=…",
        "virtioblkd: ready",
        "pkgfs: mounted from virtio-blk ro",
        "SELFTEST: smp per-hart ticks ok",
        "SELFTEST: smp ipi ok",
        "SELFTEST: pkgfs virtio ro ok",
      ]),
    );
    expect(texts({ smp: 4 }).some((text) => text.startsWith("neuron: ipi hart"))).toBe(true);
  });

  test("no interrupt between harts when there is only one", () => {
    expect(texts({ smp: 1 }).filter((text) => text.includes("neuron: ipi"))).toEqual([]);
  });

  test("the line about fixtures, and none of the driver, without a disk", () => {
    const owed = texts({ disk: false });
    expect(owed).toContain("pkgfs: mounted from fixtures (no block device)");
    expect(owed.filter((text) => /virtio/.test(text))).toEqual([]);
  });

  test("the answer instead of the self-tests, when it runs nx", () => {
    const owed = texts({ run: "nx hw smp" });
    expect(owed).toContain("nx: smp online=2");
    expect(owed.filter((text) => text.startsWith("SELFTEST"))).toEqual([]);
  });
});

describe("the ladder", () => {
  test("is climbed by a good console, in any order that is allowed", () => {
    expect(climb(goodConsole)).toEqual({ missing: [], problems: [] });
  });

  test("names a marker that never came", () => {
    expect(climb(without(/: ready$/)).missing).toEqual(["virtioblkd: ready"]);
    expect(climb(without(/hart1 tick/)).missing).toEqual(["neuron: hart1 tick n=…"]);
  });

  test("is not climbed by a line that only resembles a marker", () => {
    const lines = goodConsole.map((line) => line.replace("smp ipi ok", "smp ipi ok?"));
    const { missing, problems } = climb(lines);
    expect(missing).toEqual(["SELFTEST: smp ipi ok"]);
    expect(problems[0]).toContain("a self-test that is not owed");
  });

  test("says which line came too early", () => {
    const lines = ["SELFTEST: smp per-hart ticks ok", ...without(/SELFTEST: smp per-hart/)];
    expect(climb(lines).problems[0]).toMatch(
      /"SELFTEST: smp per-hart ticks ok" came before "neuron: hart0 tick/,
    );
  });

  test("requires that a hart is online before it ticks, but no other hart", () => {
    const lines = ["neuron: hart0 boot virt smp=2", "neuron: hart1 online", "neuron: hart1 tick n=1"];
    expect(climb(lines).problems).toEqual([]);
    expect(climb([...lines, "neuron: hart0 tick n=1"]).problems).toEqual([
      '"neuron: hart0 tick n=1" came before "neuron: hart0 online" (console line 4)',
    ]);
  });

  test("requires that both harts are online before one interrupts the other", () => {
    const lines = ["neuron: hart0 boot virt smp=2", "neuron: hart1 online", "neuron: ipi hart1->hart0"];
    expect(climb(lines).problems).toEqual([
      '"neuron: ipi hart1->hart0" came before "neuron: hart0 online" (console line 3)',
    ]);
  });

  test("is not climbed twice: a second boot line is a restart", () => {
    expect(climb([...goodConsole, "neuron: hart0 boot virt smp=2"]).problems).toEqual([
      '"neuron: hart0 boot virt smp=2" came twice, again in console line 18',
    ]);
  });

  test("allows a hart to come online again, once for each stop", () => {
    const again = [...goodConsole, "neuron: hart1 stops", "neuron: hart1 online"];
    expect(climb(again).problems).toEqual([]);
    expect(climb([...again, "neuron: hart1 online"]).problems).toEqual([
      '"neuron: hart1 online" came twice, again in console line 20',
    ]);
    expect(climb([...goodConsole, "neuron: hart1 stops", "neuron: hart0 online"]).problems).toHaveLength(1);
  });

  test("allows a value to be printed again", () => {
    expect(climb([...goodConsole, "neuron: hart1 tick n=2"]).problems).toEqual([]);
  });

  test("notices a wrong number of harts", () => {
    const lines = goodConsole.map((line) => line.replace("smp=2", "smp=1"));
    expect(climb(lines).missing).toEqual(["neuron: hart0 boot virt smp=2"]);
  });
});

describe("the contract's file", () => {
  const cases: [name: string, text: string, message: string][] = [
    ["columns missing", "boot  -", "a line is a name, the rungs before it, and a text"],
    ["an unknown rung", "boot  power  text", "boot waits for power, which is no rung"],
    ["an unknown condition", "[when moon=full]", '"moon=full" is not a condition'],
    ["an unknown pattern", "boot  -  text {what}", "{what} is not a pattern"],
    ["a rung twice", "boot  -  text\nboot  -  other", "boot is owed twice, here and in line 1"],
  ];

  test.each(cases)("%s", (_name, text, message) => {
    expect(() => markersOf(text, selftest)).toThrow(message);
  });
});
