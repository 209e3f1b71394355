// The documents speak of files that there are, and the walks through the code (docs/architecture/README.md) can be gone: each
// file is there, leads to the next, has what is said of it, and says at its top from where it is reached.

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { listFiles } from "../../host/files.ts";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";

const PAGE = "docs/architecture/README.md";
const walks = ["A block read", "A wake-up across harts", "A page that goes"];
const bases = ["", "source/", "source/kernel/neuron/src/", "source/kernel/neuron/"];
const folders = [
  "bench",
  "docs",
  "host",
  "machine",
  "playground",
  "scripts",
  "source",
  "tests",
  "toolchain",
  "tools",
];
const files = folders.flatMap((folder) => listFiles(root, folder));
/** A name of a file with code, with as much of its path as is said. */
const named = /(?<![\w./-])(?:[\w.-]+\/)*[\w.-]*\w\.(?:ts|S|capnp|cjs|sh)(?![\w/-])/g;

const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** The files that a name can mean: by its whole path, from one of the bases, or by the end of its path. */
function meant(name: string): string[] {
  const whole = bases.map((base) => base + name).filter((file) => files.includes(file));
  return whole.length > 0 ? whole : files.filter((file) => file.endsWith(`/${name}`));
}

/** The same for a name that stands in `file`: one beside it, or in a folder above, comes first. */
function meantIn(file: string, name: string): string[] {
  for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) {
    if (files.includes(`${folder}/${name}`)) {
      return [`${folder}/${name}`];
    }
  }
  return files.filter((each) => each.endsWith(`/${name}`));
}

interface Step {
  /** The files of a line, in their order. */
  readonly files: readonly string[];
  /** All that is said there. */
  readonly text: string;
}

/** The steps of a walk: a line with files, and the indented ones below it that have none. */
function stepsOf(walk: string): Step[] {
  const section = new RegExp(`\n## ${walk}\n([\\s\\S]*?)(?:\n## |$)`).exec(read(PAGE))?.[1];
  const block = /```\n([\s\S]*?)```/.exec(defined(section, `the walk ${walk}`))?.[1];
  const steps: Step[] = [];
  for (const line of defined(block, `the steps of ${walk}`).split("\n")) {
    const found = (line.match(named) ?? []).map((name) => meant(name)[0] ?? name);
    const before = steps.at(-1);
    if (found.length > 0) {
      steps.push({ files: found, text: line });
    } else if (before) {
      steps[steps.length - 1] = { ...before, text: `${before.text}\n${line}` };
    }
  }
  return steps;
}

/** Whether `from` imports `to`, or says its name. */
function leadsTo(from: string, to: string): boolean {
  const text = read(from);
  const path = to
    .replace(/\.\w+$/, "")
    .split("/")
    .slice(-2)
    .join("/");
  return text.includes(basename(to)) || text.includes(`/${basename(path)}"`) || text.includes(`${path}"`);
}

/** What stands at the top of a file, as one line. */
function headOf(file: string): string {
  const [head] = defined(
    /^(?:\/\*\*[\s\S]*?\*\/|(?:(?:\/\/|#).*\n)+)/.exec(read(file)),
    `the head of ${file}`,
  );
  return head.replace(/\n\s*(\*|\/\/|#)/g, " ").replace(/ +/g, " ");
}

/** From where a file says that it is reached, in its words. */
function originsOf(file: string): string | undefined {
  return /Reached from (.*?)(?:;|\. |\.? ?\*\/|\.?\s*$)/.exec(headOf(file))?.[1];
}

/** The names among them that are wrong: such a file neither imports this one nor mentions it. */
function liesOf(file: string): string[] {
  const names = originsOf(file)?.match(named) ?? [];
  const lies = names.filter((name) => !meantIn(file, name).some((one) => leadsTo(one, file)));
  return lies.map((name) => `${file} is not reached from ${name}`);
}

describe.each(walks)("the walk %j", (walk) => {
  const steps = stepsOf(walk);
  const walked = [...new Set(steps.flatMap((step) => step.files))];

  test("has several steps, through files that exist", () => {
    expect(steps.length).toBeGreaterThan(3);
    expect(walked.filter((file) => !files.includes(file))).toEqual([]);
  });

  test("goes only from a file to one that it imports or names", () => {
    const pairs = steps.flatMap(({ files: on, text }) =>
      on.slice(1).flatMap((to, at) => (text.includes("→") ? [[defined(on[at]), to] as const] : [])),
    );
    expect(pairs.filter(([from, to]) => !leadsTo(from, to))).toEqual([]);
  });

  test("names only functions and types that its files have", () => {
    const wrong = steps.flatMap(({ files: on, text }) => {
      const words = text.match(/\b[a-z]\w*(?:[A-Z]\w*|(?=\(\)))/g) ?? [];
      return words.filter((word) => !on.some((file) => new RegExp(`\\b${word}\\b`).test(read(file))));
    });
    expect(wrong).toEqual([]);
  });

  test("goes through files that say truly from where they are reached", () => {
    const silent = walked.filter((file) => originsOf(file) === undefined);
    expect([...silent, ...walked.flatMap((file) => liesOf(file))]).toEqual([]);
  });
});

test("the check finds a step that leads nowhere, and a name that is no file", () => {
  expect(leadsTo("source/services/packagefsd/serve.ts", "source/services/packagefsd/blocks.ts")).toBe(true);
  expect(leadsTo("source/services/packagefsd/cache.ts", "source/services/packagefsd/disk.ts")).toBe(false);
  expect(meant("ipc/call.ts")).toEqual(["source/kernel/neuron/src/ipc/call.ts"]);
  expect(meant("nothing.ts")).toEqual([]);
});

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...listFiles(root, "docs").filter((file) => file.endsWith(".md")),
];

/** Names that are of no file here: made by the build, examples, another project's. */
const elsewhere = /^(?:build|gen)\//;

test.each(pages)("%s names only files that exist", (file) => {
  const names = [...new Set(read(file).match(named) ?? [])].filter((name) => !elsewhere.test(name));
  expect(names.filter((name) => meant(name.replace(/^(?:\.\.?\/)+/, "")).length === 0)).toEqual([]);
});

test("comments in the guest name only files that exist", () => {
  const guest = files.filter((file) => /^source\/.*\.(?:ts|S)$/.test(file));
  const wrong = guest.flatMap((file) => {
    const comments = read(file).match(/\/\*\*[\s\S]*?\*\/|(?:^|\s)\/\/.*|^\s*#.*/gm) ?? [];
    const names = (comments.join("\n").match(named) ?? []).filter((name) => !elsewhere.test(name));
    return names.filter((name) => meant(name).length === 0).map((name) => `${file}: ${name}`);
  });
  expect(wrong).toEqual([]);
});

test("a file of the guest that says from where it is reached says so truly", () => {
  const guest = files.filter((file) => /^source\/.*\.(?:ts|S)$/.test(file));
  expect(guest.flatMap((file) => liesOf(file))).toEqual([]);
});
