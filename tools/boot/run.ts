// One boot, from the device tree to the verdict. Reached from boot.ts (./nx boot) and tools/nx-hw (./nx hw). It starts a
// machine (machines/qemu.ts, machines/embedded.ts) and feeds each console line to the ladder, the proofs and the panic watch.
// verdict/findings.ts makes the verdict from what they found.
//
// The machine's exit status does not decide. A run is good if every expected marker was seen in order, every proof holds and
// nothing panicked. Everything else that happened is reported as a problem.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LineFile, removeScratchFolder, scratchFolder } from "../../host/outputs.ts";
import { memoryMebibytes, treeForRun } from "../../toolchain/dts/contract.ts";
import { type Apart, Separator } from "./apart.ts";
import { ConsoleLines } from "./console.ts";
import type { Person } from "./interactive.ts";
import type { GdbOptions, Machine, MachineEnd, RunningMachine } from "./machines/machine.ts";
import { newNonce } from "./nonce.ts";
import { INTERRUPTED, problemsOf } from "./verdict/findings.ts";
import { type Climbed, Ladder } from "./verdict/ladder.ts";
import { MARKERS_FILE, markersOf } from "./verdict/markers.ts";
import { decodePanic, type Panic, PanicWatch } from "./verdict/panic.ts";
import { type JudgedProof, judgeProof, NO_NONCE, type Proof, parseProof } from "./verdict/proof.ts";

/** What the guest starts by default. */
export const SELFTEST_RUN = "selftest-client";

/** What the guest starts in an interactive run: the self-tests, then the shell. */
export const SHELL_RUN = "selftest-client; nx";

