// The README's picture: the playground in Chromium at one moment of one run. What was typed comes with its clocks, so the run
// is the same each time; the build decides the rest.

import { chromium } from "playwright-core";
import { writeOutput } from "../../host/outputs.ts";
import { Problem } from "../../host/problem.ts";

/** Debian's program. */
const CHROMIUM = "/usr/bin/chromium";

/** Seed 1, and `hw smp` typed some time after the shell was there. */
const HASH = "#seed=1&harts=4&typed=50000000:687720736d700d&at=52000000";

const SIZE = { width: 1440, height: 900 };
const PATIENCE_MS = 60_000;
/** Until what has changed is painted. */
const SETTLE_MS = 500;

/** Where the picture is zoomed in, how far, and where it is clicked then, as parts of its size: the services start. */
const ZOOMED = { x: 0.135, y: 0.5 };
const WHEEL = -1500;
const CLICKED = { x: 0.3, y: 0.52 };

/** Takes the picture of the playground at an address. Throws Problem if there is no Chromium. */
export async function takePicture(address: string, file: string): Promise<void> {
  const browser = await chromium
    .launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
      throw new Problem(`${CHROMIUM} cannot be started: ${why}`, { hints: ["apt-get install chromium"] });
    });
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: "dark" });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${address}${HASH}`);
    await page.locator("body[data-state=paused]").waitFor();
    const box = await page.locator("#picture").boundingBox();
    if (box === null) {
      throw new Error("the page has no picture");
    }
    await page.waitForTimeout(SETTLE_MS);
    await page.mouse.move(box.x + box.width * ZOOMED.x, box.y + box.height * ZOOMED.y);
    await page.mouse.wheel(0, WHEEL);
    await page.waitForTimeout(SETTLE_MS);
    await page.mouse.click(box.x + box.width * CLICKED.x, box.y + box.height * CLICKED.y);
    await page.locator(".frame-row").first().waitFor();
    await page.locator(".code").waitFor();
    await page.mouse.move(0, 0);
    await page.waitForTimeout(SETTLE_MS);
    writeOutput({ word: "--picture", file }, await page.screenshot());
  } finally {
    await browser.close();
  }
}
