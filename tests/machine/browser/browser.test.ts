// The embedded machine in a real browser: Chromium boots Neuron with hot code as Wasm, and ends with the console and the state
// that Node has. The machine and its host are bundled for it, so this also shows that they use nothing of Node's.
//
// Where Chromium is not installed, the tests are skipped, by a name that says how to get it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { number, object, readJson, text } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import { isInstalled } from "../../system/harness/machine.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "../booting.ts";
import { CHROMIUM, type Files, openInChromium } from "./chromium.ts";

const outcome = object({ consoleHash: text, stateHash: text, instructions: text, slots: number });

/** Fewer functions than this would not show that code is translated. */
const SLOTS_MIN = 50;

/** The page's code, as a browser takes it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "tests/machine/browser/page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
  });
  return outputFiles.map((file) => file.text).join("");
}

const pages = [
  ["on its page", '<script type="module" src="/page.js"></script>'],
  ["in a worker", '<script>new Worker("/page.js", { type: "module" })</script>'],
] as const;

describe.skipIf(!isInstalled(CHROMIUM))(`Chromium (apt-get install ${CHROMIUM})`, () => {
  test.each(pages)(
    "boots Neuron %s to the console and the state that Node has",
    async (_, html) => {
      const { wasm } = await buildOnce();
      const node = await bootEmbedded({ seed: 1n });
      const { kernel, tree, disk } = node.recording.settings;
      const image = new Uint8Array(disk?.content.byteCount ?? 0);
      disk?.content.read(0, image);
      const bytes = (content: Uint8Array): Files[string] => ({
        type: "application/octet-stream",
        bytes: content,
      });
      const files = {
        "/": { type: "text/html", bytes: html },
        "/page.js": { type: "text/javascript", bytes: await bundle() },
        "/wasm": bytes(readFileSync(wasm)),
        "/kernel": bytes(kernel),
        "/tree": bytes(tree),
        "/disk": bytes(image),
      };
      const posted = await openInChromium(files, BOOT_TIMEOUT_MS);
      const { slots, ...end } = readJson(posted, "what the page posted", outcome);
      expect(end).toEqual({
        consoleHash: node.consoleHash,
        stateHash: node.stateHash,
        instructions: String(node.instructions),
      });
      expect(slots).toBeGreaterThan(SLOTS_MIN);
    },
    3 * BOOT_TIMEOUT_MS,
  );
});
