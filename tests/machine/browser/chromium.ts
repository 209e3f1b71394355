// A server for Chromium, and Chromium itself, which opens the server's page and posts what came of it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { removeScratchFolder, scratchFolder } from "../../../host/outputs.ts";

/** Debian's package and program. */
export const CHROMIUM = "chromium";

/** What is posted is a few hashes. */
const POST_BYTES_MAX = 65_536;

/** A file that the server has, by its path. */
export type Files = Readonly<Record<string, { type: string; bytes: Uint8Array | string }>>;

/** Opens `/` of these files in Chromium, and resolves with what its code posts. @throws Error if that takes longer than `milliseconds` */
export async function openInChromium(files: Files, milliseconds: number): Promise<string> {
  const profile = scratchFolder("neuron-chromium-");
  let browser: ChildProcess | undefined;
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      server = serve(files, resolve);
      server.on("error", reject);
      timer = setTimeout(() => reject(new Error(`${CHROMIUM} has posted nothing`)), milliseconds);
      server.on("listening", () => {
        browser = startChromium(profile, portOf(server));
        browser.on("error", reject);
        browser.on("exit", (code) => reject(new Error(`${CHROMIUM} ended with ${code} and posted nothing`)));
      });
    });
  } finally {
    clearTimeout(timer);
    server?.close();
    server?.closeAllConnections();
    await endOf(browser);
    removeScratchFolder(profile);
  }
}

function serve(files: Files, onPost: (body: string) => void): Server {
  return createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => {
        body = (body + part).slice(0, POST_BYTES_MAX);
      });
      request.on("end", () => {
        response.end();
        onPost(body);
      });
      return;
    }
    const file = files[request.url ?? ""];
    response.writeHead(file === undefined ? 404 : 200, { "content-type": file?.type ?? "text/plain" });
    response.end(file?.bytes);
  }).listen(0, "127.0.0.1");
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  if (typeof address !== "object" || address === null) {
    throw new Error("the server has no port");
  }
  return address.port;
}

function startChromium(profile: string, port: number): ChildProcess {
  const words = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
  ];
  // A group of its own, because Chromium is several processes.
  return spawn(CHROMIUM, [...words, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    stdio: "ignore",
    detached: true,
  });
}

async function endOf(browser: ChildProcess | undefined): Promise<void> {
  if (browser?.pid === undefined || browser.exitCode !== null) {
    return;
  }
  const exit = once(browser, "exit");
  process.kill(-browser.pid, "SIGKILL");
  await exit;
}
