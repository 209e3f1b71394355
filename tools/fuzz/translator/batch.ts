// Many modules in one program: each gets fresh memory, an instance, its calls, and a digest. The emission alternates:
// an even seed is translated as a guest is (`direct`, memory at address 0), an odd one with all checks (`checked`).

import { parameterList } from "../../../toolchain/ir/function.ts";
import { emitInstance } from "../../../toolchain/ir/instance.ts";
import { TypeIds } from "../../../toolchain/ir/table.ts";
import { resultType } from "../../../toolchain/ir/text.ts";
import type { WasmModule } from "../../../toolchain/wasm/module.ts";
import { readModule } from "../../../toolchain/wasm/reader.ts";
import { type Command, Pool, runBoard } from "../../test/wast/rv64/board.ts";
import { eventLines, Thunks } from "../../test/wast/rv64/thunks.ts";
import type { Generator } from "./generate.ts";
import { withoutFloats } from "./integers.ts";
import { type Call, callsOf, type Digest, importEvent, throws } from "./plan.ts";
import { type Reference, runReference } from "./reference.ts";

/** The pages that map a direct memory have 2 MiB. Checked memories get the same room. */
const ROOM_BYTES = 2 << 20;

/** One seed, ready to run. */
export interface Candidate {
  readonly seed: number;
  readonly size: number;
  readonly direct: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly module: WasmModule;
  readonly calls: readonly Call[];
  readonly reference: Reference;
}

/** Whether a seed's module is translated as a guest is. */
export function isDirect(seed: number): boolean {
  return seed % 2 === 0;
}

/** Makes a seed's module and runs it in V8. */
export async function prepare(generator: Generator, seed: number, size: number): Promise<Candidate> {
  const direct = isDirect(seed);
  const bytes = withoutFloats(await generator.generate(seed, size), direct);
  const module = readModule(bytes);
  const planned = callsOf(module, seed);
  const reference = runReference(bytes, planned);
  if (reference.instantiated) {
    return { seed, size, direct, bytes, module, calls: planned, reference };
  }
  return { seed, size, direct, bytes, module, calls: [], reference: runReference(bytes, []) };
}

/** Runs candidates as one program. Gives the digest of each, or undefined if the program ended before it. */
export async function runDigests(candidates: readonly Candidate[]): Promise<(Digest | undefined)[]> {
  const lines = await run(candidates, true);
  return candidates.map((_, index) => {
    const match = /^#(\w{8}) (\w{8})$/.exec(lines[index] ?? "");
    if (match === null) {
      return undefined;
    }
    return { events: Number.parseInt(match[1] ?? "", 16), memory: Number.parseInt(match[2] ?? "", 16) };
  });
}

/** Runs one candidate and gives its lines, with a trap as `!`, to compare them with the reference's. */
export async function runLines(candidate: Candidate): Promise<string[]> {
  const lines = await run([candidate], false);
  const commands = lines.filter((line) => line !== undefined && !line.startsWith("#"));
  // The first line belongs to the mapping, the last one to the digest.
  const first = candidate.direct ? 1 : 0;
  return commands.slice(first, -1).map((line) => (line ?? "").replace(/!\w\w$/, "!"));
}

function run(candidates: readonly Candidate[], quiet: boolean): Promise<(string | undefined)[]> {
  const pool = new Pool();
  const thunks = new Thunks();
  const typeIds = new TypeIds();
  const lines: string[] = [];
  const commands: Command[] = [];
  for (const candidate of candidates) {
    const base = pool.take(ROOM_BYTES, ROOM_BYTES);
    if (base === undefined) {
      throw new Error("a batch has more seeds than there is memory");
    }
    addCandidate(candidate, base, { thunks, typeIds, lines, commands });
  }
  return runBoard({ lines: [...lines, ...thunks.lines], commands, quiet });
}

interface Program {
  readonly thunks: Thunks;
  readonly typeIds: TypeIds;
  readonly lines: string[];
  readonly commands: Command[];
}

function addCandidate(
  { seed, module, direct, calls, reference }: Candidate,
  base: bigint,
  program: Program,
): void {
  const { thunks, typeIds, lines, commands } = program;
  const name = `s${seed}`;
  const initial = module.memory?.initial ?? 0;
  const instance = emitInstance(module, {
    name,
    memory: direct
      ? { kind: "direct" }
      : { kind: "checked", base, pagesMax: module.memory?.maximum ?? initial },
    typeIds,
    resolve: (kind, { field }) => {
      const fn = module.functions.find(({ source }) => source?.field === field);
      if (kind !== "function" || fn === undefined) {
        throw new Error(`the fuzzer imports a ${kind}, ${field}`);
      }
      return { kind, symbol: `@${name}.import.${fn.index}`, type: fn.type };
    },
  });
  lines.push(...importStubs(name, module), ...instance.lines);
  const at = (address: bigint | number): string => `inttoptr (i64 ${address} to ptr)`;
  if (direct) {
    commands.push({ thunk: "@wasm_map", target: at(base), arguments: [] });
  }
  commands.push({ thunk: thunks.call({ params: [], results: [] }), target: instance.init, arguments: [] });
  for (const call of calls) {
    const target = instance.exports.get(call.name);
    if (target === undefined) {
      throw new Error(`the export ${call.name} was lost`);
    }
    commands.push({ thunk: thunks.call(call.type), target: target.symbol, arguments: call.arguments });
  }
  commands.push({
    thunk: "@wasm_digest",
    target: at(direct ? 0 : base),
    arguments: reference.instantiated ? ROOM_BYTES : 0,
  });
}

/** Imports report their arguments and return 0, or trap, as those of the reference do. */
function importStubs(name: string, module: WasmModule): string[] {
  return module.functions.flatMap(({ source, index, type }) => {
    if (source === undefined) {
      return [];
    }
    const [result] = type.results;
    return [
      `define internal ${resultType(type)} @${name}.import.${index}(${parameterList(type)}) #0 {`,
      "entry:",
      ...type.params.flatMap((param, at) => eventLines(importEvent(index), `%p${at}`, param)),
      ...(throws(source.field)
        ? ["  call void @wasm_trap(i32 signext 1) noreturn", "  unreachable"]
        : [result === undefined ? "  ret void" : `  ret ${result} 0`]),
      "}",
      "",
    ];
  });
}
