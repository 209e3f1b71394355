// The pipeline: guest TypeScript to a kernel image, task images, a device tree and a disk.
//
//     source/idl/*.capnp ─┐
//     frame.ts, profile  ─┴▶ gen/ ─▶ asc ─▶ .wasm ─▶ translate ─▶ .ll ─▶ clang ─▶ .o ─┐
//                                                              *.S ─▶ clang ─▶ .o ─┴▶ lld ─▶ ELF
//     tasks of the bundle, fixtures ─▶ bundle.img ─▶ inside neuron.elf
//     pkg/**, tasks of the package  ─▶ pkgfs.img          pkg/dts/virt-nexus.dts ─▶ virt-nexus.dtb
//
// Read `build` from top to bottom. Each call below it is a step of steps/, and does nothing if no file that it reads
// has changed (stale.ts). asc runs in this process, one program after another; LLVM's processes run beside it.

import { Problem } from "../host/problem.ts";
import type { Progress } from "../host/report.ts";
import { root } from "../host/root.ts";
import { together } from "../host/together.ts";
import { requireNamedLlvm } from "./link/llvm.ts";
import { type GuestProgram, programs } from "./programs.ts";
import { type Build, type Profile, type Trust, withBuild } from "./steps/build.ts";
import { makeBundle, makePackageImage } from "./steps/bundles.ts";
import { makeDeviceTree, makeSources } from "./steps/generate.ts";
import { makeMachine } from "./steps/machine.ts";
import { compileProgram, linkProgram } from "./steps/program.ts";
import { makeTrust } from "./steps/trust.ts";

export type { Progress } from "../host/report.ts";
export type { Profile, Trust } from "./steps/build.ts";

export interface BuildOptions {
  readonly profile: Profile;
  readonly progress: Progress;
  /** Default: the development key. */
  readonly trust?: Trust;
  /** Only these programs, up to their ELF files, and the programs inside them; default: everything. */
  readonly only?: readonly string[];
}

/** The outputs of a build, as paths relative to the root. */
export interface BuildOutputs {
  readonly kernel: string;
  readonly deviceTree: string;
  readonly packageImage: string;
  /** How many steps had work to do. */
  readonly stepsRun: number;
}

/** Builds what is stale. @throws Problem with every finding of the step that failed */
export function build(options: BuildOptions): Promise<BuildOutputs> {
  const { only = [] } = options;
  requireKnown(only);
  requireNamedLlvm();
  return withBuild(root, options, async (run) => {
    await makeSources(run);
    await (only.length > 0 ? buildPrograms(run, only) : buildAll(run));
    return {
      kernel: run.path("neuron.elf"),
      deviceTree: run.path("virt-nexus.dtb"),
      packageImage: run.path("pkgfs.img"),
      stepsRun: run.stepsRun(),
    };
  });
}

/** Builds the embedded machine, the same for every profile. Gives the path of its Wasm module, relative to the root. */
export function buildMachine(progress: Progress): Promise<string> {
  return withBuild(root, { profile: "bringup", progress }, makeMachine);
}

function requireKnown(names: readonly string[]): void {
  const unknown = names.find((name) => !programs.some((program) => program.name === name));
  if (unknown === undefined) {
    return;
  }
  const known = programs.map(({ name }) => name).join(", ");
  throw new Problem(`there is no program ${unknown}`, { hints: [`the programs are ${known}`], exitCode: 2 });
}

async function buildAll(run: Build): Promise<void> {
  await makeDeviceTree(run);
  await buildKernel(run);
}

/** The kernel, and before it every program, because the programs are inside its image. */
async function buildKernel(run: Build): Promise<void> {
  const kernels = programs.filter(({ kind }) => kind === "kernel");
  // The kernel's objects wait for the bundle only when they are linked.
  const [kernelObjects] = await together([
    together(kernels.map((program) => compileProgram(run, program))),
    buildPackage(run).then(() => buildTasks(run, "bundle")),
  ]);
  const bundle = await makeBundle(run);
  await together(
    kernels.map((program, index) => linkProgram(run, program, [...(kernelObjects[index] ?? []), bundle])),
  );
}

/** The disk's programs and its image. They come first: in a trusted build the image's digest goes into packagefsd. */
async function buildPackage(run: Build): Promise<void> {
  await buildTasks(run, "package");
  await makePackageImage(run);
  if (run.trust === "build") {
    await makeTrust(run);
  }
}

async function buildTasks(run: Build, by: "bundle" | "package"): Promise<void> {
  await makeTasks(
    run,
    programs.filter(({ travels }) => travels === by),
  );
}

async function makeTasks(run: Build, tasks: readonly GuestProgram[]): Promise<void> {
  await together(tasks.map(async (program) => linkProgram(run, program, await compileProgram(run, program))));
}

/** Only these programs. A program inside one of them is made as well, so that it is not an old one. */
async function buildPrograms(run: Build, names: readonly string[]): Promise<void> {
  const wanted = programs.filter(({ name }) => names.includes(name));
  if (wanted.some(({ kind }) => kind === "kernel")) {
    await buildKernel(run);
    return;
  }
  if (run.trust === "build" && names.includes("packagefsd")) {
    await buildPackage(run);
  }
  await makeTasks(run, wanted);
}
