// nexus-init from its first call to the end of the machine, over a fake kernel: the services are functions of the test.
// What is held here: who is started, in which order, with which capabilities; and what is said when something fails.

import { expect, test } from "vitest";
import { buildImage } from "../../tools/mk-pkgfs-img/layout.ts";
import { elfFile, pattern } from "../runtime/elf.ts";
import {
  End,
  FakeEndpoint,
  FakeKernel,
  FakeNotification,
  type FakeTask,
  FakeVmo,
  Refusal,
  Right,
  Role,
  type Stopped,
  Syscall,
} from "../runtime/fake-kernel.ts";
import { Wire } from "../services/packagefsd/wire.ts";

const ready = 1n;
const absent = 2n;

/** A program whose code tells which one it is. */
function program(seed: number, bytes = 700): Uint8Array {
  return elfFile(0x1_0000, [{ address: 0x1_0000, content: pattern(bytes, seed), flags: 5 }]);
}

// More than one read long: 128 KiB is the most that one brings.
const selftest = program(3, 300_000);
const fixtures = pattern(5000, 4);
const bundle = buildImage([
  { path: "consoled", content: program(5) },
  { path: "virtioblkd", content: program(1) },
  { path: "packagefsd", content: program(2) },
  { path: "fixtures.img", content: fixtures },
]);

