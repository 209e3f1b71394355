// The options that choose a build: `./nx build` takes them, and so does every command that builds before it runs.

import { Option } from "commander";
import { root } from "../../host/root.ts";
import { DEVELOPMENT_TRUST, profiles, type Trust } from "../../toolchain/steps/build.ts";
import { trustFrom } from "../../toolchain/steps/trust.ts";

/** `--profile bringup|production`. */
export function profileOption(): Option {
  return new Option("--profile <name>", "the build of the guest").choices(profiles).default("bringup");
}

/** `--trust development|build|FILE`, with `@N` behind a key: which images packagefsd mounts (toolchain/steps/trust.ts). */
export function trustOption(): Option {
  return new Option(
    "--trust <what>",
    "which disk images are mounted: development (signed by that key), build (only this build's own), or FILE (signed by the key in it); FILE@7 refuses images whose sequence is below 7",
  )
    .argParser((word: string): Trust => trustFrom(root, word))
    .default(DEVELOPMENT_TRUST, "development");
}
