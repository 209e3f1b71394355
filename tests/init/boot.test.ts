// nexus-init from its first call to the end of the machine, over a fake kernel: the services are functions of the test.
// What is held here: who is started, in which order, with which capabilities; and what is said when something fails.

import { expect, test } from "vitest";
import { buildImage } from "../../host/pkgimg/layout.ts";
import { End, type FakeTask, FakeVmo, Refusal, Right, Role, Syscall } from "../harness/fake-kernel/kernel.ts";
import { pattern } from "../runtime/elf.ts";
import { boot, bundle, fixtures, gifts, named, type Options, program, signalStarter } from "./booting.ts";

/** What the service of a row may signal: that it is ready, and that it has nothing to serve. */
function ownBits(row: number): number {
  return (1 << row) | (1 << (15 + row));
}

test("services start in the table's order, then the program from the disk; when it ends, the machine turns off without a line", async () => {
  const { stopped, lines, tasks } = await boot();
  expect(lines).toEqual([]);
  expect(stopped).toMatchObject({ why: "power off" });
  expect(tasks.map(({ name, taskClass }) => [name, taskClass])).toEqual([
    ["consoled", 0],
    ["virtioblkd", 0],
    ["packagefsd", 1],
    ["selftest-client", 2],
  ]);
  const deviceRights = Right.Read | Right.Write | Right.Manage;
  expect(gifts(named(tasks, "virtioblkd"))).toEqual([
    [Role.Serve, Right.Receive, 0],
    [Role.Starter, Right.Send, ownBits(1)],
    [Role.Console, Right.Write, 0],
    [Role.VirtioDevice, deviceRights, 0],
    [Role.VirtioDevice, deviceRights, 0],
    [Role.VirtioInterrupt, Right.Manage, 0],
    [Role.VirtioInterrupt, Right.Manage, 0],
    [Role.Audit, Right.Write, 0],
  ]);
  expect(gifts(named(tasks, "packagefsd"))).toEqual([
    [Role.Serve, Right.Receive, 0],
    [Role.Starter, Right.Send, ownBits(2)],
    [Role.Console, Right.Write, 0],
    [Role.BlockService, Right.Send, 3],
    [Role.Fixtures, Right.Read, 0],
    [Role.Memory, Right.Read | Right.Write, 0],
    [Role.Audit, Right.Write, 0],
  ]);
  expect(gifts(tasks.at(-1))).toEqual([
    [Role.Console, Right.Write, 0],
    [Role.Info, Right.Read, 0],
    [Role.PackageService, Right.Send, 4],
    [Role.BlockService, Right.Send, 4],
    [Role.Job, Right.Manage, 0],
  ]);
});

test("every program gets its own bytes, a device's capability has its address and interrupt, and fixtures are a copy", async () => {
  const { tasks } = await boot();
  expect(named(tasks, "virtioblkd")?.at(0x1_0000, 700)).toEqual(pattern(700, 1));
  expect(tasks.at(-1)?.at(0x1_0000, 300_000)).toEqual(pattern(300_000, 3));
  const devices = named(tasks, "virtioblkd")
    ?.startup()
    .entries.filter(({ role }) => role === Role.VirtioDevice);
  expect(devices?.map(({ base, size, irq }) => [base, size, irq])).toEqual([
    [0x1000_1000n, 0x1000n, 1],
    [0x1000_2000n, 0x1000n, 2],
  ]);
  const given = named(tasks, "packagefsd")
    ?.startup()
    .entries.find(({ role }) => role === Role.Fixtures);
  expect(given?.size).toBe(5000n);
  expect(given?.slot?.object).toMatchObject({ kind: "vmo" });
  if (given?.slot?.object instanceof FakeVmo) {
    expect(given.slot.object.content.subarray(0, 5000)).toEqual(fixtures);
  }
});

test("nexus-init keeps no memory of what it loaded", async () => {
  const { kernel } = await boot();
  const vmos = [...kernel.slots.values()].filter(({ object }) => object instanceof FakeVmo);
  // The bundle, the fixtures, and the page that packagefsd remembers with.
  expect(vmos).toHaveLength(3);
  expect([...kernel.mappings.keys()]).toEqual([0x1000_0000]);
});

test("without a disk no program is given a block service, and the run goes on", async () => {
  const leaveAbsent = (task: FakeTask): void => {
    signalStarter(task, "absent");
    task.finish(End.Exit, 0n);
  };
  const { lines, tasks } = await boot({ behave: { virtioblkd: leaveAbsent } });
  expect(lines).toEqual([]);
  expect(tasks).toHaveLength(4);
  for (const task of tasks) {
    expect(task.given(Role.BlockService)).toBeUndefined();
  }
});

