// The common part of ./nx boot and ./nx hw: build what is stale, pick the machine and the disk, run once.

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Layout } from "../../host/debug/layout.ts";
import { Locator, placeText } from "../../host/debug/locate.ts";
import { attemptOutput, type NamedFile, requireOutputs } from "../../host/outputs.ts";
import { Problem } from "../../host/problem.ts";
import { progressOn } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import type { Question } from "../../machine/host/gdb/monitor.ts";
import { encodeRecording } from "../../machine/host/recording/recording.ts";
import { type BuildOutputs, build, buildMachine } from "../../toolchain/compile.ts";
import type { Apart } from "./apart.ts";
import { requireMachineInputs } from "./inputs.ts";
import type { Person } from "./interactive.ts";
import { readLayout } from "./kernel/layout.ts";
import { kernelQuestions } from "./kernel/questions.ts";
import { type EmbeddedFacts, embeddedMachine, nonceOfSeed } from "./machines/embedded.ts";
import { chaosOf, faultsOf } from "./machines/hostility.ts";
import { qemuMachine, qemuProgram } from "./machines/qemu.ts";
import { OTHER_MACHINE, qemuProblem, requireQemu } from "./machines/qemu-facts.ts";
import { programsBeside } from "./programs.ts";
import { type BootFiles, type BootReport, type BootRequest, bootOnce } from "./run.ts";
import type { MachineWords } from "./words.ts";

/** QEMU always has a limit; under a debugger, this one, in seconds, unless another is given. */
const QEMU_GDB_SECONDS = 3600;

/** A run's report, with what only the embedded machine knows. */
export interface SessionReport extends BootReport {
  machine: "qemu" | "embedded";
  embedded?: EmbeddedFacts & { seed: bigint };
}

/** Who is at the machine. */
export interface Company {
  /** Sits at the console. */
  readonly person?: Person | undefined;
  /** Gets what the program of "@NAME" prints. */
  readonly apart?: Apart;
  /** Gets the port when gdb can connect, instead of a line about it. */
  readonly onGdbPort?: (port: number) => void;
}

/**
 * Builds, boots once with the words of the command line, and reports. `onLine` gets each console line.
 */
export async function runSession(
  words: MachineWords,
  run: string,
  machineTree: boolean,
  onLine: (line: string) => void,
  { person, onGdbPort, apart }: Company = {},
): Promise<SessionReport> {
  const machine = words.machine ?? (await defaultMachine(words));
  if (machine === "qemu") {
    requireNoSeed(words);
    await requireQemu(qemuProgram(), OTHER_MACHINE);
  }
  requireMachineInputs(words);
  const hostility = { faults: faultsOf(words.fault), chaos: chaosOf(words.chaos) };
  requireOutputs(namedFiles({ "--log": words.log, "--record": words.record }), inputsOf(words));
  const progress = progressOn(process.stderr);
  const outputs = await build({
    profile: words.profile,
    progress,
    trust: words.trust,
  });
  const request = {
    ...requestOf(words, run, machineTree, outputs, onGdbPort),
    ...(person && { person }),
    ...(apart && { apart }),
  };
  if (machine === "qemu") {
    request.timeoutSeconds ??= QEMU_GDB_SECONDS;
    return { ...(await bootOnce(qemuMachine(), filesOf(outputs), request, onLine)), machine };
  }
  const seed = words.seed ?? 0n;
  const wasm = join(root, await buildMachine(progress));
  let facts: EmbeddedFacts | undefined;
  const embedded = embeddedMachine({ wasm, seed, ...hostility, translation: words.translation }, (found) => {
    facts = found;
  });
  const report = await bootOnce(embedded, filesOf(outputs), { ...request, nonce: nonceOfSeed(seed) }, onLine);
  if (words.record !== undefined && facts) {
    const output = { word: "--record", file: words.record };
    report.unwritten.push(...attemptOutput(output, encodeRecording(facts.recording)));
  }
  return { ...report, machine, ...(facts && { embedded: { ...facts, seed } }) };
}

