// The machine of a run: QEMU's command line, the adapted device tree, the console's lines, a panic's words.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileDts } from "../../../../toolchain/dts/compile.ts";
import { memoryMebibytes, type TreeOptions, treeForRun } from "../../../../toolchain/dts/contract.ts";
import { readDtb } from "../../../../toolchain/dts/read.ts";
import { findNode, propertyString } from "../../../../toolchain/dts/tree.ts";
import { ConsoleLines, LAST_LINES_KEPT, LINE_BYTES_MAX } from "../../../../tools/boot/console.ts";
import type { MachineOptions } from "../../../../tools/boot/machines/machine.ts";
import { qemuArguments, qemuMachine, qemuProgram } from "../../../../tools/boot/machines/qemu.ts";
import { newNonce } from "../../../../tools/boot/nonce.ts";
import { decodePanic, PanicWatch, panicLines } from "../../../../tools/boot/verdict/panic.ts";

const VIRT_NEXUS = "pkg/dts/virt-nexus.dts";
const contract = compileDts(readFileSync(VIRT_NEXUS, "utf8"), VIRT_NEXUS);

const plain: MachineOptions = {
  kernel: "build/neuron.elf",
  tree: { bytes: new Uint8Array(), path: () => "run.dtb" },
  smp: 4,
  memoryMebibytes: 256,
  sstc: true,
  aclint: false,
  disk: { file: "build/pkgfs.img", legacy: false, slot: 0 },
};

describe("QEMU's command line", () => {
  test("is this for an ordinary run", () => {
    expect(qemuArguments(plain).join(" ")).toBe(
      "-machine virt -cpu rv64,zbb=off -smp 4 -m 256M -display none -monitor none " +
        "-chardev stdio,id=console,signal=off -serial chardev:console -no-reboot " +
        "-kernel build/neuron.elf -dtb run.dtb -global virtio-mmio.force-legacy=false " +
        "-drive if=none,id=pkgfs,format=raw,readonly=on,file=build/pkgfs.img " +
        "-device virtio-blk-device,drive=pkgfs,bus=virtio-mmio-bus.0",
    );
  });

  test("always has a read-only disk", () => {
    for (const legacy of [false, true]) {
      for (const slot of [0, 7, "last"] as const) {
        const args = qemuArguments({ ...plain, disk: { file: "d.img", legacy, slot } });
        expect(args.filter((arg) => arg.includes("if=none"))).toEqual([
          expect.stringContaining("readonly=on"),
        ]);
      }
    }
  });

  test("changes only in the part that an option is about", () => {
    const args = (change: Partial<MachineOptions>) => qemuArguments({ ...plain, ...change }).join(" ");
    expect(args({ sstc: false })).toContain("-cpu rv64,sstc=off,zbb=off ");
    expect(args({ zbb: true })).toContain("-cpu rv64,zbb=on ");
    expect(args({ aclint: true })).toContain("-machine virt,aclint=on");
    expect(args({ tree: undefined })).not.toContain("-dtb");
    expect(args({ firmware: "fw.bin" })).toContain("-bios fw.bin");
    expect(args({})).not.toContain("-bios");
    expect(args({ disk: undefined })).not.toContain("virtio");
    expect(args({ disk: { file: "a,b.img", legacy: true, slot: "last" } })).toMatch(
      /force-legacy=true .*file=a,,b\.img -device virtio-blk-device,drive=pkgfs$/,
    );
  });

  test("has a gdb stub that waits, and can be reached from this host only", () => {
    const text = qemuArguments(plain, 1234).join(" ");
    expect(text).toContain(" -gdb tcp:127.0.0.1:1234 -S ");
    expect(qemuArguments(plain).join(" ")).not.toContain("-gdb");
  });

  test("says what to install when QEMU is missing", async () => {
    await expect(qemuMachine("/nonexistent/qemu").start(plain, () => {})).rejects.toMatchObject({
      message: "QEMU for RISC-V is not installed",
      details: {
        hints: expect.arrayContaining([expect.stringContaining("apt-get install qemu-system-misc")]),
      },
    });
    expect(qemuProgram({})).toBe("qemu-system-riscv64");
    expect(qemuProgram({ NEURON_QEMU: "/opt/qemu" })).toBe("/opt/qemu");
  });
});

