// What ./nx playground does: it makes the folder, and serves it to this computer until Ctrl-C, or stops there.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type PreviewServer, preview } from "vite";
import { requireFolder } from "../../host/outputs.ts";
import { Problem } from "../../host/problem.ts";
import { paintFor, progressOn } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { MANIFEST, makeSite } from "./site.ts";
import type { PlaygroundWords } from "./words.ts";

const HOST = "127.0.0.1";
const USUAL_FOLDER = "build/playground";

/** What opens an address in a browser, by platform. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  linux: ["xdg-open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Makes the playground, and serves it. Gives the exit code. Throws Problem if one of the two cannot be done. */
export async function playground({ build, picture, port, open }: PlaygroundWords): Promise<0> {
  const progress = progressOn(process.stderr);
  const folder = typeof build === "string" ? resolve(build) : join(root, USUAL_FOLDER);
  requireRoom(build, folder);
  await makeSite(folder, progress);
  const paint = paintFor(process.stdout);
  if (build !== undefined) {
    process.stdout.write(`${paint.good("made:")} ${folder}, for any static host\n`);
    return 0;
  }
  const server = await serve(folder, picture === undefined ? port : 0);
  const [address = `http://${HOST}:${port}/`] = server.resolvedUrls?.local ?? [];
  if (picture !== undefined) {
    try {
      const { takePicture } = await import("./picture.ts");
      await takePicture(address, picture);
    } finally {
      await server.close();
    }
    process.stdout.write(`${paint.good("taken:")} ${picture}\n`);
    return 0;
  }
  process.stdout.write(`${paint.good("playground:")} ${address}   (Ctrl-C ends it)\n`);
  if (open) {
    openBrowser(address);
  }
  return 0;
}

/** The folder is emptied, so one that was named and has other things in it is refused. */
function requireRoom(build: PlaygroundWords["build"], folder: string): void {
  if (typeof build !== "string") {
    return;
  }
  const isOther = existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, MANIFEST));
  if (isOther) {
    throw new Problem(`--build ${build} has other things in it, and would be emptied`, {
      hints: ["name a folder that is empty, does not exist, or has an earlier playground"],
      exitCode: 2,
    });
  }
  requireFolder({ word: "--build", file: folder });
}

async function serve(folder: string, port: number): Promise<PreviewServer> {
  try {
    return await preview({
      configFile: false,
      root: join(root, "playground"),
      logLevel: "silent",
      build: { outDir: folder },
      preview: { host: HOST, port, strictPort: true, open: false },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`port ${port} cannot be used: ${why}`, {
      hints: ["choose another with --port, or --port 0 for any free one"],
    });
  }
}

/** Opens a browser. Without one, the address is there to be opened by hand. */
function openBrowser(address: string): void {
  const [program, ...words] = openers[process.platform] ?? [];
  const say = (): void => {
    process.stderr.write(`no browser was opened: open ${address} yourself, here or through a tunnel\n`);
  };
  if (program === undefined) {
    say();
    return;
  }
  const child = spawn(program, [...words, address], { stdio: "ignore", detached: true });
  child.on("error", say);
  child.on("exit", (code) => {
    if (code !== 0) {
      say();
    }
  });
  child.unref();
}