/** The line that the guest's shell prints when it starts (source/apps/nx/shell.ts). */
const SHELL_GREETING = /^nx: shell \(/;

/** The kernel prints this when it is done and the firmware does not turn the machine off (diag/panic.ts). */
const NOT_TURNED_OFF = /^neuron: the firmware cannot turn this machine off/;

/** After a panic the harts stop. The machine is ended this long after the last line. */
export const PANIC_QUIET_MS = 300;

/** Signals at which the runner ends the machine properly, so that the terminal is restored. */
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** If the console has more lines than this, the guest is in a loop. */
export const CONSOLE_LINES_MAX = 100_000;

/** What a run should be. */
export interface BootRequest {
  smp: number;
  /** What the guest starts. It goes into /chosen as `nexus,run`. */
  run: string;
  profile: string;
  /** The disk image, or undefined for a machine without a disk. */
  disk: string | undefined;
  legacy: boolean;
  slot: number | "last";
  /** Boot with the tree that QEMU makes. It has no nonce, and the guest always runs the self-tests. */
  machineTree: boolean;
  sstc: boolean;
  aclint: boolean;
  /** The processor has Zbb. Default: it does not. */
  zbb?: boolean;
  /** A file with firmware, in place of the machine's own. */
  firmware?: string;
  /** Only catches hangs. Undefined: there is no time limit. */
  timeoutSeconds: number | undefined;
  /** A file that gets every console line, or undefined. */
  log: string | undefined;
  /** The person at the console. Then the run is judged up to the shell's greeting, and lasts as long as the person wants. */
  person?: Person;
  /** Gets what the program of "@NAME" prints. It is then no part of the console that is shown, kept and judged. */
  apart?: Apart;
  /** A debugger controls the machine, and decides when it ends. A panic does not end it: people want to look at that. */
  gdb?: GdbOptions;
  /** 32 hexadecimal digits for the proofs. Default: new ones. For a run that can be repeated, the caller sets them. */
  nonce?: string;
}

/** The build's files that a run uses. */
export interface BootFiles {
  kernel: string;
  /** The DTB of the hardware contract. */
  tree: string;
  /** The repository: the marker contract and pkg/ are read from here. */
  root: string;
  /** The source places that an address of the kernel belongs to, innermost first. */
  locate: (address: bigint) => string[];
}

/** The result of a run. */
export interface BootReport {
  ok: boolean;
  /** What went wrong. The cause comes first, if it is known. Empty if `ok`. */
  problems: string[];
  markers: Climbed[];
  /** The texts of the expected markers that were never seen. */
  missing: string[];
  proofs: JudgedProof[];
  panic: Panic | undefined;
  nonce: string;
  /** From the start of the machine to its end, or to the shell. */
  milliseconds: number;
  /** Messages of the machine itself, beside the console. */
  complaints: string;
  lastLines: string[];
  /** Every console line. */
  lines: string[];
  /** Errors of writing the files that were asked for. They do not change the verdict. */
  unwritten: unknown[];
}

/** Boots `machine` once. `onLine` gets each console line as it comes. Throws Problem if the machine cannot be started. */
export async function bootOnce(
  machine: Machine,
  files: BootFiles,
  request: BootRequest,
  onLine: (line: string) => void,
): Promise<BootReport> {
  const watch = new Watch(files, request, onLine);
  let scratch: string | undefined;
  try {
    const contract = new Uint8Array(readFileSync(files.tree));
    const tree = request.machineTree ? undefined : treeForRun(contract, { ...request, nonce: watch.nonce });
    const { smp, sstc, aclint, zbb = false, legacy, slot, firmware, gdb } = request;
    const options = {
      kernel: files.kernel,
      tree: tree && {
        bytes: tree,
        path: () => {
          scratch ??= scratchFolder("neuron-boot-");
          const file = join(scratch, "run.dtb");
          writeFileSync(file, tree);
          return file;
        },
      },
      smp,
      sstc,
      aclint,
      zbb,
      memoryMebibytes: memoryMebibytes(contract),
      disk: request.disk === undefined ? undefined : { file: request.disk, legacy, slot },
      ...(firmware !== undefined && { firmware }),
      ...(gdb && { gdb }),
    };
    const begin = performance.now();
    const separator = request.apart && new Separator(watch.nonce, request.apart);
    const running = await machine.start(options, (bytes) => {
      const shown = separator?.feed(bytes) ?? bytes;
      request.person?.show(shown);
      watch.feed(shown);
    });
    const end = await watch.untilEnd(running, () => separator?.end());
    return watch.report(end, (watch.shellAt ?? performance.now()) - begin);
  } finally {
    request.person?.close();
    if (scratch !== undefined) {
      removeScratchFolder(scratch);
    }
  }
}

/** Watches the console of one run. */
class Watch {
  readonly nonce: string;
  private readonly files: BootFiles;
  private readonly request: BootRequest;
  private readonly ladder: Ladder;
  private readonly console: ConsoleLines;
  private readonly panics = new PanicWatch();
  private readonly proofs: JudgedProof[] = [];
  private readonly lines: string[] = [];
  private readonly log: LineFile | undefined;
  /** Why the runner ended the machine, if it did. */
  private stoppedBecause: string | undefined;
  private stop: (() => void) | undefined;
  private quietTimer: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;
  /** When the shell started. What is printed after that is not judged. */
  shellAt: number | undefined;
  /** The person has ended the machine. */
  private isLeft = false;
  /** The guest is done, and could not turn the machine off. */
  private isDone = false;

  constructor(files: BootFiles, request: BootRequest, onLine: (line: string) => void) {
    this.files = files;
    this.request = request;
    this.nonce = request.machineTree ? NO_NONCE : (request.nonce ?? newNonce());
    const contract = readFileSync(join(files.root, MARKERS_FILE), "utf8");
    const run = firstCommand(request.run);
    this.ladder = new Ladder(markersOf(contract, { ...request, run, disk: request.disk !== undefined }));
    this.log = request.log === undefined ? undefined : new LineFile({ word: "--log", file: request.log });
    this.console = new ConsoleLines((line) => {
      this.take(line);
      onLine(line);
    });
  }

  feed(bytes: Uint8Array): void {
    this.console.feed(bytes);
  }

  /** Resolves when the machine has ended by itself, by a panic or by the deadline; `lastBytes` then has the console's rest. */
  async untilEnd(running: RunningMachine, lastBytes: () => Uint8Array | undefined): Promise<MachineEnd> {
    this.stop = running.stop;
    const { timeoutSeconds } = this.request;
    if (timeoutSeconds !== undefined) {
      this.deadline = setTimeout(() => this.end(`no end within ${timeoutSeconds} s`), timeoutSeconds * 1000);
    }
    const interrupt = (): void => this.end(INTERRUPTED);
    for (const signal of END_SIGNALS) {
      process.once(signal, interrupt);
    }
    this.request.person?.attach(
      (bytes) => running.send?.(bytes),
      () => this.leave(),
    );
    try {
      return await running.ended;
    } finally {
      for (const signal of END_SIGNALS) {
        process.off(signal, interrupt);
      }
      clearTimeout(this.deadline);
      clearTimeout(this.quietTimer);
      this.feed(lastBytes() ?? new Uint8Array());
      this.console.end();
      this.log?.close();
    }
  }

  private take(line: string): void {
    this.log?.write(line);
    this.panics.feed(line);
    this.watchPanic();
    if (NOT_TURNED_OFF.test(line)) {
      this.turnOff();
    }
    if (this.shellAt !== undefined) {
      return;
    }
    this.lines.push(line);
    this.ladder.feed(line);
    const proof = parseProof(line);
    if (proof !== undefined) {
      this.proofs.push({ ...proof, problem: this.judge(proof) });
    }
    if (this.console.lineCount >= CONSOLE_LINES_MAX) {
      this.end(`more than ${CONSOLE_LINES_MAX} console lines`);
    }
    if (this.request.person !== undefined && SHELL_GREETING.test(line)) {
      this.handOver(this.request.person);
    }
  }

  private watchPanic(): void {
    if (this.panics.panic === undefined || this.request.gdb !== undefined) {
      return;
    }
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => this.end("the kernel panicked"), PANIC_QUIET_MS);
  }

  /** The shell has started: from now on no marker is expected, and there is no time limit. */
  private handOver(person: Person): void {
    this.shellAt = performance.now();
    clearTimeout(this.deadline);
    person.handOver();
  }

  /** The person ends the run. Before the shell has started, that counts as an interruption. */
  private leave(): void {
    if (this.shellAt !== undefined) {
      this.isLeft = true;
      this.stop?.();
    } else {
      this.end(INTERRUPTED);
    }
  }

  /** Turns the machine off for the guest, since its firmware could not. */
  private turnOff(): void {
    this.isDone = true;
    this.stop?.();
  }

  private judge(proof: Proof): string | undefined {
    const packageFile = (path: string): Uint8Array | undefined => packageFileBytes(this.files.root, path);
    return judgeProof(proof, { nonce: this.nonce, smp: this.request.smp, packageFile });
  }

  private end(why: string): void {
    this.stoppedBecause ??= why;
    this.stop?.();
  }

  report(end: MachineEnd, milliseconds: number): BootReport {
    const verdict = this.ladder.verdict();
    const panic =
      this.panics.panic === undefined ? undefined : decodePanic(this.panics.panic, this.files.locate);
    const problems = problemsOf({
      run: this.request.run,
      lines: this.lines,
      verdict,
      proofs: this.proofs,
      panic,
      end,
      stoppedBecause: this.stoppedBecause,
      isEndExpected: this.isLeft || this.isDone,
    });
    return {
      ok: problems.length === 0,
      problems,
      markers: verdict.climbed,
      missing: verdict.missing.map((marker) => marker.text),
      proofs: this.proofs,
      panic,
      nonce: this.nonce,
      milliseconds,
      complaints: end.complaints,
      lastLines: this.console.lastLines,
      lines: this.lines,
      unwritten: this.log?.problem === undefined ? [] : [this.log.problem],
    };
  }
}

/** The first command of a run. The marker contract is about that one. */
function firstCommand(run: string): string {
  return (run.split(";")[0] ?? "").trim();
}

/** A file below pkg/, or undefined if the path does not name one there. */
function packageFileBytes(root: string, path: string): Uint8Array | undefined {
  if (path.startsWith("/") || path.split("/").some((part) => part === ".." || part === "")) {
    return undefined;
  }
  try {
    return new Uint8Array(readFileSync(join(root, "pkg", path)));
  } catch {
    return undefined;
  }
}
