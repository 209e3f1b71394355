// ./nx build: builds everything that is stale, and nothing else.

import type { Command } from "commander";
import { formatDuration, progressOn } from "../../host/report.ts";
import type { Profile, Trust } from "../../toolchain/steps/build.ts";
import { profileOption, trustOption } from "./options.ts";

export function register(program: Command): void {
  program
    .command("build")
    .description("build what is stale: programs, kernel, device tree, disk image")
    .argument("[programs...]", "only these programs, and the programs inside them")
    .addOption(profileOption())
    .addOption(trustOption())
    .addHelpText(
      "after",
      `
The outputs are in build/ or build/production/, and with --trust build in trusted/ below that:
  neuron.elf          the kernel, with the boot bundle inside
  tasks/<name>.elf    a program with symbols and line tables; tasks/<name> without, as it goes into an image
  pkgfs.img           the disk: everything below pkg/, and the programs below bin/
  virt-nexus.dtb      the device tree
  gen/                generated sources

Contents alone decide what is stale, not time stamps. LLVM comes with the locked dependencies. On a host that
they do not support, NEURON_CLANG and NEURON_LLD name a clang and an ld.lld (16 or newer).`,
    )
    .action(async (names: string[], options: { profile: Profile; trust: Trust }) => {
      const { build } = await import("../../toolchain/compile.ts");
      const progress = progressOn(process.stderr);
      const begin = performance.now();
      const { stepsRun } = await build({ ...options, progress, only: names });
      const duration = formatDuration(performance.now() - begin);
      progress.note(stepsRun === 0 ? "everything is up to date" : `built in ${duration} (${stepsRun} steps)`);
    });
}
