// No reservation (LR) outlives a switch to another task, on hardware whose traps keep reservations: an SC that writes
// what was read before the switch would undo what another task did.

import { describe, test } from "vitest";
import { parseChaos } from "../../machine/host/chaos.ts";
import { bootEmbedded } from "../machine/booting.ts";
import { type Boot, onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS } from "../system/harness/machine.ts";
import { attack } from "./attack.ts";

/** Four tasks that add, as often as puppet.S says. */
const ADDITIONS = 4 * 200;

function noneOutlives(boot: Boot): void {
  test.each([1, 2, 4])(
    "loses no addition with %i harts",
    async (smp) => {
      const run = await attack(boot, "reservations", { smp });
      run.expect({
        additions: ADDITIONS,
        "additions lost to a reservation of one's own": 0,
        "additions lost to a reservation of another's": 0,
      });
    },
    BOOT_TIMEOUT_MS,
  );
}

onEachMachine("a reservation from before a switch", noneOutlives);

describe("a reservation from before a switch, on the embedded machine whose traps keep reservations", () => {
  noneOutlives((change) => bootEmbedded({ chaos: parseChaos("keep-reservations"), ...change }));
});
