// The shape of the repository, as facts that a machine checks: imports point down, nothing goes in circles, hardware is
// touched where hardware is, files stay readable, and no file knows the machine that it was written on.
//
// The levels are drawn in docs/architecture/README.md. A failure names the offending line.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { listFiles } from "../host/files.ts";
import { root } from "../host/root.ts";
import { miscasedConstants } from "./harness/constants.ts";
import { defined } from "./harness/defined.ts";
import { findCycle, type Import, importsOf, sourceFiles } from "./harness/imports.ts";

const hostFolders = ["host", "toolchain", "tools", "machine/host", "playground", "tests", "bench"];
const guestFolders = ["source", "machine/core"];
const everyFolder = [...hostFolders, ...guestFolders, "pkg", "docs", "scripts", ".ci", ".github", ".vscode"];

/** The scripts of the host that Node runs as they are. */
const plainScripts = ["host/known-hashes.js", "tools/nx/launch.js", "tools/nx/stacks.js"];

/** Where JSON is parsed: everything else reads it under a shape. Plain scripts cannot import that, and say why. */
const jsonParsers = ["host/json.ts", ...plainScripts];

const LINES_MAX = 400;
/** Files that may be longer, each with the reason. */
const longFiles: ReadonlyMap<string, string> = new Map([
  ["machine/core/execute/loop.ts", "one switch: a case of four lines for each instruction"],
]);

