// The programs of a build, for a debugger: their ELF files lie in a folder beside the kernel's.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Programs } from "../../machine/host/gdb/monitor.ts";
import { programs } from "../../toolchain/programs.ts";

/** The programs that were built together with the kernel in this file. */
export function programsBeside(kernel: string): Programs {
  const names = programs.filter(({ kind }) => kind === "task").map(({ name }) => name);
  const fileOf = (name: string): string | undefined => {
    const file = join(dirname(kernel), "tasks", `${name}.elf`);
    return names.includes(name) && existsSync(file) ? file : undefined;
  };
  return {
    names,
    path: (name) => {
      const file = fileOf(name);
      return file === undefined ? undefined : relative(process.cwd(), file);
    },
    read: (name) => {
      const file = fileOf(name);
      return file === undefined ? undefined : new Uint8Array(readFileSync(file));
    },
  };
}
