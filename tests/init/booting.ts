// nexus-init, run over a fake kernel from its first call to the end of the machine: the bundle, and the services and
// programs as functions of the test.

import { buildImage } from "../../host/pkgimg/layout.ts";
import { defined } from "../harness/defined.ts";
import {
  End,
  FakeDevice,
  FakeEndpoint,
  FakeInterrupt,
  FakeKernel,
  FakeNotification,
  type FakeTask,
  FakeVmo,
  Refusal,
  Role,
  type Stopped,
  vmoIn,
} from "../harness/fake-kernel/kernel.ts";
import { elfFile, pattern } from "../runtime/elf.ts";
import { Wire } from "../services/packagefsd/wire.ts";

/** A program whose code tells which one it is. */
export function program(seed: number, bytes = 700): Uint8Array {
  return elfFile(0x1_0000, [{ address: 0x1_0000, content: pattern(bytes, seed), flags: 5 }]);
}

// More than one read long: 128 KiB is the most that one brings.
export const selftest = program(3, 300_000);
export const fixtures = pattern(5000, 4);
export const bundle = buildImage([
  { path: "consoled", content: program(5) },
  { path: "virtioblkd", content: program(1) },
  { path: "packagefsd", content: program(2) },
  { path: "fixtures.img", content: fixtures },
]);

export interface Options {
  readonly argument?: string;
  /** What a task does once it is started; default: services are ready, programs leave with 0. */
  readonly behave?: Readonly<Record<string, (task: FakeTask) => void>>;
  /** What is in pkg://bin/. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly bundle?: Uint8Array;
  readonly prepare?: (kernel: FakeKernel) => void;
  /** Asked before packagefsd answers; a number is the Refusal that the call ends with instead. */
  readonly onFiles?: () => number | undefined;
}

export interface Run {
  readonly kernel: FakeKernel;
  readonly stopped: number | Stopped;
  readonly lines: readonly string[];
  readonly tasks: readonly FakeTask[];
}

/** A service says that it serves, or that it has nothing to serve, with the bits that it was told. */
export function signalStarter(task: FakeTask, what: "ready" | "absent"): void {
  const entry = task.startup().entries.find(({ role }) => role === Role.Starter);
  const starter = entry?.slot?.object;
  if (!entry || !(starter instanceof FakeNotification)) {
    throw new Error(`${task.name} has no starter`);
  }
  starter.bits |= what === "ready" ? entry.base : entry.size;
}

export async function boot(options: Options = {}): Promise<Run> {
  const wire = await Wire.of("package_fs");
  const console = await Wire.of("console");
  const kernel = await FakeKernel.start("source/init/nexus-init/main.ts", {
    flags: ["--use", "abort=~lib/runtime/panic/abort"],
  });
  const image = options.bundle ?? bundle;
  const vmo = FakeVmo.of(image);
  const slot = (object: Parameters<FakeKernel["insert"]>[0], role: number) => ({
    role,
    slot: kernel.insert(object),
  });
  const slots = [0, 1].flatMap((index) => {
    const irq = 1 + index;
    const base = BigInt(0x1000_1000 + index * 0x1000);
    return [
      { ...slot(new FakeDevice(), Role.VirtioDevice), base, size: 0x1000n, irq },
      { ...slot(new FakeInterrupt(), Role.VirtioInterrupt), irq },
    ];
  });
  kernel.writeStartup(options.argument ?? "selftest-client", [
    slot({ kind: "console" }, Role.Console),
    slot({ kind: "console" }, Role.ConsoleOwner),
    slot({ kind: "power" }, Role.Power),
    slot({ kind: "info" }, Role.Info),
    slot({ kind: "audit" }, Role.Audit),
    { ...slot(vmo, Role.Bundle), size: BigInt(image.length) },
    ...slots,
  ]);
  kernel.onStart = (task) => {
    const behaviour = options.behave?.[task.name];
    if (task.name === "consoled") {
      serveConsole(console, task);
    }
    if (task.name === "packagefsd") {
      serveFiles(wire, task, options);
    }
    if (behaviour) {
      behaviour(task);
    } else if (task.given(Role.Starter)) {
      signalStarter(task, "ready");
    } else {
      task.finish(End.Exit, 0n);
    }
  };
  options.prepare?.(kernel);
  const stopped = kernel.run("main");
  return { kernel, stopped, lines: kernel.lines, tasks: kernel.tasks };
}

/** consoled, as far as nexus-init uses it: it is asked to flush when all is said, and says so here. */
function serveConsole(wire: Wire, task: FakeTask): void {
  const endpoint = task.given(Role.Serve)?.object;
  if (!(endpoint instanceof FakeEndpoint)) {
    throw new Error("consoled has no endpoint");
  }
  endpoint.answer = ({ w0, badge }) => {
    if (badge === 0 || w0 !== wire.method("flush")) {
      return Refusal.MissingRight;
    }
    return wire.encode("ConsoleFlushResults", { status: "ok" });
  };
}

/** The task of that name. */
export function named(tasks: readonly FakeTask[], name: string): FakeTask | undefined {
  return tasks.find((task) => task.name === name);
}

/** packagefsd, as far as nexus-init uses it. */
function serveFiles(wire: Wire, task: FakeTask, options: Options): void {
  const files = options.files ?? { "selftest-client": selftest };
  const endpoint = task.given(Role.Serve)?.object;
  if (!(endpoint instanceof FakeEndpoint)) {
    throw new Error("packagefsd has no endpoint");
  }
  let attached: FakeVmo | undefined;
  let open: Uint8Array | undefined;
  endpoint.answer = (message) => {
    const { w0, bytes, badge } = message;
    // No client calls a service without a badge of its own.
    if (badge === 0) {
      return Refusal.MissingRight;
    }
    const refusal = options.onFiles?.();
    if (refusal !== undefined) {
      return refusal;
    }
    if (w0 === wire.method("open")) {
      const { path } = wire.decode("PackageFsOpenParams", bytes);
      open = files[String(path).replace(/^bin\//, "")];
      const found = open && { status: "ok", file: 4, size: BigInt(open.length) };
      return wire.encode("PackageFsOpenResults", found ?? { status: "notFound" });
    }
    if (w0 === wire.method("attach")) {
      attached = vmoIn(message);
      return wire.encode("PackageFsAttachResults", { status: attached ? "ok" : "attachRefused" });
    }
    if (w0 === wire.method("close")) {
      return wire.encode("PackageFsCloseResults", { status: "ok" });
    }
    const { offset, length, into } = wire.decode("PackageFsReadParams", bytes);
    const part = defined(open, "an open file").subarray(Number(offset), Number(offset) + Number(length));
    defined(attached, "attached memory").content.set(part, Number(into));
    return wire.encode("PackageFsReadResults", { status: "ok", bytes: part.length });
  };
}

/** Roles and rights that a task was given, and its badge where it has one. */
export function gifts(task: FakeTask | undefined): readonly (readonly [number, number, number])[] {
  return defined(task, "the task")
    .startup()
    .entries.map(({ role, slot }) => {
      const { rights, badge } = defined(slot, `what is given under role ${role}`);
      return [role, rights, badge];
    });
}