/** Levels of the kernel's folders: a file imports from its own level or from below. */
const kernelLevels: readonly (readonly [RegExp, number])[] = [
  [/^(arch\/riscv\/|sync\/atomic\.ts$)/, 0],
  [/^(sync|diag)\//, 1],
  [/^(mm|job)\//, 2],
  // What the device tree says becomes page frames and mappings, so boot stands above mm.
  [/^(task|boot)\//, 3],
  [/^(sched|dma)\//, 4],
  [/^(ipc|irq)\//, 5],
  [/^(lifecycle|syscall)\//, 6],
  [/^(main|trap)\.ts$/, 7],
];

/** Levels of everything else in the guest; `build/gen` holds the accessors made from source/idl. */
const guestLevels: readonly (readonly [RegExp, number])[] = [
  [/^source\/abi\//, 1],
  [/^gen\//, 2],
  [/^source\/libs\//, 3],
  [/^source\/drivers\/virtio\//, 4],
  [/^source\/drivers\/serial\//, 4],
  [/^source\/drivers\/storage\//, 5],
  [/^source\/runtime\//, 6],
  [/^source\/(services|init|apps)\/|^source\/kernel\//, 7],
];

/** Levels of the host. Two units of one level share nothing: what both need goes below them. */
const hostLevels: readonly (readonly [RegExp, number])[] = [
  [/^host\//, 0],
  [/^(toolchain|machine\/host)\//, 1],
  [/^(tools\/build|playground)\//, 2],
  [/^tools\/boot\//, 3],
  [/^bench\/|^tools\/(debug|explore|image|licences|mk-pkgfs-img|new|nx-hw|replay|run|test)\//, 4],
  // The fuzzer runs on the board of the specification's tests; the playground takes the layout from the explorer.
  [/^tools\/(bench|fuzz|playground)\//, 5],
  [/^tools\/nx\//, 6],
  [/^tests\//, 7],
];

/** The tools that are no command of `./nx`: the command line itself, and a command of its own. */
const otherTools = ["tools/mk-pkgfs-img", "tools/nx"];

const LOOSE_FILES_MAX = 15;
/** Folders that may have more loose files, each with the reason. */
const fullFolders: ReadonlyMap<string, string> = new Map([
  ["source/kernel/neuron/src/arch/riscv", "a file for each thing of the architecture, in one flat list"],
  ["source/runtime", "one flat library: a program imports each file by name, as runtime/ipc"],
  ["tests/attack", "a file for each invariant of docs/contract.md, numbered as there"],
]);

/** The folders that may speak to hardware, or to what lies below the language. */
const hardwareFolders =
  /^(source\/kernel\/neuron\/src\/arch\/riscv|source\/drivers|source\/runtime|machine)\//;
/** These read a register, wait, order accesses to memory or compute, and change nothing: any part may. */
const harmlessIntrinsics = [
  "fenceAcquire",
  "fenceRelease",
  "hartPointer",
  "multiplyHigh",
  "outOfLine",
  "readTime",
  "unrolled",
  "usesZbb",
  "wfi",
];
/** These declare only such ones, each for a library that needs them itself. */
const harmlessDeclarations = [
  "source/libs/blake2b/intrinsics.ts",
  "source/libs/capnp/intrinsics.ts",
  "source/libs/ed25519/intrinsics.ts",
  "source/libs/lz4/intrinsics.ts",
];

const KERNEL_ROOT = "source/kernel/neuron/src/";
const guestImports = sourceFiles(root, guestFolders).flatMap((file) => importsOf(root, file));
const hostImports = sourceFiles(root, hostFolders).flatMap((file) => importsOf(root, file));

function levelOf(levels: readonly (readonly [RegExp, number])[], path: string): number | undefined {
  return levels.find(([pattern]) => pattern.test(path))?.[1];
}

function where({ from, line, specifier }: Import): string {
  return `${from}:${line} imports ${specifier}`;
}

/** Whether a file is written in the guest's dialect. */
function isGuest(path: string): boolean {
  return [...guestFolders, "bench/guest", "tests/toolchain/cases"].some((folder) =>
    path.startsWith(`${folder}/`),
  );
}

/** Program or library that a guest file belongs to: files of one may import each other freely. */
function unitOf(path: string): string {
  return path.startsWith("machine/core/") ? "machine/core" : path.split("/").slice(0, 3).join("/");
}

/** The same of a host file. */
function hostUnitOf(path: string): string {
  const parts = path.split("/");
  return parts.slice(0, /^(tools|machine)$/.test(defined(parts[0])) ? 2 : 1).join("/");
}

/** Whether an import of the host leads to a level above, or to another unit of its own level. */
function pointsUp({ from, target }: Pick<Import, "from" | "target">): boolean {
  // What is generated (build/gen) is below everything.
  if (target === null || target.startsWith("build/") || hostUnitOf(from) === hostUnitOf(target)) {
    return false;
  }
  const above = levelOf(hostLevels, from);
  const below = levelOf(hostLevels, target);
  return above === undefined || below === undefined || below >= above;
}

/** How many files of code each folder has beside its folders. */
function looseFiles(files: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const file of files) {
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  }
  return counts;
}

describe("imports of the guest", () => {
  test("every import leads to a file, or to something generated", () => {
    const lost = guestImports.filter(
      ({ target, specifier }) => target === null && !specifier.startsWith("gen/"),
    );
    expect(lost.map(where)).toEqual([]);
  });

  test("imports in the kernel point down", () => {
    const wrong = guestImports.filter(({ from, target }) => {
      if (!from.startsWith(KERNEL_ROOT) || !target?.startsWith(KERNEL_ROOT)) {
        return false;
      }
      const above = levelOf(kernelLevels, from.slice(KERNEL_ROOT.length));
      const below = levelOf(kernelLevels, target.slice(KERNEL_ROOT.length));
      return above === undefined || below === undefined || below > above;
    });
    expect(wrong.map(where)).toEqual([]);
  });

  test("the kernel uses itself, the libraries and the ABI, and nothing of the tasks", () => {
    const wrong = guestImports.filter(
      ({ from, target }) =>
        from.startsWith("source/kernel/") && target !== null && !/^source\/(kernel|libs|abi)\//.test(target),
    );
    expect(wrong.map(where)).toEqual([]);
  });

  test("imports between abi, libraries, drivers, runtime and programs point down", () => {
    const wrong = guestImports.filter(({ from, specifier, target }) => {
      const to = target ?? specifier;
      if (unitOf(from) === unitOf(to)) {
        return false;
      }
      const above = levelOf(guestLevels, from);
      const below = levelOf(guestLevels, to);
      if (above === undefined || below === undefined) {
        return true;
      }
      // Two programs share nothing; two libraries or two drivers may lean on each other, in one direction.
      return below > above || (above === below && above === 7);
    });
    expect(wrong.map(where)).toEqual([]);
  });

  test("intrinsics are declared and used only where hardware is", () => {
    const declared = sourceFiles(root, guestFolders).filter(
      (file) =>
        /\/intrinsics\.ts$/.test(file) && !hardwareFolders.test(file) && !harmlessDeclarations.includes(file),
    );
    const used = guestImports.filter(
      ({ from, specifier, names }) =>
        /(^|\/)intrinsics$/.test(specifier) &&
        !hardwareFolders.test(from) &&
        names.some((name) => !harmlessIntrinsics.includes(name)),
    );
    expect([...declared, ...used.map(where)]).toEqual([]);
  });

  test("a function without a body is declared only in intrinsics, assembly, symbols and host", () => {
    const wrong = sourceFiles(root, guestFolders).filter(
      (file) =>
        !/\/(intrinsics|assembly|symbols|host)\.ts$/.test(file) &&
        /^(export )?declare function/m.test(readFileSync(join(root, file), "utf8")),
    );
    expect(wrong).toEqual([]);
  });
});

describe("statics of the guest", () => {
  test("memory of more than a word has a size that is computed from what it holds", () => {
    const typed = sourceFiles(root, ["source"]).flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/memory\.data\((\d[\d_]*)[,)]/g)]
        .filter(([, bytes]) => Number(defined(bytes).replaceAll("_", "")) > 8)
        .map(([text]) => `${file}: ${text}`),
    );
    expect(typed).toEqual([]);
  });
});

describe("imports of the host", () => {
  // The guest of a benchmark is no host code.
  const imports = hostImports.filter(({ from }) => !isGuest(from));

  test("imports point down, and no unit imports another of its level", () => {
    expect(imports.filter(pointsUp).map(where)).toEqual([]);
  });

  test("the tests' harness stands below the tests, and imports none of them", () => {
    const wrong = imports.filter(
      ({ from, target }) => from.startsWith("tests/harness/") && /^tests\/(?!harness\/)/.test(target ?? ""),
    );
    expect(wrong.map(where)).toEqual([]);
  });

  test("every folder of tools/ but two is a command of ./nx, and its command.ts says how to call it", () => {
    const folders = new Set(
      sourceFiles(root, ["tools"]).map((file) => file.split("/").slice(0, 2).join("/")),
    );
    const commands = [...folders].filter((folder) => !otherTools.includes(folder));
    const listed = importsOf(root, "tools/nx/main.ts").flatMap(({ target }) =>
      target?.endsWith("/command.ts") ? [dirname(target)] : [],
    );
    expect(listed.sort()).toEqual(commands.sort());
  });
});

describe("the whole repository", () => {
  test("no file imports itself in a circle", () => {
    const edges = new Map<string, string[]>();
    for (const { from, target } of [...guestImports, ...hostImports]) {
      if (target === null) {
        continue;
      }
      edges.set(from, [...(edges.get(from) ?? []), target]);
    }
    expect(findCycle(edges)).toBeNull();
  });

  test("host code imports no guest source, and guest code no host source", () => {
    const crossing = [
      ...hostImports.filter(({ target }) => target?.startsWith("source/")),
      ...guestImports.filter(({ target }) => target !== null && !/^(source|machine\/core)\//.test(target)),
    ];
    expect(crossing.map(where)).toEqual([]);
  });

  test(`no source file has more than ${LINES_MAX} lines`, () => {
    const long = [...sourceFiles(root, [...hostFolders, ...guestFolders]), ...plainScripts]
      .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > LINES_MAX);
    expect(long.filter(({ file }) => !longFiles.has(file))).toEqual([]);
    const short = [...longFiles.keys()].filter((name) => !long.some(({ file }) => file === name));
    expect(short, "an exception that is not needed").toEqual([]);
  });

  test("JSON is read by host/json.ts, under a shape, and parsed nowhere else", () => {
    const parsers = [...sourceFiles(root, hostFolders), ...plainScripts].filter((file) =>
      /\bJSON\s*\.\s*parse\b|\brequire\(.*\.json\W/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(parsers.sort()).toEqual(jsonParsers.sort());
  });

  test("a constant that is a number or a text is written in capitals", () => {
    const wrong = [...sourceFiles(root, [...hostFolders, ...guestFolders]), ...plainScripts].flatMap((file) =>
      miscasedConstants(readFileSync(join(root, file), "utf8")).map((name) => `${file}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("a file begins by saying what it is: in the guest as /** … */, in the host as //", () => {
    const wrong = sourceFiles(root, [...hostFolders, ...guestFolders]).filter((file) => {
      const head = isGuest(file) ? "/**" : "//";
      return !readFileSync(join(root, file), "utf8").startsWith(head);
    });
    expect(wrong).toEqual([]);
  });

  test(`no folder has more than ${LOOSE_FILES_MAX} loose files of code`, () => {
    const files = everyFolder.flatMap((folder) => listFiles(root, folder));
    const counts = looseFiles(files.filter((file) => /\.(ts|js|cjs|S|sh|capnp|ld|inc)$/.test(file)));
    const full = [...counts].filter(([folder, count]) => count > LOOSE_FILES_MAX && !fullFolders.has(folder));
    expect(full).toEqual([]);
    const roomy = [...fullFolders.keys()].filter((folder) => (counts.get(folder) ?? 0) <= LOOSE_FILES_MAX);
    expect(roomy, "an exception that is not needed").toEqual([]);
  });

  test("no file names a folder of its author's machine", () => {
    // Put together from parts, so that this file does not find itself.
    const machinePath = new RegExp(
      `(^|[\\s"'\`=(])/(${["home", "root", "work", "Users"].join("|")})/\\w`,
      "m",
    );
    const files = everyFolder
      .flatMap((folder) => listFiles(root, folder))
      .concat(
        "nx",
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "package.json",
        "package-lock.json",
      )
      .filter((file) => /(^|\/)[^/.]+$|\.(ts|js|json|md|sh|S|ld|dts|capnp|yml|markers|txt)$/.test(file));
    const wrong = files.filter((file) => {
      const text = readOrEmpty(file);
      return machinePath.test(text);
    });
    expect(wrong).toEqual([]);
  });
});

describe("the checks themselves", () => {
  test("they find an import of the host that points up, and one that points to a neighbour", () => {
    const found = (from: string, target: string): boolean => pointsUp({ from, target });
    expect(found("host/problem.ts", "toolchain/compile.ts")).toBe(true);
    expect(found("toolchain/compile.ts", "tools/build/options.ts")).toBe(true);
    expect(found("tools/replay/replay.ts", "tools/explore/seed.ts")).toBe(true);
    expect(found("tools/replay/replay.ts", "tools/somewhere/new.ts")).toBe(true);
    expect(found("tools/replay/replay.ts", "tools/boot/console.ts")).toBe(false);
    expect(found("toolchain/steps/build.ts", "toolchain/stale.ts")).toBe(false);
  });

  test("they count the loose files of each folder", () => {
    expect([...looseFiles(["a/b.ts", "a/c.ts", "a/d/e.ts"])]).toEqual([
      ["a", 2],
      ["a/d", 1],
    ]);
  });

  test("they find a circle, and name every file on it", () => {
    const edges = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["b"]],
    ]);
    expect(findCycle(edges)).toEqual(["b", "c", "b"]);
  });

  test("they tell a number or a text from a constant that is computed", () => {
    const source = [
      'export const folder = "tests";',
      "const bytesMax: u32 = 4 * PAGE_BYTES;",
      "const PAGE_BYTES = 4096;",
      "const lines = readLines(4096);",
      'const names = ["a", "b"];',
      'const place = folder + "/a";',
    ];
    expect(miscasedConstants(source.join("\n"))).toEqual(["folder", "bytesMax"]);
  });

  test("they see imports over several lines, type imports and re-exports", () => {
    const found = importsOf(root, "toolchain/compile.ts").map(({ target }) => target);
    expect(found).toContain("toolchain/steps/build.ts");
    expect(found).toContain("toolchain/programs.ts");
  });
});

function readOrEmpty(file: string): string {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch {
    return "";
  }
}
