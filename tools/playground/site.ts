// Makes the playground's folder: the page and its worker, bundled by Vite, and beside them data/ with what the machine boots and
// what a moment shows: kernel, tree, disk, the programs with their symbols, the guest's sources.
//
// Every path in it is relative, so it works at any address of any static host.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build as bundle } from "vite";
import { listFiles } from "../../host/files.ts";
import { Problem } from "../../host/problem.ts";
import type { Progress } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { hashOf } from "../../machine/host/recording/recording.ts";
import { build, buildMachine } from "../../toolchain/compile.ts";
import { programs } from "../../toolchain/programs.ts";
import { readLayout } from "../boot/kernel/layout.ts";

/** Where the kernel's Wasm is, from which its layout is read. */
const KERNEL_WASM = "build/wasm/neuron.wasm";

/** The file by which a folder is known to be a playground. */
export const MANIFEST = "data/manifest.json";

/** Digits of the version: enough to tell builds apart. */
const VERSION_DIGITS = 8;

/** The folders with sources that a backtrace may name. */
const SOURCES = ["source", "build/gen"];

/** Makes the folder anew. Throws Problem if the page cannot be bundled. */
export async function makeSite(folder: string, progress: Progress): Promise<void> {
  const outputs = await build({ profile: "bringup", progress });
  const wasm = await buildMachine(progress);
  const end = progress.start("playground: the page");
  await bundlePage(folder);
  end();
  const data = join(folder, "data");
  rmSync(data, { recursive: true, force: true });
  mkdirSync(join(data, "tasks"), { recursive: true });
  const files = {
    "machine.wasm": wasm,
    "neuron.elf": outputs.kernel,
    "virt-nexus.dtb": outputs.deviceTree,
    "pkgfs.img": outputs.packageImage,
  };
  const digest = createHash("sha256");
  for (const [name, file] of Object.entries(files)) {
    const bytes = readFileSync(join(root, file));
    digest.update(bytes);
    writeFileSync(join(data, name), bytes);
  }
  const tasks = programs.filter(({ kind }) => kind !== "kernel").map(({ name }) => name);
  for (const name of tasks) {
    cpSync(join(root, "build/tasks", `${name}.elf`), join(data, "tasks", `${name}.elf`));
  }
  copySources(join(data, "sources"));
  const manifest = {
    version: digest.digest("hex").slice(0, VERSION_DIGITS),
    layout: await readLayout(new Uint8Array(readFileSync(join(root, outputs.kernel))), KERNEL_WASM),
    programs: tasks,
    module: hashOf(new Uint8Array(readFileSync(join(root, wasm)))),
  };
  writeFileSync(join(folder, MANIFEST), JSON.stringify(manifest));
}

async function bundlePage(folder: string): Promise<void> {
  try {
    await bundle({
      configFile: false,
      root: join(root, "playground"),
      base: "./",
      logLevel: "silent",
      worker: { format: "es" },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: "es2022",
        chunkSizeWarningLimit: 2000,
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`the playground's page cannot be bundled: ${why}`, {
      hints: ["npm run check may say more"],
    });
  }
}

function copySources(target: string): void {
  for (const folder of SOURCES) {
    for (const file of listFiles(root, folder).filter(
      (each) => each.endsWith(".ts") || each.endsWith(".S"),
    )) {
      mkdirSync(dirname(join(target, file)), { recursive: true });
      cpSync(join(root, file), join(target, file));
    }
  }
}
