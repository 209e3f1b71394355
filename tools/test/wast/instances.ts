// The modules of a file: those that run, those that are left out, and what they share with each other.
//
// The one idea: what is left out would have done something, and who shares a table, a memory, a global or functions
// with it would have seen that. So nothing is known about those from there on, and what is asked of them is left out,
// too, by name.

import { Problem } from "../../../host/problem.ts";
import { untranslatable } from "../../../toolchain/checks/floats.ts";
import type { Exported, Instance } from "../../../toolchain/ir/instance.ts";
import { Bytes } from "../../../toolchain/wasm/bytes.ts";
import type { ImportName, WasmModule } from "../../../toolchain/wasm/module.ts";

/** An instance on the board. */
export interface Running extends Instance {
  readonly module: WasmModule;
  /** Why its state is not known any more; undefined while it is known. */
  disturbed: string | undefined;
  /** Why its state is doubtful. */
  doubted: string | undefined;
  /** The instances that share state with this one. */
  readonly shares: Set<Running>;
}

/** A module that runs, or why it does not. */
export type Loaded = Running | { readonly leftOut: string };

/** The registered names, which modules import from. */
export class Registry {
  private readonly host: ReadonlyMap<string, Exported>;
  private readonly registered = new Map<string, Loaded>();

  /**
   * @param host the exports of the module `spectest`. Its output is dropped; all modules share its table and memory.
   */
  constructor(host: ReadonlyMap<string, Exported>) {
    this.host = host;
  }

  register(name: string, loaded: Loaded): void {
    this.registered.set(name, loaded);
  }

  /** The export that an import means. @throws Problem if there is none, or if its module is left out */
  resolve({ module, field }: ImportName): Exported {
    const loaded = this.registered.get(module);
    if (loaded !== undefined && "leftOut" in loaded) {
      throw new Problem(`it imports from ${module}, which is left out (${loaded.leftOut})`);
    }
    const found = (loaded?.exports ?? (module === HOST ? this.host : undefined))?.get(field);
    if (found === undefined) {
      throw new Problem(`no module exports ${module}.${field}`);
    }
    return found;
  }

  /** Notes that a new instance shares what it imports. */
  link(instance: Running): void {
    for (const wanted of importsOf(instance.module)) {
      const provider = this.providerOf(wanted);
      if (provider === undefined) {
        continue;
      }
      instance.shares.add(provider);
      provider.shares.add(instance);
      // An instance that shares with a disturbed one is disturbed too.
      instance.disturbed ??= provider.disturbed;
      instance.doubted ??= provider.doubted;
    }
  }

  /** A module is left out: disturbs the instances that it would have shared something with. */
  leaveOut(data: Uint8Array, why: string): void {
    for (const wanted of readImports(data) ?? this.everything()) {
      const provider = this.providerOf(wanted);
      if (provider === undefined) {
        continue;
      }
      disturb(provider, `it shares ${wanted.module} with a module that is left out (${why})`);
    }
  }

  /** Some of a module's elements are not placed: disturbs the instances whose tables it imports. */
  leaveOutElements({ tables }: WasmModule, why: string): void {
    for (const { source } of tables) {
      const provider = source && this.providerOf({ ...source, kind: "state" });
      if (source !== undefined && provider !== undefined) {
        disturb(provider, `it shares ${source.module} with a module that is left out in part (${why})`);
      }
    }
  }

  /** The instance that an import shares something with: state, or a function that may change state. */
  private providerOf({ module, field, kind }: Import): Running | undefined {
    const provider = this.registered.get(module);
    if (provider === undefined || "leftOut" in provider) {
      return undefined;
    }
    if (kind === "state") {
      return provider;
    }
    return mayWriteExport(provider.module, field) ? provider : undefined;
  }

  private everything(): Import[] {
    return Array.from(this.registered.keys(), (module) => ({ module, field: "", kind: "state" }));
  }
}

/** The module that always exists. */
const HOST = "spectest";

/** Marks an instance, and those that it shares something with, as disturbed: their state is not known any more. */
export function disturb(instance: Running, why: string): void {
  spread(instance, (each) => {
    if (each.disturbed !== undefined) {
      return false;
    }
    each.disturbed = why;
    return true;
  });
}

/** Marks them as doubtful: the earlier calls may have changed their state, or not. */
export function doubt(instance: Running, why: string): void {
  spread(instance, (each) => {
    if (each.doubted !== undefined) {
      return false;
    }
    each.doubted = why;
    return true;
  });
}

/** Calls `isNews` for an instance and all that it shares something with, directly or not, as long as it gives true. */
function spread(instance: Running, isNews: (each: Running) => boolean): void {
  const open = [instance];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isNews(next)) {
      open.push(...next.shares);
    }
  }
}

/** A shared item: state, or a function. */
interface Import extends ImportName {
  readonly kind: "state" | "function";
}

