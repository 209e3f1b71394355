// The options that choose a build: `./nx build` takes them, and every command that builds before it runs.

import { Option } from "commander";
import { root } from "../../host/root.ts";
import { profiles, type Trust } from "../../toolchain/steps/build.ts";
import { trustFrom } from "../../toolchain/steps/trust.ts";

/** `--profile bringup|production`. */
export function profileOption(): Option {
  return new Option("--profile <name>", "which build of the guest").choices(profiles).default("bringup");
}

/** `--trust development|build|FILE`: which image packagefsd mounts (toolchain/steps/trust.ts). */
export function trustOption(): Option {
  return new Option(
    "--trust <what>",
    "which disk image is mounted: one signed by the development key, the one of this build, or one signed by a key file",
  )
    .argParser((word: string): Trust | undefined => trustFrom(root, word))
    .default(undefined, "development");
}
