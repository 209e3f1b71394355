// What ./nx boot and ./nx hw have in common: build what is stale, pick the machine and the disk, run once.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOutputs, build } from "../../toolchain/compile.ts";
import { Problem } from "../../toolchain/problem.ts";
import { root } from "../../toolchain/root.ts";
import { Locator, placeText } from "../debug/locate.ts";
import { progressOn } from "../nx/report.ts";
import type { MachineWords } from "./boot.ts";
import type { Machine } from "./machine.ts";
import { qemuMachine } from "./qemu.ts";
import { type BootFiles, type BootReport, type BootRequest, bootOnce } from "./run.ts";

/** Builds, boots once with the words of the command line, and reports. `onLine` sees each console line. */
export async function runSession(
  words: MachineWords,
  run: string,
  machineTree: boolean,
  onLine: (line: string) => void,
): Promise<BootReport> {
  const outputs = await build({ profile: words.profile, progress: progressOn(process.stderr) });
  const request = requestOf(words, run, machineTree, outputs);
  return await bootOnce(machineNamed(words.machine), filesOf(outputs), request, onLine);
}

/** What a run uses of a build. */
export function filesOf(outputs: BuildOutputs): BootFiles {
  const kernel = join(root, outputs.kernel);
  let locator: Locator | undefined;
  return {
    kernel,
    tree: join(root, outputs.deviceTree),
    root,
    // The debug information is read only when something went wrong.
    locate: (address) => {
      locator ??= new Locator(new Uint8Array(readFileSync(kernel)), outputs.kernel);
      return locator.places(address).map(placeText);
    },
  };
}

/** The disk image that a run uses, or undefined for none. Throws Problem if the file is not there. */
function diskFile(disk: MachineWords["disk"], outputs: BuildOutputs): string | undefined {
  if (disk === false) return undefined;
  const file = disk === true ? join(root, outputs.packageImage) : resolve(disk);
  if (!existsSync(file)) throw new Problem(`there is no disk image ${file}`, { subject: file, exitCode: 2 });
  return file;
}

function requestOf(
  words: MachineWords,
  run: string,
  machineTree: boolean,
  outputs: BuildOutputs,
): BootRequest {
  return {
    smp: words.smp,
    run,
    profile: words.profile,
    disk: diskFile(words.disk, outputs),
    legacy: words.legacy === true,
    slot: words.slot,
    machineTree,
    sstc: words.sstc,
    aclint: words.aclint === true,
    timeoutSeconds: words.timeout,
    log: words.log,
  };
}

function machineNamed(name: MachineWords["machine"]): Machine {
  switch (name) {
    case "qemu":
      return qemuMachine();
  }
}
