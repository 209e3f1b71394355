// A copy of what a build reads and makes, in a folder of its own, so that a bench does not touch the sources.

import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../host/root.ts";

const copied = [
  "nx",
  "package.json",
  "package-lock.json",
  "source",
  "pkg",
  "keys",
  "host",
  "toolchain",
  "tools",
  "machine",
  "bench",
];
/** Of build/ what a build with the default options makes. */
const built = [
  ...["gen", "obj", "wasm", "tasks", "stamps.json", "virt-nexus.dtb"],
  ...["pkgfs.img", "fixtures.img", "bundle.img", "neuron.elf"],
];

/** Makes the copy. Gives its folder, which `remove` takes away again. */
export function copyRepository(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "neuron-bench-"));
  for (const name of [...copied, ...built.map((path) => `build/${path}`)]) {
    if (existsSync(join(root, name))) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
