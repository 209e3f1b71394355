// A whole run against a stand-in for QEMU (fake-qemu.cjs): the verdict for a good console, and for each way in
// which a machine can fail.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { paintFor } from "../../../host/report.ts";
import { compileDts } from "../../../toolchain/dts/compile.ts";
import { failureText } from "../../../tools/boot/boot.ts";
import { qemuMachine } from "../../../tools/boot/machines/qemu.ts";
import { type BootReport, type BootRequest, bootOnce } from "../../../tools/boot/run.ts";

const VIRT_NEXUS = "pkg/dts/virt-nexus.dts";
const scratch = mkdtempSync(join(tmpdir(), "neuron-run-test-"));
const tree = join(scratch, "virt-nexus.dtb");
writeFileSync(tree, compileDts(readFileSync(VIRT_NEXUS, "utf8"), VIRT_NEXUS));
afterAll(() => rmSync(scratch, { recursive: true }));

const usual: BootRequest = {
  smp: 2,
  run: "selftest-client",
  profile: "bringup",
  disk: "disk.img",
  legacy: false,
  slot: 0,
  machineTree: false,
  sstc: true,
  aclint: false,
  timeoutSeconds: 60,
  log: undefined,
};

afterAll(() => {
  delete process.env.FAKE_QEMU;
});

async function boot(scenario: string, change: Partial<BootRequest> = {}): Promise<BootReport> {
  process.env.FAKE_QEMU = scenario;
  const files = {
    kernel: "kernel.elf",
    tree,
    root: process.cwd(),
    locate: (address: bigint) => [`place of ${address.toString(16)}`],
  };
  const machine = qemuMachine("tests/tools/boot/fake-qemu.cjs");
  return await bootOnce(machine, files, { ...usual, ...change }, () => {});
}

describe("a good run", () => {
  test.each([1, 2, 3, 4])("with %i harts and a disk", async (smp) => {
    const report = await boot("good", { smp });
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.proofs.map((proof) => proof.name)).toEqual(["smp-ticks", "smp-ipi", "pkgfs"]);
  });

  test("without a disk, and with the machine's own tree", async () => {
    expect((await boot("good", { disk: undefined })).problems).toEqual([]);
    const report = await boot("good", { machineTree: true });
    expect(report).toMatchObject({ ok: true, nonce: "0".repeat(32) });
  });

  test("is logged line for line", async () => {
    const log = join(scratch, "console.log");
    const report = await boot("good", { log });
    expect(readFileSync(log, "utf8")).toBe(report.lines.map((line) => `${line}\n`).join(""));
    expect(report.lines[0]).toBe("OpenSBI v1.1");
  });
});

describe("a run fails, and says why, when", () => {
  test("a marker is missing", async () => {
    const report = await boot("missing");
    expect(report.ok).toBe(false);
    expect(report.problems.join("\n")).toContain('this marker never came: "virtioblkd: ready"');
  });

  test("two markers changed places", async () => {
    expect((await boot("order")).problems).toEqual([
      '"pkgfs: mounted from virtio-blk ro" came before "virtioblkd: ready" (console line 10)',
    ]);
  });

  test("a proof is of another run", async () => {
    const report = await boot("old proof");
    expect(report.problems).toHaveLength(3);
    expect(report.problems[0]).toContain('the proof "smp-ticks" does not hold: its hash is 0');
  });

  test("a hart does not tick although the self-test says ok", async () => {
    expect((await boot("no tick")).problems).toEqual([
      'the proof "smp-ticks" does not hold: hart 0 did not tick: 1, then 1',
    ]);
  });

  test("the kernel panics: the runner ends the machine and decodes the backtrace", async () => {
    const report = await boot("panic");
    expect(report.problems[0]).toMatch(/^the kernel panicked: PANIC hart=1 cause=13/);
    expect(report.panic?.frames.map((frame) => frame.places)).toEqual([
      ["place of ffffffff80200010"],
      ["place of ffffffff80200023"],
    ]);
  });

  test("the machine hangs: the runner ends it, and names the first missing marker", async () => {
    const report = await boot("hang", { timeoutSeconds: 5 });
    expect(report.problems[0]).toMatch(/^this marker never came: "neuron: hart0 online" \(and \d+ more\)$/);
    expect(report.problems[1]).toBe("no end within 5 s");
  });

  test("a service ends: its last line is the cause, and the markers that are missing because of it follow", async () => {
    const report = await boot("refused disk");
    expect(report.problems[0]).toBe(
      'virtioblkd ended: exit code 65(DiskRefused), after "virtioblkd: refused mmio=0x10001000 fault=65(Capacity)"',
    );
    expect(report.problems[1]).toMatch(/^this marker never came: /);
    const said = failureText(report, paintFor({})).split("\n");
    expect(said.at(-1)).toBe(`boot failed: ${report.problems[0]}`);
    expect(said.at(-2)).toContain("this marker never came: ");
    expect(said.filter((line) => line.startsWith("boot failed: "))).toHaveLength(report.problems.length);
  });

  test("the kernel refuses the machine", async () => {
    expect((await boot("refused machine")).problems[0]).toBe("the kernel cannot boot: no usable PLIC");
  });

  test("its program is missing from the image", async () => {
    expect((await boot("no program")).problems).toContain("cannot read pkg://bin/selftest-client (notFound)");
  });

  test("but not when a service was started again", async () => {
    expect((await boot("restart")).problems).toEqual([]);
  });

  test("QEMU gives up: its last complaint is the cause", async () => {
    const report = await boot("complain");
    expect(report.problems[0]).toBe("the machine complained: qemu-system-riscv64: something is not right");
    expect(report.problems).toContain("the machine ended with status 1");
    expect(report.complaints).toBe("qemu-system-riscv64: something is not right\n");
  });
});
