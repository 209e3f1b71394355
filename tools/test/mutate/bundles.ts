// Makes the workers' code: a bundle of each test file, in which vitest and the way to compile guest code are our own, and
// the worker itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { listFiles } from "../../../host/files.ts";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";

/** The tests that run guest code in Node: folders, and files of others. */
const testFolders = ["apps", "drivers", "init", "kernel", "libs", "runtime", "services"];
const testFiles = ["tests/attack/2-entry-point-validation.test.ts"];

const FOLDER = "build/mutate";
const HERE = "tools/test/mutate";

export interface TestBundle {
  /** The test file. */
  readonly file: string;
  /** Its bundle, an absolute path. */
  readonly bundle: string;
  readonly content: string;
}

export interface Bundles {
  readonly worker: string;
  readonly tests: readonly TestBundle[];
}

/** Makes the bundles of the test files whose path contains `part`. */
export async function makeBundles(part = ""): Promise<Bundles> {
  const inFolders = testFolders.flatMap((folder) => listFiles(root, `tests/${folder}`));
  const all = [...testFiles, ...inFolders.filter((file) => file.endsWith(".test.ts"))];
  const files = all.filter((file) => file.includes(part));
  if (files.length === 0) {
    throw new Problem(`no test of the guest's code has ${JSON.stringify(part)} in its path`, { exitCode: 2 });
  }
  const options = {
    absWorkingDir: root,
    outdir: FOLDER,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
  } as const;
  // What is kept from run to run is a module of its own, beside the others.
  await build({ ...options, entryPoints: [`${HERE}/process/kept.ts`], plugins: [] });
  await build({ ...options, entryPoints: [`${HERE}/process/worker.ts`], plugins: [keptBeside] });
  const entryPoints = files.map((file) => ({ in: `${ENTRY}${file}`, out: bundleName(file) }));
  await build({ ...options, entryPoints, plugins: [keptBeside, testEntry, ownParts] });
  return {
    worker: join(root, FOLDER, "worker.js"),
    tests: files.map((file) => {
      const bundle = join(root, FOLDER, `${bundleName(file)}.js`);
      return { file, bundle, content: readFileSync(bundle, "utf8") };
    }),
  };
}

function bundleName(file: string): string {
  return file.replace(/\.ts$/, "").replaceAll("/", ".");
}

const keptBeside: Plugin = {
  name: "what is kept",
  setup({ onResolve }) {
    const kept = join(root, HERE, "process/kept.ts");
    onResolve({ filter: /\/kept\.ts$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path) === kept ? { path: "./kept.js", external: true } : undefined,
    );
  },
};

/** Begins the name of a bundle's entry, which is a text: the session first, then the test file. */
const ENTRY = "mutate:";

const testEntry: Plugin = {
  name: "entries of tests",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^mutate:/ }, ({ path }) => ({
      path: path.slice(ENTRY.length),
      namespace: "mutate",
    }));
    onLoad({ filter: /./, namespace: "mutate" }, ({ path }) => ({
      contents: [`${HERE}/process/session.ts`, "tests/harness/vitest/random.ts", path]
        .map((file) => `import "./${file}";\n`)
        .join(""),
      resolveDir: root,
      loader: "ts",
    }));
  },
};

/** Puts our own parts in the place of vitest and of tests/harness/variant.ts. */
const ownParts: Plugin = {
  name: "own parts",
  setup({ onResolve }) {
    onResolve({ filter: /^vitest$/ }, ({ importer }) =>
      importer.endsWith("/session.ts") ? undefined : { path: join(root, HERE, "process/session.ts") },
    );
    onResolve({ filter: /\/variant\.ts$/ }, () => ({ path: join(root, HERE, "process/variant.ts") }));
  },
};