/** The files that the run reads, which it must not write over. */
function inputsOf({ disk, firmware, fault }: MachineWords): NamedFile[] {
  const image = typeof disk === "string" ? disk : join(root, "build/pkgfs.img");
  return namedFiles({
    "--disk": disk === false ? undefined : image,
    "--firmware": firmware,
    "--fault": fault,
  });
}

function namedFiles(words: Readonly<Record<string, string | undefined>>): NamedFile[] {
  return Object.entries(words).flatMap(([word, file]) => (file === undefined ? [] : [{ word, file }]));
}

/**
 * The machine when none is named: an option that only one machine has decides, then whether a usable QEMU is installed.
 */
async function defaultMachine(words: MachineWords): Promise<"qemu" | "embedded"> {
  if (embeddedWord(words) !== undefined || words.gdb !== undefined) {
    return "embedded";
  }
  const problem = await qemuProblem(qemuProgram());
  if (problem === undefined) {
    return "qemu";
  }
  progressOn(process.stderr).note(`${problem.message}: booting on the embedded machine`);
  return "embedded";
}

function requireNoSeed(words: MachineWords): void {
  const word = embeddedWord(words);
  if (word === undefined) {
    return;
  }
  throw new Problem(`QEMU takes no ${word}`, {
    hints: ["leave out --machine qemu: the embedded machine has it"],
    exitCode: 2,
  });
}

/** A given word that only the embedded machine understands. */
function embeddedWord(words: MachineWords): string | undefined {
  const given = {
    "--seed": words.seed,
    "--fault": words.fault,
    "--chaos": words.chaos,
    "--record": words.record,
    "--no-translation": words.translation ? undefined : true,
  };
  return Object.entries(given).find(([, value]) => value !== undefined)?.[0];
}

/** The files of a build that a run uses. */
export function filesOf(outputs: Pick<BuildOutputs, "kernel" | "deviceTree">): BootFiles {
  const kernel = join(root, outputs.kernel);
  let locator: Locator | undefined;
  return {
    kernel,
    tree: join(root, outputs.deviceTree),
    root,
    // The debug information is read only after a failure.
    locate: (address) => {
      locator ??= new Locator(new Uint8Array(readFileSync(kernel)), outputs.kernel);
      return locator.places(address).map(placeText);
    },
  };
}

/** What `monitor` can ask of the kernel of this build. Its layout is compiled for the first question. */
function questionsOf({ kernel }: BuildOutputs): readonly Question[] {
  let layout: Promise<Layout> | undefined;
  return kernelQuestions(async () => {
    layout ??= readLayout(
      new Uint8Array(readFileSync(join(root, kernel))),
      join(dirname(kernel), "wasm/neuron.wasm"),
    ).then((data) => new Layout(data));
    return await layout;
  });
}

/** The disk image that a run uses, or undefined for none. */
function diskFile(disk: MachineWords["disk"], outputs: BuildOutputs): string | undefined {
  if (disk === false) {
    return undefined;
  }
  return disk === true ? join(root, outputs.packageImage) : resolve(disk);
}

function requestOf(
  words: MachineWords,
  run: string,
  machineTree: boolean,
  outputs: BuildOutputs,
  onGdbPort: Company["onGdbPort"],
): BootRequest {
  return {
    smp: words.smp,
    run,
    profile: words.profile,
    disk: diskFile(words.disk, outputs),
    legacy: words.legacy === true,
    slot: words.slot ?? 0,
    machineTree,
    sstc: words.sstc,
    aclint: words.aclint === true,
    zbb: words.zbb === true,
    timeoutSeconds: words.timeout,
    log: words.log,
    ...(words.firmware !== undefined && { firmware: resolve(words.firmware) }),
    ...(words.gdb !== undefined && {
      gdb: {
        port: words.gdb,
        tell: (text) => void (onGdbPort === undefined && process.stderr.write(`${text}\n`)),
        programs: programsBeside(join(root, outputs.kernel)),
        questions: questionsOf(outputs),
        ...(onGdbPort && { onPort: onGdbPort }),
      },
    }),
  };
}
