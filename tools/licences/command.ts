// ./nx licences: the packages that the host's code needs, and whether each may be there.

import type { Command } from "commander";

export function register(program: Command): void {
  program
    .command("licences")
    .description("check the hashes and licences of all packages in the lockfile")
    .option("--write", "write docs/security/dependencies.md")
    .action(async ({ write }: { write?: true }) => {
      const { licences } = await import("./licences.ts");
      process.exitCode = licences(write === true);
    });
}
