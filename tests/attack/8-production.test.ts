// "No hart ids, no timer values": a production build says nothing on its console that names a hart, tells a time or an address of
// memory, be it at boot, in the self-tests, when it is asked, under attack or in a panic.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readElf } from "../../host/elf.ts";
import { root } from "../../host/root.ts";
import { type BuildOutputs, build } from "../../toolchain/compile.ts";
import type { BootReport, BootRequest } from "../../tools/boot/run.ts";
import { type Boot, onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, explain } from "../system/harness/machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-production-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Where neuron.ld puts the kernel. */
const TEXT_START = 0xffff_ffff_8020_0000n;

let built: Promise<BuildOutputs> | undefined;
function production(): Promise<BuildOutputs> {
  built ??= build({ profile: "production", progress: { start: () => () => {}, note: () => {} } });
  return built;
}

async function bootProduction(
  boot: Boot,
  change: Partial<BootRequest>,
  outputs: Promise<BuildOutputs> = production(),
): Promise<BootReport> {
  const disk = join(root, (await outputs).packageImage);
  return await boot({ profile: "production", disk, ...change }, outputs);
}

/** What names a hart, or tells a time or a count of ticks. The firmware's banner, before our first line, is not ours. */
const telling: readonly RegExp[] = [
  /\bhart ?(id)?s?[ =:]*\d/i,
  /\bhart\b(?!.*\bticks ok$)/i,
  /\bticks?\b.*\d/i,
  /\b(time|mtime|timer|stimecmp|cycles?|ms|mhartid)\b/i,
  /\d+[:>]\d+/,
  /\bcpu\d/i,
];

function tellingLines(report: BootReport): string[] {
  return ownLines(report).filter((line) => telling.some((pattern) => pattern.test(line)));
}

/** A place in the kernel's text (`at +0x…`) is none; the registers of a device are what the contract's markers name. */
const ADDRESS = /(?<!at \+)\b0x[0-9a-f]+/i;
const DEVICES = /^(virtioblkd: mmio|consoled: uart)=/;

function addresses(report: BootReport): string[] {
  return ownLines(report).filter((line) => ADDRESS.test(line) && !DEVICES.test(line));
}

function ownLines(report: BootReport): string[] {
  const first = report.lines.findIndex((line) => line.startsWith("neuron: "));
  expect(first, explain(report)).toBeGreaterThanOrEqual(0);
  return report.lines.slice(first);
}

onEachMachine("a production build's console", (boot) => {
  test("a whole boot with its self-tests", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const report = await bootProduction(boot, {});
    expect(report.problems, explain(report)).toEqual([]);
    expect(report.lines).toContain("SELFTEST: smp ipi ok");
    expect([tellingLines(report), addresses(report)]).toEqual([[], []]);
  });

  test("the answers of nx", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const report = await bootProduction(boot, { run: "nx hw smp; nx ps; nx hw irq; nx audit" });
    expect(report.lines, explain(report)).toContain("nx: smp online=4");
    expect(report.lines.filter((line) => line === "nx: end")).toHaveLength(4);
    expect(tellingLines(report).filter((line) => !/ kind=hart-(started|stopped) /.test(line))).toEqual([]);
  });

  test("tasks that fault, and IPIs that are held back", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const report = await bootProduction(boot, { run: "attacker memory; attacker ipis" });
    // What the attacker counts, it counts about harts: that is its own business.
    const kernel = { ...report, lines: report.lines.filter((line) => !line.startsWith("attack: ")) };
    expect(kernel.lines.filter((line) => line.startsWith("neuron: task ")).length).toBeGreaterThan(5);
    expect([tellingLines(kernel), addresses(kernel)]).toEqual([[], []]);
  });

  test("a panic", { timeout: BOOT_TIMEOUT_MS }, async () => {
    const outputs = await production();
    const kernel = withIllegalInstruction(join(root, outputs.kernel), "syscallHandle");
    const report = await bootProduction(boot, {}, Promise.resolve({ ...outputs, kernel }));
    expect(report.panic?.line, explain(report)).toContain("name=illegal instruction");
    expect([tellingLines(report), addresses(report)]).toEqual([[], []]);
    // The host finds the function all the same.
    expect(report.panic?.frames[0]?.places.join(), explain(report)).toContain("syscallHandle");
  });
});

/** A copy of the kernel whose function of that name begins with an illegal instruction. Its path, from the root. */
function withIllegalInstruction(kernel: string, name: string): string {
  const bytes = new Uint8Array(readFileSync(kernel));
  const elf = readElf(bytes, kernel);
  const symbol = elf.symbols.find((candidate) => candidate.name === name);
  // A view of `bytes`: what is written there is written to the file.
  const text = elf.sections.get(".text");
  if (symbol === undefined || text === undefined) {
    throw new Error(`the kernel has no function ${name}`);
  }
  text.fill(0, Number(symbol.address - TEXT_START), Number(symbol.address - TEXT_START) + 4);
  const file = join(scratch, "neuron.elf");
  writeFileSync(file, bytes);
  return relative(root, file);
}
