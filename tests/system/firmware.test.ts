// Newer OpenSBI than Debian 12 has (tools/test/opensbi/fetch.sh), below the kernel on both machines. It finds the device that turns
// the machine off in the tree, as syscon-poweroff, or not at all: then the kernel says so, and the runner ends the machine.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { nodeAt } from "../../toolchain/dts/edit.ts";
import { scratchForFile } from "../harness/scratch.ts";
import { bootEmbedded } from "../machine/booting.ts";
import type { Boot } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, bootQemu, explain, hasQemu } from "./harness/machine.ts";
import { withTree } from "./harness/trees.ts";

const scratch = scratchForFile("neuron-firmware-");
const releases = ["trixie", "sid"];
const refusal =
  "neuron: the firmware cannot turn this machine off (not supported, SBI error -2); end it from outside";

/** The tree that names nothing to turn the machine off with. */
const withoutPower = withTree(scratch, (tree) => {
  const soc = nodeAt(tree, "/soc");
  soc.children = soc.children.filter(({ name }) => !["poweroff", "reboot"].includes(name));
});

/** The tests of a machine with this firmware. */
function expectOfFirmware(boot: Boot, firmware: string): void {
  test.each([1, 4])(
    "the system runs on %i harts, and turns the machine off",
    async (smp) => {
      const report = await boot({ firmware, smp });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.join("\n")).not.toContain("cannot turn this machine off");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "the kernel says so when the tree names no way to turn the machine off, and the runner ends it",
    async () => {
      const report = await boot({ firmware }, withoutPower);
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.at(-1)).toBe(refusal);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "a failed run fails on such a machine too",
    async () => {
      const report = await boot({ firmware, run: "selftest-client; chaos nexus-init" }, withoutPower);
      expect(report.ok, explain(report)).toBe(false);
      expect(report.problems.join("\n")).toContain("nexus-init ended: exit code 69(AskedToEnd)");
    },
    BOOT_TIMEOUT_MS,
  );
}

for (const release of releases) {
  const firmware = join(root, "build/opensbi", release, "fw_dynamic.bin");
  describe.skipIf(!existsSync(firmware))(`OpenSBI of Debian ${release} (tools/test/opensbi/fetch.sh)`, () => {
    describe.skipIf(!hasQemu)("on QEMU (qemu-system-riscv64 is installed)", () =>
      expectOfFirmware(bootQemu, firmware),
    );
    describe("on the embedded machine", () => expectOfFirmware(bootEmbedded, firmware));
  });
}
