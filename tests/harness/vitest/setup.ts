// Runs once before all tests: makes what sources of guest and host import and people do not write (build/gen), if it is
// stale. Nothing that this file imports may import build/gen/host: it need not be there yet.
// So a single test file can be run by itself, on a fresh checkout, without a build.

import { progressOn } from "../../../host/report.ts";
import { root } from "../../../host/root.ts";
import { makeShared } from "../../../toolchain/shared/make.ts";
import { withBuild } from "../../../toolchain/steps/build.ts";
import { makeSources } from "../../../toolchain/steps/generate.ts";

export default async function setup(): Promise<void> {
  makeShared(root);
  await withBuild(root, { profile: "bringup", progress: progressOn(process.stderr) }, makeSources);
}