function importsOf({ functions, memory, tables, globals }: WasmModule): Import[] {
  const state = [
    ...tables,
    ...globals.filter(({ mutable }) => mutable),
    ...(memory === undefined ? [] : [memory]),
  ];
  const named = (
    kind: Import["kind"],
    sources: readonly { readonly source?: ImportName | undefined }[],
  ): Import[] => sources.flatMap(({ source }) => (source === undefined ? [] : { ...source, kind }));
  return [...named("state", state), ...named("function", functions)];
}

function mayWriteExport(module: WasmModule, field: string): boolean {
  const exported = module.exports.find(({ name, kind }) => name === field && kind === "function");
  return exported !== undefined && mayWrite(module, exported.index);
}

/**
 * Whether a call of a function may change state that other modules see: memory, globals, tables. It is asked about
 * functions that are left out, so a function that cannot be read counts as one that may change anything.
 */
export function mayWrite(module: WasmModule, index: number, seen = new Set<number>()): boolean {
  if (seen.has(index)) {
    return false;
  }
  seen.add(index);
  const fn = module.functions[index];
  if (fn?.body === undefined) {
    return fn?.source?.module !== HOST;
  }
  return fn.body.instructions.some((instruction) => {
    switch (instruction.kind) {
      case "call":
        return mayWrite(module, instruction.index, seen);
      case "call_indirect":
        return mayCallWriter(module, seen);
      case "refused":
        return !isHarmless(instruction.op);
      default:
        return writers.has(instruction.kind);
    }
  });
}

/** Whether a function, or one that it calls, has no translation, so that it ends early. */
export function isCutShort(module: WasmModule, index: number | undefined, seen = new Set<number>()): boolean {
  const fn = index === undefined ? undefined : module.functions[index];
  if (fn?.body === undefined || seen.has(fn.index)) {
    return false;
  }
  seen.add(fn.index);
  if (untranslatable(module, fn) !== undefined) {
    return true;
  }
  return fn.body.instructions.some((instruction) => {
    if (instruction.kind === "call") {
      return isCutShort(module, instruction.index, seen);
    }
    if (instruction.kind !== "call_indirect") {
      return false;
    }
    return module.elements.some(({ functions }) => functions.some((each) => isCutShort(module, each, seen)));
  });
}

const writers: ReadonlySet<string> = new Set([
  ...["store", "global.set", "memory.grow", "memory.copy", "memory.fill", "memory.init", "data.drop"],
  ...["atomic.store", "atomic.rmw", "atomic.cmpxchg"],
]);

/** A call through the table, which other modules may have filled if they share it. */
function mayCallWriter(module: WasmModule, seen: Set<number>): boolean {
  const isOwn =
    module.tables.every(({ source }) => source === undefined) &&
    !module.exports.some(({ kind }) => kind === "table");
  const called = module.elements.flatMap(({ functions }) => functions);
  return !isOwn || called.some((index) => index !== undefined && mayWrite(module, index, seen));
}

/** Whether an instruction without translation only computes. */
function isHarmless(op: string): boolean {
  const computes =
    /f(32|64)|^ref\.|^table\.(get|size)$|^a vector instruction|^a local of |^(select|block|loop|if) of /;
  return computes.test(op) && !op.endsWith(".store");
}

const MAGIC_BYTES = 8;
const IMPORT_SECTION = 2;
const Kind = { Function: 0, Table: 1, Memory: 2, Global: 3, Tag: 4 } as const;

/** The changing state that a module imports, even if we cannot read the module; undefined if it is not known. */
function readImports(data: Uint8Array): Import[] | undefined {
  try {
    const file = new Bytes(data, MAGIC_BYTES);
    while (!file.done) {
      const id = file.byte();
      const section = file.part(file.u32());
      if (id === IMPORT_SECTION) {
        return section.list(() => readImport(section)).flatMap((each) => each ?? []);
      }
    }
    return [];
  } catch (error) {
    if (error instanceof Problem) {
      return undefined;
    }
    throw error;
  }
}

/** Undefined for a constant. */
function readImport(bytes: Bytes): Import | undefined {
  const module = bytes.name();
  const field = bytes.name();
  switch (bytes.byte()) {
    case Kind.Function:
      bytes.u32();
      return { module, field, kind: "function" };
    case Kind.Table:
      readType(bytes);
      readLimits(bytes);
      return { module, field, kind: "state" };
    case Kind.Memory:
      readLimits(bytes);
      return { module, field, kind: "state" };
    case Kind.Global:
      readType(bytes);
      return bytes.byte() === 1 ? { module, field, kind: "state" } : undefined;
    case Kind.Tag:
      bytes.byte();
      bytes.u32();
      return undefined;
    default:
      throw new Problem("an import of an unknown kind");
  }
}

/** A value's type: one byte, or for a typed reference a heap type behind it. */
function readType(bytes: Bytes): void {
  const byte = bytes.byte();
  if (byte === 0x63 || byte === 0x64) {
    bytes.s64();
  }
}

function readLimits(bytes: Bytes): void {
  const flags = bytes.byte();
  bytes.s64();
  if ((flags & 1) !== 0) {
    bytes.s64();
  }
}
