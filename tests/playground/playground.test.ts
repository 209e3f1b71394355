// The playground in a real browser: it boots, its console is the guest's shell, time goes back, a link and a recording are a
// run, each tour comes to its end, and what a newcomer does wrong is said in one line, with one line what to do.
//
// Where Chromium is not installed, the tests are skipped, by a name that says how to get it. Results are tested, never how long
// something took.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeRecording, stateHash } from "../../machine/host/recording/recording.ts";
import { Run } from "../../machine/host/run.ts";
import { defined } from "../harness/defined.ts";
import { isChromiumThere, PATIENCE_MS, Site, type Visit } from "./site.ts";

let site: Site;

/** What the page says of the moment that is open. */
const momentOf = ({ page }: Visit): Promise<string> => page.locator("#moment").innerText();
const clockOf = async ({ page }: Visit): Promise<number> =>
  Number(/^[\d,]+/.exec((await page.locator("#time").getAttribute("title")) ?? "")?.[0].replaceAll(",", ""));

describe.skipIf(!isChromiumThere)("the playground (apt-get install chromium)", () => {
  beforeAll(async () => {
    site = await Site.open();
  }, 3 * PATIENCE_MS);
  afterAll(() => site.close());

  test(
    "boots four harts, answers `hw smp` in the guest's shell, and steps back",
    async () => {
      const visit = await (await site.visit()).boot();
      await visit.type("hw smp\r");
      await visit.seeConsole("ipis received");
      const rows = (await visit.console()).split("\n").filter((row) => /^ +[0-3] +[0-3] /.test(row));
      expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(["0", "1", "2", "3"]);

      await visit.pause();
      await visit.page.locator("#picture").focus();
      const end = await clockOf(visit);
      await visit.key("ArrowLeft");
      const before = await clockOf(visit);
      expect(before).toBeLessThan(end);
      await visit.key("ArrowRight");
      expect(await clockOf(visit)).toBeGreaterThan(before);

      // The console follows, back to nothing and forward again.
      await visit.key("Home");
      expect((await visit.console()).trim()).toBe("");
      await visit.runTo("hart1 online");
      expect((await visit.console()).trim().split("\n").at(-1)).toContain("neuron: hart1 online");
      expect(await momentOf(visit)).toMatch(/hart 0 .*\n[\s\S]*\.ts:\d+/);
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
    3 * PATIENCE_MS,
  );

  test(
    "keeps what was chosen and typed in the address: a link is the same run, at the same moment",
    async () => {
      const visit = await (await site.visit("#seed=7&harts=2&chaos=switch&faults=late@40")).boot();
      expect(await visit.page.locator("#seed").inputValue()).toBe("7");
      expect(await visit.page.locator("#chaos-count").innerText()).toBe("1");
      expect(await visit.page.locator("#faults").inputValue()).toBe("late@40");
      await visit.type("echo here\r");
      await visit.seeConsole("echo here");
      await visit.pause();
      await visit.page.getByRole("button", { name: "Copy link" }).click();
      await visit.seeNotice("link");
      const { hash } = new URL(visit.page.url());
      expect(hash).toMatch(/^#v=[0-9a-f]{8}&seed=7&harts=2&chaos=switch&faults=late%4040&typed=.+&at=\d+$/);
      const shown = [await visit.console(), await momentOf(visit), await clockOf(visit)];
      await visit.close();

      const other = await site.visit(hash);
      await other.stands();
      expect([await other.console(), await momentOf(other), await clockOf(other)]).toEqual(shown);
      expect(other.errors).toEqual([]);
      await other.close();
    },
    3 * PATIENCE_MS,
  );

  test(
    "saves a run that Node replays to the same state, opens it, and refuses a damaged one",
    async () => {
      const visit = await (await site.visit("#harts=2")).boot();
      await visit.pause();
      const file = await visit.save();
      const recording = decodeRecording(file);
      const end = defined(recording.end);
      const run = new Run(
        await WebAssembly.compile(readFileSync(join(site.folder, "data/machine.wasm"))),
        recording.settings,
        recording.events,
      );
      run.advanceTo(end.clock);
      expect(stateHash(run.machine)).toBe(end.stateHash);

      await visit.drop("run.nxr", file);
      await visit.seeNotice("the same run, to the last byte");
      await visit.drop("damaged.nxr", file.replace('"harts": 2', '"harts": 3'));
      await visit.seeNotice("This file cannot be opened: it was changed after it was recorded.");
      await visit.drop("other.nxr", "no recording");
      await visit.seeNotice("Make one with Save, or with ./nx boot --record run.nxr.");
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
    3 * PATIENCE_MS,
  );

  test.each([
    ["Four harts come up", 6],
    ["One block from the disk", 6],
    ["A lost wake-up", 5],
  ])(
    "takes the tour %s to its end",
    async (name, steps) => {
      const visit = await (await site.visit()).boot();
      await visit.page.getByText("Tours", { exact: true }).click();
      await visit.page.getByRole("button", { name }).click();
      for (let step = 1; step <= steps; step += 1) {
        await visit.page.locator(`#tour[data-step="${step}"]`).waitFor();
        await visit.page.locator("#tour .primary").click();
      }
      await visit.page.locator("#tour").waitFor({ state: "hidden" });
      expect(await visit.page.locator(".notice.problem").allInnerTexts()).toEqual([]);
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
    3 * PATIENCE_MS,
  );

  test(
    "says what is wrong with a link, a seed and a plan, and what to do; and fits a window of 40 columns",
    async () => {
      const visit = await site.visit("#v=00000000&harts=9&seed=1", { viewport: { width: 320, height: 640 } });
      await visit.seeNotice("The link asks for 9 harts; there are 1 to 4.");
      await visit.seeNotice("This link was made with build 00000000");
      await visit.boot();
      await visit.page.locator("#seed").fill("many");
      await visit.page.getByRole("button", { name: "Start over" }).click();
      await visit.seeNotice("A seed is a whole number below 2^64, such as 7.");
      const overflow = await visit.page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow).toBeLessThanOrEqual(0);
      expect(visit.errors).toEqual([]);
      await visit.close();
    },
    3 * PATIENCE_MS,
  );
});
