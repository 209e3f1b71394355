// The playground in a real browser: it boots, its console is the guest's shell, and a link is a run.
//
// Where Chromium is not installed, the tests are skipped, by a name that says how to get it. Results are tested, never how long
// something took.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isChromiumThere, PATIENCE_MS, Site } from "./site.ts";

let site: Site;

describe.skipIf(!isChromiumThere)("the playground (apt-get install chromium)", () => {
  beforeAll(async () => {
    site = await Site.open();
  }, 3 * PATIENCE_MS);
  afterAll(() => site.close());

  test(
    "boots four harts, and answers `hw smp` in the guest's shell",
    async () => {
      const visit = await (await site.visit()).boot();
      await visit.type("hw smp\r");
      await visit.seeConsole("ipis received");
      await visit.seeConsole("nx> hw smp");
      const rows = (await visit.console()).split("\n").filter((row) => /^ +[0-3] +[0-3] /.test(row));
      expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(["0", "1", "2", "3"]);
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
    2 * PATIENCE_MS,
  );

  test(
    "keeps what was chosen in the address, and a link to it is the same run",
    async () => {
      const visit = await (await site.visit("#seed=7&harts=2&chaos=switch&faults=late@40")).boot();
      const shown = await visit.console();
      expect(await visit.page.locator("#seed").inputValue()).toBe("7");
      expect(await visit.page.locator("#chaos-count").innerText()).toBe("1");
      expect(await visit.page.locator("#faults").inputValue()).toBe("late@40");
      expect(visit.page.url()).toMatch(/#v=[0-9a-f]{8}&seed=7&harts=2&chaos=switch&faults=late%4040$/);
      const hash = new URL(visit.page.url()).hash;
      await visit.close();
      const other = await (await site.visit(hash)).boot();
      expect(await other.console()).toBe(shown);
      expect(other.errors).toEqual([]);
      await other.close();
    },
    2 * PATIENCE_MS,
  );
});
