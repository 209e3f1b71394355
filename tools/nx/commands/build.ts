// ./nx build: everything that is stale, and nothing else.

import type { Command } from "commander";
import { type Profile, profileOption } from "../args.ts";
import { progressOn } from "../report.ts";

export function register(program: Command): void {
  program
    .command("build")
    .description("build what is stale: programs, kernel, device tree, disk image")
    .addOption(profileOption())
    .action(async (options: { profile: Profile }) => {
      const { build } = await import("../../../toolchain/compile.ts");
      await build({ profile: options.profile, progress: progressOn(process.stderr) });
    });
}