describe("the device tree of a run", () => {
  const options = { smp: 4, sstc: true, aclint: false, nonce: "0".repeat(32), run: "selftest-client" };
  const adapted = (change: Partial<TreeOptions>) => readDtb(treeForRun(contract, { ...options, ...change }));
  const text = (root: ReturnType<typeof readDtb>, path: string, name: string): string | undefined => {
    const node = findNode(root, path);
    return node === undefined ? undefined : propertyString(node, name);
  };

  test("carries the nonce and what to run", () => {
    const root = adapted({ nonce: "f".repeat(32), run: "nx hw smp" });
    expect(text(root, "/chosen", "nexus,nonce")).toBe("f".repeat(32));
    expect(text(root, "/chosen", "nexus,run")).toBe("nx hw smp");
    expect(text(root, "/chosen", "stdout-path")).toBe("/soc/serial@10000000");
  });

  test.each([1, 2, 3, 4])("has %i harts, and the others disabled", (smp) => {
    const root = adapted({ smp });
    const states = [0, 1, 2, 3].map((hart) => text(root, `/cpus/cpu@${hart}`, "status"));
    expect(states).toEqual([0, 1, 2, 3].map((hart) => (hart < smp ? "okay" : "disabled")));
  });

  test("promises Sstc, Zbb and ACLINT only where the machine has them", () => {
    expect(text(adapted({}), "/cpus/cpu@3", "riscv,isa")).toMatch(/_sstc$/);
    expect(text(adapted({ sstc: false }), "/cpus/cpu@3", "riscv,isa")).not.toContain("sstc");
    expect(text(adapted({}), "/cpus/cpu@3", "riscv,isa")).not.toContain("zbb");
    expect(text(adapted({ zbb: true }), "/cpus/cpu@3", "riscv,isa")).toContain("_zbb_");
    expect(text(adapted({}), "/soc/sswi@2f00000", "status")).toBe("disabled");
    expect(text(adapted({ aclint: true }), "/soc/sswi@2f00000", "status")).toBe("okay");
  });

  test("names as much memory as QEMU gets", () => {
    expect(memoryMebibytes(contract)).toBe(256);
  });

  test("cannot have more harts than the contract", () => {
    expect(() => treeForRun(contract, { ...options, smp: 5 })).toThrow("has 4 harts, the run asks for 5");
  });

  test("has a nonce of 32 hexadecimal digits, new each time", () => {
    expect(newNonce()).toMatch(/^[0-9a-f]{32}$/);
    expect(newNonce()).not.toBe(newNonce());
  });
});

describe("the console", () => {
  function linesOf(...pieces: string[]): string[] {
    const lines: string[] = [];
    const reader = new ConsoleLines((line) => lines.push(line));
    for (const piece of pieces) {
      reader.feed(new TextEncoder().encode(piece));
    }
    reader.end();
    return lines;
  }

  test("gives whole lines, from pieces of any size", () => {
    expect(linesOf("ab", "c\r\nd", "\n\ne")).toEqual(["abc", "d", "", "e"]);
    expect(linesOf("\u00e4\u20ac\n")).toEqual(["\u00e4\u20ac"]);
  });

  test("keeps together a character that comes in two pieces", () => {
    const lines: string[] = [];
    const reader = new ConsoleLines((line) => lines.push(line));
    reader.feed(Uint8Array.of(0xc3));
    reader.feed(Uint8Array.of(0xa4, 0x0a));
    expect(lines).toEqual(["\u00e4"]);
  });

  test("cuts a line that does not end, and keeps only the last lines", () => {
    expect(linesOf("x".repeat(LINE_BYTES_MAX * 2)).map((line) => line.length)).toEqual([
      LINE_BYTES_MAX,
      LINE_BYTES_MAX,
    ]);
    const reader = new ConsoleLines(() => {});
    reader.feed(new TextEncoder().encode("line\n".repeat(LAST_LINES_KEPT + 5)));
    expect(reader.lastLines).toHaveLength(LAST_LINES_KEPT);
    expect(reader.lineCount).toBe(LAST_LINES_KEPT + 5);
  });
});

describe("a panic", () => {
  const watch = new PanicWatch();
  for (const line of [
    "neuron: hart1 onl",
    "onlPANIC hart=1 cause=13 name=load page fault stval=0x0 sepc=0xffffffff80200010",
    "  at 0xffffffff80200010",
    "other words",
    "  at 0xffffffff80200024",
    "PANIC hart=2 cause=0",
  ]) {
    watch.feed(line);
  }

  test("is the first one on the console, with all of its addresses", () => {
    expect(watch.panic?.line).toMatch(/^PANIC hart=1 cause=13 /);
    expect(watch.panic?.frames.map((frame) => frame.address)).toEqual([
      0xffffffff80200010n,
      0xffffffff80200024n,
    ]);
  });

  test("is decoded at the fault, and at each call before a return address", () => {
    if (watch.panic === undefined) {
      throw new Error("no panic");
    }
    const asked: bigint[] = [];
    const decoded = decodePanic(watch.panic, (address) => {
      asked.push(address);
      return asked.length === 1 ? ["inner (a.ts:1)", "outer (b.ts:2)"] : [];
    });
    expect(asked).toEqual([0xffffffff80200010n, 0xffffffff80200023n]);
    expect(panicLines(decoded).slice(1)).toEqual([
      "  #0  0xffffffff80200010  inner (a.ts:1)",
      "                          inlined into outer (b.ts:2)",
      "  #1  0xffffffff80200024  (not in the kernel)",
    ]);
  });
});
