#!/usr/bin/env node
// Stands in for QEMU in the tests of the runner: prints the console that a kernel should print, with true proofs made
// from the nonce in the device tree that it was given. FAKE_QEMU says what it does wrong.

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");

const [, , first, second] = process.argv;
if (first === "--version" || second === "help") {
  process.stdout.write(
    first === "--version" ? "QEMU emulator version 9.0.0\n" : "virt    RISC-V VirtIO board\n",
  );
  process.exit(0);
}

const scenario = process.env.FAKE_QEMU ?? "good";
const option = (name) => process.argv[process.argv.indexOf(name) + 1];
const smp = Number(option("-smp"));
const harts = Array.from({ length: smp }, (_, hart) => hart);
const hasDisk = process.argv.includes("-drive");
const hasTree = process.argv.includes("-dtb");
const nonce = hasTree ? /[0-9a-f]{32}(?=\0)/.exec(readFileSync(option("-dtb"), "latin1"))[0] : "0".repeat(32);
const content = readFileSync("pkg/dts/virt-nexus.dts");

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const proof = (name, data) => `proof: ${name} ${data} sha256=${sha256(`${nonce} ${name} ${data}`)}`;
const pairs = harts.flatMap((from) => harts.filter((to) => to !== from).map((to) => [from, to]));

const ticks = harts.map((hart) => `${hart}:${hart + 1}>${scenario === "no tick" ? hart + 1 : hart + 9}`);
const blake2b = createHash("blake2b512").update(content).digest("hex").slice(0, 64);
const file = `dts/virt-nexus.dts bytes=${content.length} hash=${blake2b}`;
let lines = [
  "OpenSBI v1.1\r",
  `neuron: hart0 boot virt smp=${smp}`,
  ...harts.map((hart) => `neuron: hart${hart} online`).reverse(),
  ...harts.map((hart) => `neuron: hart${hart} tick n=1`),
  ...pairs.map(([from, to]) => `neuron: ipi hart${from}->hart${to}`),
  ...(hasDisk
    ? [
        "virtioblkd: mmio=0x10001000 irq=1 sectors=2048",
        "virtioblkd: ready",
        "pkgfs: mounted from virtio-blk ro",
      ]
    : ["pkgfs: mounted from fixtures (no block device)"]),
  "SELFTEST: smp per-hart ticks ok",
  proof("smp-ticks", ticks.join(" ")),
  "SELFTEST: smp ipi ok",
  proof("smp-ipi", pairs.map(([from, to]) => `${from}>${to}:3`).join(" ")),
  hasDisk ? "SELFTEST: pkgfs virtio ro ok" : "SELFTEST: pkgfs fixtures ok",
  proof("pkgfs", file),
];

const swap = (first, second) => {
  [lines[first], lines[second]] = [lines[second], lines[first]];
};
switch (scenario) {
  case "missing":
    lines = lines.filter((line) => line !== "virtioblkd: ready");
    break;
  case "order":
    swap(lines.indexOf("virtioblkd: ready"), lines.indexOf("pkgfs: mounted from virtio-blk ro"));
    break;
  case "old proof":
    lines = lines.map((line) => line.replace(/sha256=[0-9a-f]{64}/, `sha256=${"0".repeat(64)}`));
    break;
  case "panic":
    lines = [
      ...lines.slice(0, 3),
      "PANIC hart=1 cause=13 name=load page fault stval=0x0 sepc=0xffffffff80200010",
      "  at 0xffffffff80200010",
      "  at 0xffffffff80200024",
    ];
    break;
  case "refused disk":
    lines = [
      ...lines.slice(0, 5 + smp).filter((line) => !line.includes("tick")),
      "virtioblkd: refused mmio=0x10001000 fault=65(Capacity)",
      "nexus-init: virtioblkd ended: exit code 65(DiskRefused)",
      "neuron: nexus-init ended: exit code 1(Failed); turning off",
    ];
    break;
  case "no program":
    lines.push("nexus-init: cannot read pkg://bin/selftest-client (notFound)");
    break;
  case "restart":
    lines.push("nexus-init: virtioblkd ended: exit code 1(Failed); started again in 10 ms");
    break;
  case "refused machine":
    lines = ["neuron: cannot boot: no usable PLIC"];
    process.exitCode = 1;
    break;
  case "hang":
    lines = lines.slice(0, 2);
    break;
  case "complain":
    process.stderr.write("qemu-system-riscv64: something is not right\n");
    process.exitCode = 1;
    lines = [];
    break;
}
process.stdout.write(lines.map((line) => `${line}\n`).join(""));
// A machine that panicked or hangs does not end by itself.
if (scenario === "panic" || scenario === "hang") {
  setInterval(() => {}, 1000);
}
