// One boot, from the device tree to the verdict. Reached from boot.ts (./nx boot) and tools/nx-hw (./nx hw); goes
// on to a machine (qemu.ts), and feeds each console line to the ladder, the proofs and the panic watch. What all that
// comes to is verdict/findings.ts.
//
// The one idea: nothing that the machine says about its own end counts. A run is good if every marker it owes was
// seen in order, every proof holds and nothing panicked; whatever else happened is told as what went wrong.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LineFile, removeScratchFolder, scratchFolder } from "../../host/outputs.ts";
import { ConsoleLines } from "./console.ts";
import type { Person } from "./interactive.ts";
import type { GdbOptions, Machine, MachineEnd, RunningMachine } from "./machines/machine.ts";
import { memoryMebibytes, newNonce, treeForRun } from "./tree.ts";
import { INTERRUPTED, problemsOf } from "./verdict/findings.ts";
import { type Climbed, Ladder } from "./verdict/ladder.ts";
import { MARKERS_FILE, markersOf } from "./verdict/markers.ts";
import { decodePanic, type Panic, PanicWatch } from "./verdict/panic.ts";
import { type JudgedProof, judgeProof, NO_NONCE, type Proof, parseProof } from "./verdict/proof.ts";

/** What the guest starts by default. */
export const SELFTEST_RUN = "selftest-client";

/** What the guest starts for a person: the self-tests, then the shell. */
export const SHELL_RUN = "selftest-client; nx";

/** The line by which the guest's shell says that it is there (source/apps/nx/shell.ts). */
const SHELL_GREETING = /^nx: shell \(/;

/**
 * How the kernel says that the firmware did not turn the machine off (diag/panic.ts): all that it had to do is done.
 */
const NOT_TURNED_OFF = /^neuron: the firmware cannot turn this machine off/;

/** After a panic the harts stand still: this long after its last line, the machine is ended. */
export const PANIC_QUIET_MS = 300;

/** Signals that end the machine in order, so that the terminal is given back. */
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A console that says more than this is a loop. */
export const CONSOLE_LINES_MAX = 100_000;

/** What a run is asked for. */
export interface BootRequest {
  smp: number;
  /** What the guest starts: goes into /chosen as `nexus,run`. */
  run: string;
  profile: string;
  /** The disk image, or undefined for a machine without a disk. */
  disk: string | undefined;
  legacy: boolean;
  slot: number | "last";
  /** Boot with the tree that QEMU makes: without nonce, and always the self-tests. */
  machineTree: boolean;
  sstc: boolean;
  aclint: boolean;
  /** The processor has Zbb. Left out: it has not. */
  zbb?: boolean;
  /** Firmware in place of the one that the machine brings: a file. */
  firmware?: string;
  /** Only catches hangs. Undefined: nothing is in a hurry. */
  timeoutSeconds: number | undefined;
  /** A file that gets every console line, or undefined. */
  log: string | undefined;
  /** Who sits at the console. The run is then judged up to the shell's greeting, and lasts as long as they like. */
  person?: Person;
  /** A debugger sets the pace, and ends the machine when it likes: a panic is what it came for. */
  gdb?: GdbOptions;
  /** 32 hexadecimal digits for the proofs; default: new ones. A run that is to be repeated says which. */
  nonce?: string;
}

/** The files that a run uses, as the build made them. */
export interface BootFiles {
  kernel: string;
  /** The DTB of the hardware contract. */
  tree: string;
  /** The repository: the marker contract and pkg/ are read from here. */
  root: string;
  /** The places that an address of the kernel belongs to, innermost first. */
  locate: (address: bigint) => string[];
}

/** Everything that is known after a run. */
export interface BootReport {
  ok: boolean;
  /** What went wrong, the cause first where it is known; empty if `ok`. */
  problems: string[];
  markers: Climbed[];
  /** The text of the markers that were owed and never seen. */
  missing: string[];
  proofs: JudgedProof[];
  panic: Panic | undefined;
  nonce: string;
  /** From the start of the machine to its end, or to the shell. */
  milliseconds: number;
  /** What the machine complained about beside the console. */
  complaints: string;
  lastLines: string[];
  /** Every console line. */
  lines: string[];
  /** Why files that were asked for are not whole, if they are not. The verdict stands all the same. */
  unwritten: unknown[];
}

/** Boots `machine` once. `onLine` sees each console line as it comes. Throws Problem if it cannot be started. */
export async function bootOnce(
  machine: Machine,
  files: BootFiles,
  request: BootRequest,
  onLine: (line: string) => void,
): Promise<BootReport> {
  const watch = new Watch(files, request, onLine);
  const scratch = scratchFolder("neuron-boot-");
  try {
    const contract = new Uint8Array(readFileSync(files.tree));
    const tree = request.machineTree ? undefined : join(scratch, "run.dtb");
    if (tree !== undefined) {
      writeFileSync(tree, treeForRun(contract, { ...request, nonce: watch.nonce }));
    }
    const { smp, sstc, aclint, zbb = false, legacy, slot, firmware, gdb } = request;
    const options = {
      kernel: files.kernel,
      tree,
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
    const running = await machine.start(options, (bytes) => {
      request.person?.show(bytes);
      watch.feed(bytes);
    });
    const end = await watch.untilEnd(running);
    return watch.report(end, (watch.shellAt ?? performance.now()) - begin);
  } finally {
    request.person?.close();
    removeScratchFolder(scratch);
  }
}

/** All that looks at the console of one run. */
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
  /** When the console became the person's: what is printed there since then is their business. */
  shellAt: number | undefined;
  /** They have ended the machine themselves. */
  private isLeft = false;
  /** The guest is done with the machine, and could not turn it off. */
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

  /** Resolves when the machine has ended by itself, by a panic or by the deadline. */
  async untilEnd(running: RunningMachine): Promise<MachineEnd> {
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

  /** The shell is there: from here on no marker is missing, and no time limit applies. */
  private handOver(person: Person): void {
    this.shellAt = performance.now();
    clearTimeout(this.deadline);
    person.handOver();
  }

  /** The person wants no more. Before the shell is there, that is an interruption like any other. */
  private leave(): void {
    if (this.shellAt !== undefined) {
      this.isLeft = true;
      this.stop?.();
    } else {
      this.end(INTERRUPTED);
    }
  }

  /** Does for the guest what its firmware could not. */
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

/** The first command of a run: the one that the marker contract speaks of. */
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
