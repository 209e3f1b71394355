// A copy of what a build reads and makes, in a folder of its own: for a bench or a test that changes sources.

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
  "scripts",
];
/** Of build/ what a build with the default options makes: other work comes and goes in the rest of it. */
const built = [
  ...["gen", "obj", "wasm", "tasks", "stamps.json", "virt-nexus.dtb"],
  ...["pkgfs.img", "fixtures.img", "bundle.img", "neuron.elf"],
  ...["machine.wasm", "machine.wasm.map"],
];

/** Makes the copy. Gives its folder, whose name begins with `prefix`, and which `remove` takes away again. */
export function copyRepository(prefix: string): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  for (const name of [...copied, ...built.map((path) => `build/${path}`)]) {
    if (existsSync(join(root, name))) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
