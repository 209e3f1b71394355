// Builds one program of the guest: sources to objects, and objects to an ELF file.
//
// The steps pass files to each other (build/wasm, build/obj), so that a change in one stage starts there and not
// earlier: a new translator does not run asc again, a new linker script does not run clang.

import { listFiles } from "../../host/files.ts";
import { readJson } from "../../host/json.ts";
import { together } from "../../host/together.ts";
import { locateSource, nativeFlags } from "../asc/run.ts";
import { translate } from "../ir/module.ts";
import { type DataLayout, dataLayout, link, linkFlags, strippedFlags } from "../link/image.ts";
import { llvmIdentity } from "../link/llvm.ts";
import { assemble, assemblyFlags, compileIr, irFlags, sparingFlags } from "../link/objects.ts";
import type { GuestProgram } from "../programs.ts";
import { runAscStep } from "./asc.ts";
import { ACCESSOR_FOLDER, type Build, DEFAULT_OUT, readBytes, readText, write } from "./build.ts";

/** Compiles a program and its assembly. Gives its object files. */
export async function compileProgram(build: Build, program: GuestProgram): Promise<string[]> {
  const flags = [
    ...nativeFlags,
    "--memoryBase",
    String(program.memoryBase),
    "--use",
    `abort=${program.abort}`,
  ];
  await runAscStep(build, program.name, program.entry, flags);
  await translateStep(build, program);
  const object = build.path(`obj/${program.name}.o`);
  const source = build.path(`obj/${program.name}.ll`);
  const further = program.inlined === undefined ? [] : sparingFlags;
  const compiled = build.step(`${program.name}: clang`, {
    name: `clang ${program.name}`,
    key: [llvmIdentity(), irFlags, further],
    reads: [source],
    writes: [object],
    run: async () => {
      await compileIr(build.root, source, object, further);
      return undefined;
    },
  });
  const [assembled] = await together([assembleProgram(build, program), compiled]);
  return [object, ...assembled];
}

/** Links a program: `build/neuron.elf` for the kernel, `build/tasks/<name>.elf` and a stripped copy for a task. */
export async function linkProgram(
  build: Build,
  program: GuestProgram,
  objects: readonly string[],
): Promise<void> {
  const isTask = program.kind === "task";
  const elf = build.path(isTask ? `tasks/${program.name}.elf` : `${program.name}.elf`);
  const stripped = build.path(`tasks/${program.name}`);
  const layoutFile = layoutPath(build, program.name);
  await build.step(`${program.name}: link`, {
    name: `link ${program.name}`,
    key: [llvmIdentity(), linkFlags, strippedFlags, build.stamps.hashFolders("toolchain/link")],
    reads: [program.linkerScript, layoutFile, ...objects],
    writes: isTask ? [elf, stripped] : [elf],
    run: async () => {
      const layout = readJson(await readText(build, layoutFile), layoutFile, dataLayout);
      const request = { objects, script: program.linkerScript, layout };
      const whole = link(build.root, { ...request, output: elf, strip: false });
      await together(
        isTask ? [whole, link(build.root, { ...request, output: stripped, strip: true })] : [whole],
      );
      return undefined;
    },
  });
}

async function translateStep(build: Build, program: GuestProgram): Promise<void> {
  const wasm = build.path(`wasm/${program.name}.wasm`);
  const map = `${wasm}.map`;
  const ir = build.path(`obj/${program.name}.ll`);
  const layoutFile = layoutPath(build, program.name);
  const { name, kind, memoryBase, inlined, small } = program;
  // The kernel's translation always refuses both. A task has no heap and catches nothing either.
  const checks = { heap: true, throws: true };
  // Tasks begin in source/runtime/entry.S, which unpacks; the kernel's image is loaded as it is.
  const packsData = kind === "task";
  await build.step(`${name}: translate`, {
    name: `translate ${name}`,
    key: [
      kind,
      memoryBase,
      checks,
      packsData,
      inlined ?? [],
      small ?? [],
      build.stamps.hashFolders("toolchain/wasm", "toolchain/ir", "toolchain/checks"),
    ],
    reads: [wasm, map],
    writes: [ir, layoutFile],
    run: async () => {
      const sourceMap = await readText(build, map);
      const locate = (path: string): string | undefined => debugPath(build, path);
      const options = { name, kind, memoryBase, sourceMap, checks, packsData, inlined, small, locate };
      const result = translate(await readBytes(build, wasm), options);
      const layout: DataLayout = {
        memoryBase: result.memoryBase,
        dataEnd: result.dataEnd,
        heapBase: result.heapBase,
      };
      await write(build, ir, result.ir);
      await write(build, layoutFile, JSON.stringify(layout));
      return undefined;
    },
  });
}

/**
 * The path of a source in debug information. The accessors are the same in every build, and have the path of the default
 * build in all of them: so what is made from them is the same too, and need not be made again (stale.ts).
 */
function debugPath(build: Build, libraryPath: string): string | undefined {
  const path = locateSource(build.root, build.out, libraryPath);
  const own = build.path(ACCESSOR_FOLDER);
  return path?.startsWith(`${own}/`) ? `${DEFAULT_OUT}/${ACCESSOR_FOLDER}${path.slice(own.length)}` : path;
}

async function assembleProgram(build: Build, program: GuestProgram): Promise<string[]> {
  const sources = program.assembly
    .flatMap((folder) => listFiles(build.root, folder))
    .filter((path) => path.endsWith(".S"));
  return together(sources.map((source) => assembleStep(build, source, [])));
}

/** Programs that share a `.S` file may ask for its object at the same time, so it is made once. */
const underWay = new WeakMap<Build, Map<string, Promise<string>>>();

/** Assembles one `.S` file. `embeds` are the files that it includes with `.incbin`. Gives the object. */
export function assembleStep(build: Build, source: string, embeds: readonly string[]): Promise<string> {
  const jobs = underWay.get(build) ?? new Map<string, Promise<string>>();
  underWay.set(build, jobs);
  const job = jobs.get(source) ?? assembleOnce(build, source, embeds);
  jobs.set(source, job);
  return job;
}

async function assembleOnce(build: Build, source: string, embeds: readonly string[]): Promise<string> {
  const object = build.path(`obj/${source.replaceAll("/", ".")}.o`);
  const includes = build.path("gen");
  await build.step(`${source}: assemble`, {
    name: `assemble ${source}`,
    key: [llvmIdentity(), assemblyFlags],
    reads: [source, `${includes}/frame.inc`, ...embeds],
    writes: [object],
    run: async () => {
      await assemble(build.root, source, object, includes);
      return undefined;
    },
  });
  return object;
}

function layoutPath(build: Build, name: string): string {
  return build.path(`obj/${name}.layout.json`);
}