interface Options {
  readonly argument?: string;
  /** What a task does once it is started; default: services are ready, programs leave with 0. */
  readonly behave?: Readonly<Record<string, (task: FakeTask) => void>>;
  /** What is in pkg://bin/. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly bundle?: Uint8Array;
  readonly prepare?: (kernel: FakeKernel) => void;
}

interface Run {
  readonly kernel: FakeKernel;
  readonly stopped: number | Stopped;
  readonly lines: readonly string[];
  readonly tasks: readonly FakeTask[];
}

function signalStarter(task: FakeTask, bits: bigint): void {
  const starter = task.given(Role.Starter)?.object;
  if (!(starter instanceof FakeNotification)) throw new Error(`${task.name} has no starter`);
  starter.bits |= bits;
}

async function boot(options: Options = {}): Promise<Run> {
  const wire = await Wire.of("package_fs");
  const console = await Wire.of("console");
  const kernel = await FakeKernel.start("source/init/nexus-init/main.ts", {
    flags: ["--use", "abort=~lib/runtime/panic/abort"],
  });
  const image = options.bundle ?? bundle;
  const vmo = new FakeVmo(image.length);
  vmo.bytes.set(image);
  const slot = (object: Parameters<FakeKernel["insert"]>[0], role: number) => ({
    role,
    slot: kernel.insert(object),
  });
  const slots = [0, 1].flatMap((index) => {
    const irq = 1 + index;
    const base = BigInt(0x1000_1000 + index * 0x1000);
    return [
      { ...slot({ kind: "device" }, Role.VirtioDevice), base, size: 0x1000n, irq },
      { ...slot({ kind: "interrupt" }, Role.VirtioInterrupt), irq },
    ];
  });
  kernel.writeStartup(options.argument ?? "selftest-client", [
    slot({ kind: "console" }, Role.Console),
    slot({ kind: "power" }, Role.Power),
    slot({ kind: "info" }, Role.Info),
    slot({ kind: "audit" }, Role.Audit),
    { ...slot(vmo, Role.Bundle), size: BigInt(image.length) },
    ...slots,
  ]);
  kernel.onStart = (task) => {
    const behaviour = options.behave?.[task.name];
    if (task.name === "consoled") serveConsole(console, task);
    if (task.name === "packagefsd") serveFiles(wire, task, options.files ?? { "selftest-client": selftest });
    if (behaviour) behaviour(task);
    else if (task.given(Role.Starter)) signalStarter(task, ready);
    else task.finish(End.Exit, 0n);
  };
  options.prepare?.(kernel);
  const stopped = kernel.run("main");
  const lines = kernel.console.map((line) => line.replace(/\n$/, ""));
  return { kernel, stopped, lines, tasks: kernel.tasks };
}

/** consoled, as far as nexus-init uses it: it is asked to flush when all is said, and says so here. */
function serveConsole(wire: Wire, task: FakeTask): void {
  const endpoint = task.given(Role.Serve)?.object;
  if (!(endpoint instanceof FakeEndpoint)) throw new Error("consoled has no endpoint");
  endpoint.answer = ({ w0, badge }) => {
    if (badge === 0 || w0 !== wire.method("flush")) return Refusal.MissingRight;
    return wire.encode("ConsoleFlushResults", { status: "ok" });
  };
}

/** The task of that name. */
function named(tasks: readonly FakeTask[], name: string): FakeTask | undefined {
  return tasks.find((task) => task.name === name);
}

/** packagefsd, as far as nexus-init uses it. */
function serveFiles(wire: Wire, task: FakeTask, files: Readonly<Record<string, Uint8Array>>): void {
  const endpoint = task.given(Role.Serve)?.object;
  if (!(endpoint instanceof FakeEndpoint)) throw new Error("packagefsd has no endpoint");
  let attached: FakeVmo | undefined;
  let open: Uint8Array | undefined;
  endpoint.answer = ({ w0, bytes, vmo, badge }) => {
    // Nobody calls a service without a badge of its own.
    if (badge === 0) return Refusal.MissingRight;
    if (w0 === wire.method("open")) {
      const { path } = wire.decode("PackageFsOpenParams", bytes);
      open = files[String(path).replace(/^bin\//, "")];
      const found = { status: "ok", file: 4, size: BigInt(open?.length ?? 0) };
      return wire.encode("PackageFsOpenResults", open ? found : { status: "notFound" });
    }
    if (w0 === wire.method("attach")) {
      attached = vmo;
      return wire.encode("PackageFsAttachResults", { status: vmo ? "ok" : "attachRefused" });
    }
    if (w0 === wire.method("close")) return wire.encode("PackageFsCloseResults", { status: "ok" });
    const { offset, length, into } = wire.decode("PackageFsReadParams", bytes);
    const part = (open ?? new Uint8Array()).subarray(Number(offset), Number(offset) + Number(length));
    attached?.bytes.set(part, Number(into));
    return wire.encode("PackageFsReadResults", { status: "ok", bytes: part.length });
  };
}

/** Roles and rights that a task was given, and its badge where it has one. */
function gifts(task: FakeTask | undefined): readonly (readonly [number, number, number])[] {
  const entries = task?.startup().entries ?? [];
  return entries.map(({ role, slot }) => [role, slot?.rights ?? -1, slot?.badge ?? -1]);
}

test("services start in the table's order, then the program from the disk; at its end the machine goes off in silence", async () => {
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
    [Role.Starter, Right.Send, 0],
    [Role.Console, Right.Write, 0],
    [Role.VirtioDevice, deviceRights, 0],
    [Role.VirtioDevice, deviceRights, 0],
    [Role.VirtioInterrupt, Right.Manage, 0],
    [Role.VirtioInterrupt, Right.Manage, 0],
    [Role.Audit, Right.Write, 0],
  ]);
  expect(gifts(named(tasks, "packagefsd"))).toEqual([
    [Role.Serve, Right.Receive, 0],
    [Role.Starter, Right.Send, 0],
    [Role.Console, Right.Write, 0],
    [Role.BlockService, Right.Send, 3],
    [Role.Fixtures, Right.Read, 0],
    [Role.Audit, Right.Write, 0],
  ]);
  expect(gifts(tasks.at(-1))).toEqual([
    [Role.Console, Right.Write, 0],
    [Role.Info, Right.Read, 0],
    [Role.PackageService, Right.Send, 4],
    [Role.BlockService, Right.Send, 4],
  ]);
});

test("every program gets its own bytes; devices keep address and interrupt; fixtures are a copy", async () => {
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
  if (given?.slot?.object instanceof FakeVmo)
    expect(given.slot.object.bytes.subarray(0, 5000)).toEqual(fixtures);
});

test("nexus-init keeps no memory of what it loaded", async () => {
  const { kernel } = await boot();
  const vmos = [...kernel.slots.values()].filter(({ object }) => object instanceof FakeVmo);
  // The bundle, and the fixtures.
  expect(vmos).toHaveLength(2);
  expect([...kernel.mappings.keys()]).toEqual([0x1000_0000]);
});

test("without a disk nobody is given a block service, and the run goes on", async () => {
  const leaveAbsent = (task: FakeTask): void => {
    signalStarter(task, absent);
    task.finish(End.Exit, 0n);
  };
  const { lines, tasks } = await boot({ behave: { virtioblkd: leaveAbsent } });
  expect(lines).toEqual([]);
  expect(tasks).toHaveLength(4);
  for (const task of tasks) expect(task.given(Role.BlockService)).toBeUndefined();
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
    ["nexus-init: virtioblkd ended: exit code 7"],
  ],
  [
    "a service that is absent because something went wrong is named, and nothing is started after it",
    {
      behave: {
        virtioblkd: (task) => {
          signalStarter(task, absent);
          task.finish(End.Exit, 1n);
        },
        packagefsd: (task) => {
          throw new Error(`${task.name} was started`);
        },
      },
    },
    ["nexus-init: virtioblkd ended: exit code 1"],
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
    ["nexus-init: no sign of life from virtioblkd (TimedOut)"],
  ],
  [
    "a program's exit code is said",
    { behave: { "selftest-client": (task) => task.finish(End.Exit, 3n) } },
    ["nexus-init: selftest-client ended: exit code 3"],
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
  // Whatever happened, the machine does not stay on.
  expect(stopped).toMatchObject({ why: "power off" });
});

test("a service that falls while the program runs ends the run, and is named before the program", async () => {
  let packagefsd: FakeTask | undefined;
  const { lines, stopped } = await boot({
    behave: {
      packagefsd: (task) => {
        packagefsd = task;
        signalStarter(task, ready);
      },
      "selftest-client": (task) => {
        packagefsd?.finish(End.LoadFault, 0x40n);
        task.finish(End.Exit, 1n);
      },
    },
  });
  expect(lines).toEqual([
    "nexus-init: packagefsd ended: it read where it may not, at 0x40",
    "nexus-init: selftest-client ended: exit code 1",
  ]);
  expect(stopped).toMatchObject({ why: "power off" });
});
