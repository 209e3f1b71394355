// What ./nx boot and ./nx hw have in common: build what is stale, pick the machine and the disk, run once.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "../../toolchain/compile.ts";
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
  await build({ profile: words.profile, progress: progressOn(process.stderr) });
  return await bootOnce(
    machineNamed(words.machine),
    builtFiles(),
    requestOf(words, run, machineTree),
    onLine,
  );
}

/** The files that the build leaves below build/. */
export function builtFiles(): BootFiles {
  const kernel = join(root, "build/neuron.elf");
  let locator: Locator | undefined;
  return {
    kernel,
    tree: join(root, "build/virt-nexus.dtb"),
    root,
    // The debug information is read only when something went wrong.
    locate: (address) => {
      locator ??= new Locator(new Uint8Array(readFileSync(kernel)), kernel);
      return locator.places(address).map(placeText);
    },
  };
}

/** The disk image that a run uses, or undefined for none. Throws Problem if the file is not there. */
export function diskFile(disk: MachineWords["disk"]): string | undefined {
  if (disk === false) return undefined;
  const file = disk === true ? join(root, "build/pkgfs.img") : resolve(disk);
  if (!existsSync(file)) throw new Problem(`there is no disk image ${file}`, { subject: file, exitCode: 2 });
  return file;
}

function requestOf(words: MachineWords, run: string, machineTree: boolean): BootRequest {
  return {
    smp: words.smp,
    run,
    profile: words.profile,
    disk: diskFile(words.disk),
    legacy: words.legacy,
    slot: words.slot,
    machineTree,
    sstc: words.sstc,
    aclint: words.aclint,
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
