// A copy of the repository with a bug in its kernel, in a folder of its own: for tests that want to see it found.
//
// What was built is copied along, so that only the kernel is compiled again. The sources themselves are never touched.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../../host/root.ts";

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
  // Of build/ just what `./nx build` makes: other tests come and go in the rest of it.
  "build/gen",
  "build/obj",
  "build/wasm",
  "build/tasks",
  "build/stamps.json",
  "build/virt-nexus.dtb",
  "build/pkgfs.img",
  "build/fixtures.img",
  "build/bundle.img",
  "build/machine.wasm",
  "build/machine.wasm.map",
  "build/neuron.elf",
];

/** A change of one file: `find` has to be there exactly once. */
export interface Change {
  file: string;
  find: string;
  replace: string;
}

/** Makes the copy, changed. Gives its folder, which `remove` takes away again. */
export function plant(changes: readonly Change[]): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "neuron-planted-"));
  for (const name of copied) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const { file, find, replace } of changes) {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (text.split(find).length !== 2) {
      throw new Error(`${file} has not exactly one "${find}"`);
    }
    writeFileSync(path, text.replace(find, replace));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
