// selftest-client says "ok" only for what it saw, and the host believes its proofs: both sides are held together here,
// the program over a fake system, and tools/boot/verdict/proof.ts.

import { expect, test } from "vitest";
import { judgeProof, parseProof } from "../../tools/boot/verdict/proof.ts";
import { defined } from "../harness/defined.ts";
import { FakeSystem, NONCE } from "./fake-system.ts";

const program = `
export { testIpis, testTicks } from "apps/selftest-client/smp";
export { testPackages } from "apps/selftest-client/pkgfs";
`;
const hello = new TextEncoder().encode("Hello from the package file system!\n");
const large = Uint8Array.from({ length: 70_001 }, (_, index) => (index * 31) & 0xff);

async function start(smp: number): Promise<FakeSystem> {
  const system = await FakeSystem.start({ text: program }, { smp });
  system.files.set("fixtures/hello.txt", hello);
  system.files.set("fixtures/lines.txt", large.subarray(0, 23_040));
  system.files.set("bin/selftest-client", large);
  return system;
}

/** What the host says against the proof on the second of two lines; undefined: nothing. */
function verdict(lines: readonly string[], smp: number): string | undefined {
  const proof = parseProof(defined(lines[1]));
  if (!proof) {
    return `"${lines[1]}" is no proof`;
  }
  return judgeProof(proof, {
    nonce: NONCE,
    smp,
    packageFile: (path) => (path === "fixtures/hello.txt" ? hello : undefined),
  });
}

for (const smp of [1, 2, 3, 4]) {
  test(`the ticks of ${smp} harts are proven`, async () => {
    const system = await start(smp);
    expect(system.kernel.run("testTicks")).toBe(1);
    expect(system.lines[0]).toBe("SELFTEST: smp per-hart ticks ok");
    expect(verdict(system.lines, smp)).toBeUndefined();
  });

  test(`the interrupts among ${smp} harts are proven`, async () => {
    const system = await start(smp);
    expect(system.kernel.run("testIpis")).toBe(1);
    expect(system.lines[0]).toBe("SELFTEST: smp ipi ok");
    expect(verdict(system.lines, smp)).toBeUndefined();
  });
}

test.each([
  ["disk", "SELFTEST: pkgfs virtio ro ok"],
  ["fixtures", "SELFTEST: pkgfs fixtures ok"],
])("a file from %s is proven by its content", async (source, line) => {
  const system = await start(4);
  system.source = source;
  expect(system.kernel.run("testPackages")).toBe(1);
  expect(system.lines[0]).toBe(line);
  expect(verdict(system.lines, 4)).toBeUndefined();
});

test("a hart that does not tick is named", async () => {
  const system = await start(4);
  defined(system.harts[2]).step = 0n;
  expect(system.kernel.run("testTicks")).toBe(0);
  expect(system.lines).toEqual(["SELFTEST: smp-ticks FAILED no tick within a minute on hart2"]);
});

test("a hart that ticks late is waited for", async () => {
  const system = await start(2);
  const hart = defined(system.harts[1]);
  hart.step = 0n;
  let sleeps = 0;
  system.kernel.refuse = ({ number }) => {
    if (number === 2 && ++sleeps === 30) {
      hart.step = 1n;
    }
    return undefined;
  };
  expect(system.kernel.run("testTicks")).toBe(1);
  expect(verdict(system.lines, 2)).toBeUndefined();
});

test("a pair of harts between which no interrupt arrives is named", async () => {
  const system = await start(3);
  system.deaf.add("2>1");
  expect(system.kernel.run("testIpis")).toBe(0);
  expect(system.lines).toEqual(["SELFTEST: smp-ipi FAILED no IPI arrived from hart2 at hart1"]);
});

test("harts that the kernel counts as online but does not name are a failure", async () => {
  const system = await start(2);
  system.miscounted = 1;
  expect(system.kernel.run("testTicks")).toBe(0);
  expect(system.lines).toEqual(["SELFTEST: smp FAILED 3 harts are said to be online, and 2 are named"]);
});

test("a hart that the kernel calls online but does not schedule on is a failure", async () => {
  const system = await start(3);
  system.kernel.refuse = ({ number, a }) => (number === 1 && a[0] === 2n ? -14 : undefined);
  expect(system.kernel.run("testIpis")).toBe(0);
  expect(system.lines).toEqual(["SELFTEST: smp-ipi FAILED yieldTo was refused: HartOffline"]);
});

test("a hart that did not come up is left out", async () => {
  const system = await start(4);
  defined(system.harts[1]).online = false;
  expect(system.kernel.run("testTicks")).toBe(1);
  expect(system.lines[1]).toMatch(/^proof: smp-ticks 0:\d+>\d+ 2:\d+>\d+ 3:\d+>\d+ sha256=/);
});

test("content that is not what the index says is a failure", async () => {
  const system = await start(2);
  const damaged = large.map((byte, index) => (index === 69_000 ? byte ^ 1 : byte));
  system.damaged.set("bin/selftest-client", damaged);
  expect(system.kernel.run("testPackages")).toBe(0);
  expect(system.lines).toHaveLength(1);
  expect(system.lines[0]).toMatch(
    /^SELFTEST: pkgfs FAILED bin\/selftest-client is not what the index says: hash=/,
  );
});

test("a file that is missing is a failure, with the reason", async () => {
  const system = await start(2);
  system.files.delete("fixtures/hello.txt");
  expect(system.kernel.run("testPackages")).toBe(0);
  expect(system.lines).toEqual(["SELFTEST: pkgfs FAILED fixtures/hello.txt: notFound"]);
});