test("the argument's first word is the program, the rest is its own argument", async () => {
  const files = { nx: program(9) };
  const { lines, tasks } = await boot({ argument: "nx hw vblk info", files });
  expect(lines).toEqual([]);
  expect(tasks.at(-1)?.name).toBe("nx");
  expect(tasks.at(-1)?.startup().argument).toBe("hw vblk info");
  expect((await boot({ argument: "" })).tasks.at(-1)?.name).toBe("selftest-client");
});

const isStill = (): void => {};
const failures: readonly (readonly [string, Options, readonly string[]])[] = [
  [
    "a service that ends before it is ready is named, with its exit code",
    { behave: { virtioblkd: (task) => task.finish(End.Exit, 7n) } },
    ["nexus-init: virtioblkd ended: exit code 7(its own)"],
  ],
  [
    "a service that is absent because something went wrong is named, and nothing is started after it",
    {
      behave: {
        virtioblkd: (task) => {
          signalStarter(task, "absent");
          task.finish(End.Exit, 1n);
        },
        packagefsd: (task) => {
          throw new Error(`${task.name} was started`);
        },
      },
    },
    ["nexus-init: virtioblkd ended: exit code 1(Failed)"],
  ],
  [
    "a service that leaves without a word is named",
    { behave: { packagefsd: (task) => task.finish(End.Exit, 0n) } },
    ["nexus-init: service ended without being asked: packagefsd"],
  ],
  [
    "a service that faults is named, with why and where",
    { behave: { packagefsd: (task) => task.finish(End.LoadFault, 0x1234n) } },
    ["nexus-init: packagefsd ended: it read where it may not, at 0x1234"],
  ],
  [
    "a service that never says anything is named when the deadline has passed",
    { behave: { virtioblkd: isStill } },
    ["nexus-init: no sign of life from virtioblkd within a minute"],
  ],
  [
    "a program's exit code is said",
    { behave: { "selftest-client": (task) => task.finish(End.Exit, 3n) } },
    ["nexus-init: selftest-client ended: exit code 3(its own)"],
  ],
  [
    "a program that is not on the disk is named with its path",
    { argument: "nx hw smp" },
    ["nexus-init: cannot read pkg://bin/nx (notFound)"],
  ],
  [
    "a file that is no program is refused",
    { files: { "selftest-client": pattern(9000, 1) } },
    ["nexus-init: cannot start selftest-client: not an ELF file"],
  ],
  [
    "an empty file is refused",
    { files: { "selftest-client": new Uint8Array() } },
    ["nexus-init: cannot read pkg://bin/selftest-client (BadArgument)"],
  ],
  [
    "a name that would lead out of bin/ is refused before anything is started",
    { argument: "../fixtures/hello.txt" },
    ["nexus-init: nexus,run does not begin with the name of a program: ../fixtures/hello.txt"],
  ],
  [
    "a bundle that lacks a service is told so",
    { bundle: buildImage(["consoled", "virtioblkd"].map((path) => ({ path, content: program(1) }))) },
    ["nexus-init: the boot bundle has no packagefsd"],
  ],
  [
    "a bundle with a flipped byte is refused",
    {
      bundle: bundle.map((byte, index) => (index === 4096 + 70 ? byte ^ 1 : byte)),
    },
    ["nexus-init: the boot bundle is no good: index does not match its hash"],
  ],
  [
    "a service with a flipped byte is refused",
    {
      // Behind the superblock, a block of index and one of paths, the first service begins.
      bundle: bundle.map((byte, index) => (index === 3 * 4096 + 70 ? byte ^ 1 : byte)),
    },
    ["nexus-init: the boot bundle's consoled: data does not match its hash"],
  ],
  [
    "what the kernel refuses is said by name",
    {
      prepare: (kernel) => {
        kernel.refuse = ({ number }) => (number === Syscall.StartTask ? Refusal.NoMemory : undefined);
      },
    },
    ["nexus-init: cannot start consoled: starting it was refused (NoMemory)"],
  ],
];

test.each(failures)("%s", async (_, options, expected) => {
  const { lines, stopped } = await boot(options);
  expect(lines).toEqual(expected);
  // The machine turns off after each of these failures.
  expect(stopped).toMatchObject({ why: "power off" });
});
