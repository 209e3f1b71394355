// The playground as the tests open it: made once, served from this process, in Debian's Chromium.

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { removeScratchFolder, scratchFolder } from "../../host/outputs.ts";
import { makeSite } from "../../tools/playground/site.ts";

/** Debian's program. */
export const CHROMIUM_FILE = "/usr/bin/chromium";

/** Long enough for a host that is busy with other tests. */
export const PATIENCE_MS = 90_000;

const silent = { start: () => () => {}, note: () => {} };

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
};

export const isChromiumThere = existsSync(CHROMIUM_FILE);

export class Site {
  readonly folder: string;
  readonly url: string;
  private readonly server: Server;
  private readonly browser: Browser;

  private constructor(folder: string, server: Server, url: string, browser: Browser) {
    this.folder = folder;
    this.server = server;
    this.url = url;
    this.browser = browser;
  }

  /** Makes the playground, serves it, and starts the browser. */
  static async open(): Promise<Site> {
    const folder = scratchFolder("neuron-playground-");
    await makeSite(folder, silent);
    const server = createServer(({ url = "/" }, response) => {
      const path = new URL(url, "http://localhost").pathname;
      const file = join(folder, path === "/" ? "index.html" : path);
      const isThere = existsSync(file);
      response.writeHead(isThere ? 200 : 404, {
        "content-type": types[extname(file)] ?? "application/octet-stream",
      });
      response.end(isThere ? readFileSync(file) : "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const browser = await chromium.launch({ executablePath: CHROMIUM_FILE, args: ["--no-sandbox"] });
    return new Site(folder, server, `http://127.0.0.1:${port}/`, browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
    this.server.closeAllConnections();
    removeScratchFolder(this.folder);
  }

  /** A page of its own, without what others have stored, at an address of the playground. */
  async visit(hash = "", options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const visit = new Visit(page);
    await page.goto(`${this.url}${hash}`);
    return visit;
  }
}

/** A page with the playground, and what a person does there. */
export class Visit {
  readonly page: Page;
  /** Exceptions that nobody caught. */
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", ({ message }) => this.errors.push(message));
  }

  /** Waits for the guest's shell. */
  async boot(): Promise<this> {
    await this.seeConsole("nx>");
    return this;
  }

  /** Waits until the console shows a text. */
  async seeConsole(text: string): Promise<void> {
    await this.page.locator(".xterm-rows").filter({ hasText: text }).waitFor();
  }

  /** What the console shows, a line for each row. */
  async console(): Promise<string> {
    const rows = await this.page.locator(".xterm-rows > div").allTextContents();
    return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).join("\n");
  }

  async type(text: string): Promise<void> {
    await this.page.locator(".xterm-helper-textarea").focus();
    await this.page.keyboard.type(text);
  }

  /** Stands still, and waits for the moment to be open. */
  async pause(): Promise<void> {
    await this.page.getByRole("button", { name: "Stand still" }).click();
    await this.stands();
  }

  /** Presses a key that goes to another moment, and waits for that. */
  async key(key: string): Promise<void> {
    const moment = this.page.locator("#time");
    const before = await moment.getAttribute("title");
    await this.page.keyboard.press(key);
    await this.page.locator(`#time:not([title="${before}"])`).waitFor();
    await this.stands();
  }

  /** Runs until the console has a text. */
  async runTo(text: string): Promise<void> {
    await this.page.getByLabel("Run to").fill(text);
    await this.page.keyboard.press("Enter");
    await this.seeConsole(text);
    await this.stands();
  }

  /** Waits until the run stands still with its moment open. */
  async stands(): Promise<void> {
    await this.page.locator("body[data-state=paused]").waitFor();
    await this.page.locator(".moment h2").waitFor();
  }

  /** Saves the run. Gives the text of its file. */
  async save(): Promise<string> {
    const coming = this.page.waitForEvent("download");
    await this.page.getByRole("button", { name: "Save" }).click();
    return readFileSync(await (await coming).path(), "utf8");
  }

  /** Opens a file, as if it was dropped. */
  async drop(name: string, text: string): Promise<void> {
    await this.page
      .locator("#file")
      .setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  }

  /** Waits for a sentence among the notices. */
  async seeNotice(text: string): Promise<void> {
    await this.page.locator(".notice").filter({ hasText: text }).first().waitFor();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
