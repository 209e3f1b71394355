// The bootstrap behind ./nx, in plain JavaScript because nothing is compiled or installed yet when it starts.
//
// It makes sure that Node is new enough, that node_modules agrees with the lockfile, that build/gen/host has the
// numbers that host and guest share (toolchain/shared), and that the bundle of the host code agrees with the sources.
// Then it imports the bundle. Except for Node, contents decide, never time stamps (host/known-hashes.js tells which
// need not be read again). With nothing to do all of this takes some 20 ms on top of Node's own start.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hashBytes, KnownHashes } from "../../host/known-hashes.js";
import { mapStacks } from "./stacks.js";

const NODE_MAJOR_MIN = 20;
// Another ./nx may still run from an older bundle, so this many are kept.
const BUNDLES_KEPT = 4;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const lockfile = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".package-lock.json");
const installStamp = join(root, "node_modules", ".neuron-lock");
const bundles = join(root, "build", "host");
const bundleStamp = join(bundles, "stamp.json");
/** What is not in the bundle, and decides what it does. */
const own = ["tools/nx/launch.js", "tools/nx/stacks.js", "package-lock.json"];

requireNode();
const main = await prepare();
mapStacks(root, bundles);
await import(pathToFileURL(main).href);

/** Installs, makes and bundles what is missing. Reports a file that cannot be written. */
async function prepare() {
  try {
    await installLocked();
    return await bundle();
  } catch (error) {
    if (error.syscall === undefined) {
      throw error;
    }
    return fail(
      `${error.path ?? root} cannot be used: ${error.message}.`,
      "build/ and node_modules/ have to be folders that you can write to, with room in them.",
    );
  }
}

function requireNode() {
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
    return;
  }
  fail(
    `this is Node.js ${process.versions.node}, and ${NODE_MAJOR_MIN} or newer is needed.`,
    "Get it from https://nodejs.org, or with nvm: nvm install 20",
  );
}

/** Installs the locked dependencies if node_modules is not made from this lockfile. */
async function installLocked() {
  const wanted = knownHashes().hash("package-lock.json");
  if (readOr(installStamp, "") === wanted) {
    return;
  }
  // A user may have run npm by hand, so only the versions of the packages count.
  if (!matchesLock(JSON.parse(readFileSync(lockfile, "utf8")))) {
    process.stderr.write("nx: installing the locked dependencies (npm ci), once\n");
    const { spawnSync } = await import("node:child_process");
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    // npm's own output goes to stderr: stdout belongs to the command (--json).
    const run = spawnSync(npm, ["ci", "--no-audit", "--no-fund"], { cwd: root, stdio: ["ignore", 2, 2] });
    if (run.error || run.status !== 0) {
      fail(
        `npm ci failed${run.error ? `: ${run.error.message}` : ""}.`,
        "The network or the registry may be out of reach; run `npm ci` by hand to see.",
      );
    }
  }
  writeFileSync(installStamp, wanted);
}

/** Whether each installed package has the locked version, and no required one is missing. */
function matchesLock(lock) {
  const present = jsonOr(installed, {}).packages ?? {};
  return Object.entries(lock.packages ?? {}).every(([path, entry]) => {
    if (path === "") {
      return true;
    }
    const found = present[path];
    return found ? found.version === entry.version : entry.optional === true;
  });
}

/** Gives the path of the host code's bundle, and makes it again if a source has changed. */
async function bundle() {
  const stamp = jsonOr(bundleStamp, {});
  const before = knownHashes();
  const main = join(bundles, String(stamp.name ?? "none"), "main.js");
  if (
    existsSync(main) &&
    Array.isArray(stamp.inputs) &&
    stamp.inputs.every(([path, digest]) => before.hash(path) === digest)
  ) {
    before.save();
    return main;
  }

  const draft = join(bundles, `draft-${process.pid}`);
  mkdirSync(draft, { recursive: true });
  const shared = await makeShared(draft);
  const inputs = await bundleInto(draft, "tools/nx/main.ts", "main");
  const all = new Set([...shared, ...inputs, ...own]);
  // The modules in build/gen/host have just been written, so all are looked at again.
  const after = knownHashes();
  const stamped = [...all].sort().map((path) => [path, after.hash(path)]);
  const name = hashBytes(JSON.stringify(stamped)).slice(0, 16);
  const folder = join(bundles, name);
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  writeFileSync(`${bundleStamp}.${process.pid}`, JSON.stringify({ name, inputs: stamped }));
  renameSync(`${bundleStamp}.${process.pid}`, bundleStamp);
  removeOld(name);
  return join(folder, "main.js");
}

/** Makes the modules of build/gen/host, which the host code imports. Gives the files that they depend on. */
async function makeShared(draft) {
  const inputs = await bundleInto(draft, "toolchain/shared/make.ts", "shared");
  const made = await import(pathToFileURL(join(draft, "shared.js")).href);
  try {
    return [...inputs, ...made.makeShared(root)];
  } catch (error) {
    if (error.name !== "Problem") {
      throw error;
    }
    return fail(error.message, error.details.hints?.join("\n    ") ?? "");
  }
}

/** Bundles a module and all that it imports as `<name>.js` in a folder. Gives the paths of its sources. */
async function bundleInto(outdir, source, name) {
  const esbuild = await import("esbuild");
  const { devDependencies, optionalDependencies } = jsonOr(join(root, "package.json"), {});
  // Every command needs commander, so it is in the bundle, where Node need not look for it.
  const external = Object.keys({ ...devDependencies, ...optionalDependencies }).filter(
    (name) => name !== "commander",
  );
  const options = {
    absWorkingDir: root,
    entryPoints: [{ in: source, out: name }],
    outdir,
    bundle: true,
    splitting: true,
    external,
    // commander is CommonJS, and asks for Node's modules with require.
    banner: {
      js: `import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url);`,
    },
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "linked",
    sourcesContent: false,
    metafile: true,
    logLevel: "silent",
  };
  const { metafile } = await esbuild.build(options).catch(async (error) => {
    const lines = await esbuild.formatMessages(error.errors ?? [], {
      kind: "error",
      color: process.stderr.isTTY,
    });
    return fail("the host code does not build.", lines.join("\n") || error.message);
  });
  return Object.keys(metafile.inputs);
}

function removeOld(current) {
  const folders = readdirSync(bundles, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== current)
    .map((entry) => join(bundles, entry.name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const folder of folders.slice(BUNDLES_KEPT - 1)) {
    rmSync(folder, { recursive: true, force: true });
  }
}

function knownHashes() {
  return new KnownHashes(root, "build/host/known.json");
}

function readOr(path, fallback) {
  return existsSync(path) ? readFileSync(path, "utf8") : fallback;
}

/**
 * The JSON in a file of ours, or `fallback` if the file is missing or damaged. host/json.ts, which reads JSON elsewhere,
 * is TypeScript, and Node cannot load it yet.
 */
function jsonOr(path, fallback) {
  try {
    return JSON.parse(readOr(path, "null")) ?? fallback;
  } catch {
    return fallback;
  }
}

function fail(what, hint) {
  process.stderr.write(`nx: ${what}\n    ${hint}\n`);
  process.exit(1);
}
