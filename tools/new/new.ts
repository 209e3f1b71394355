// What ./nx new app and ./nx remove do. A program on the disk is named in one place, its row in toolchain/programs.ts: the
// build, the image and ./nx run take it from there.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TASK_NAME_BYTES } from "../../build/gen/host/source/abi/task.ts";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import { programs } from "../../toolchain/programs.ts";

const TABLE = "toolchain/programs.ts";
/** What the table ends with: a new row goes before it. */
const TABLE_END = "\n];\n";
const TEMPLATES = "tools/new/templates";

/** Names that a program can have and a folder too. */
const NAME = /^[a-z][a-z0-9-]*$/;

/** Makes a program. Gives the text that says what to do next. Throws Problem if the name cannot be used. */
export function newApp(name: string): string {
  requireFree(name);
  const table = readFileSync(join(root, TABLE), "utf8");
  const end = table.lastIndexOf(TABLE_END);
  if (end < 0) {
    throw new Problem(`${TABLE} does not end its table with "];"`, { hints: ["put its last line back"] });
  }
  for (const [file, template] of filesOf(name)) {
    const text = readFileSync(join(root, TEMPLATES, template), "utf8").replaceAll("NAME", name);
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  writeFileSync(join(root, TABLE), `${table.slice(0, end)}\n${rowOf(name)}${table.slice(end)}`);
  const made = [...filesOf(name).map(([file]) => file), `${TABLE} (a row)`];
  return [
    ...made.map((what) => `made ${what}`),
    `run it: ./nx run ${name} you`,
    `test it: ./nx test apps/${name}`,
    "",
  ].join("\n");
}

/** Takes a program back that `newApp` has made, with all that is in its folder. */
export function removeApp(name: string): string {
  const table = readFileSync(join(root, TABLE), "utf8");
  const row = `\n${rowOf(name)}`;
  if (!table.includes(row)) {
    const isKnown = programs.some((program) => program.name === name);
    throw new Problem(isKnown ? `"${name}" was not made by ./nx new` : `there is no program "${name}"`, {
      hints: [
        isKnown ? `remove it by hand: its row is in ${TABLE}` : "./nx run --help says where they are listed",
      ],
      exitCode: 2,
    });
  }
  writeFileSync(join(root, TABLE), table.replace(row, ""));
  const removed = [`source/apps/${name}`, `tests/apps/${name}.test.ts`];
  for (const path of removed) {
    rmSync(join(root, path), { recursive: true, force: true });
  }
  return [...removed, `${TABLE} (its row)`].map((what) => `removed ${what}\n`).join("");
}

/** The row of a program that ./nx new has made; the mark tells it from those of the system. */
function rowOf(name: string): string {
  return `  task("${name}", "source/apps/${name}/main.ts", "package"), // ./nx new`;
}

/** The files of a program, and the template of each. */
function filesOf(name: string): readonly (readonly [file: string, template: string])[] {
  return [
    [`source/apps/${name}/main.ts`, "app-main.txt"],
    [`tests/apps/${name}.test.ts`, "app-test.txt"],
  ];
}

function requireFree(name: string): void {
  if (!NAME.test(name) || name.length > TASK_NAME_BYTES) {
    throw new Problem(`"${name}" cannot be the name of a program`, {
      hints: [`use 1 to ${TASK_NAME_BYTES} of a-z, 0-9 and '-', a letter first: ./nx new app hello`],
      exitCode: 2,
    });
  }
  if (programs.some((program) => program.name === name)) {
    throw new Problem(`there is a program "${name}" already`, {
      hints: [`choose another name; ${TABLE} lists those that are taken`],
      exitCode: 2,
    });
  }
  const taken = [`source/apps/${name}`, ...filesOf(name).map(([file]) => file)].find((path) =>
    existsSync(join(root, path)),
  );
  if (taken !== undefined) {
    throw new Problem(`${taken} is there already, and would be written over`, {
      hints: ["choose another name, or move it away"],
      exitCode: 2,
    });
  }
}
