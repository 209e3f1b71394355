// The order of the files of tests: those that take longest begin first, so that none is left alone at the end.
//
// The list need not be exact. A file that is not on it comes later, in vitest's own order.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { root } from "../../../host/root.ts";

const longest: readonly string[] = [
  "tests/tools/explore/explore.test.ts",
  "tests/toolchain/wast.test.ts",
  "tests/system/restart.test.ts",
  "tests/attack/15-delays.test.ts",
  "tests/attack/16-calls.test.ts",
  "tests/system/rollback.test.ts",
  "tests/system/shell.test.ts",
  "tests/system/trust.test.ts",
  "tests/toolchain/fuzz.test.ts",
  "tests/bench/stretch.test.ts",
  "tests/machine/host/replay.test.ts",
  "tests/machine/core/chaos.test.ts",
  "tests/machine/translation.test.ts",
  "tests/system/hw.test.ts",
  "tests/host/pkgimg/large.test.ts",
  "tests/attack/8-production.test.ts",
  "tests/machine/core/pmp.test.ts",
  "tests/system/ladder.test.ts",
  "tests/system/disks.test.ts",
  "tests/system/faults.test.ts",
  "tests/machine/core/hart.test.ts",
  "tests/machine/lasting-faults.test.ts",
  "tests/machine/faults.test.ts",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = longest.find((file) => !existsSync(join(root, file)));
    if (gone !== undefined) {
      throw new Error(`tests/harness/vitest/order.ts names ${gone}, which is not there`);
    }
    const places = new Map(longest.map((file, place) => [join(root, file), place]));
    const placeOf = ({ moduleId }: TestSpecification): number => places.get(moduleId) ?? longest.length;
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}
