// The reference: runs a module in V8, and writes every event as driver.S does.

import { RESULT_EVENT } from "../../test/wast/rv64/thunks.ts";
import { type Call, type Digest, hashMemory, importEvent, mix, throws } from "./plan.ts";

export interface Reference extends Digest {
  /** Whether the module has an instance. Without one, V8 does not show its memory. */
  readonly instantiated: boolean;
  /** A line for each command, as the board prints it; traps all look the same (`!`). */
  readonly lines: readonly string[];
}

/** Runs a module's calls in V8. */
export function runReference(bytes: Uint8Array<ArrayBuffer>, calls: readonly Call[]): Reference {
  const module = new WebAssembly.Module(bytes);
  let hash = 0;
  let words: string[] = [];
  const lines: string[] = [];
  const event = (kind: number, value: bigint): void => {
    const bits = BigInt.asUintN(64, value);
    hash = mix(hash, kind);
    hash = mix(hash, Number(bits & 0xffff_ffffn));
    hash = mix(hash, Number(bits >> 32n));
    words.push(`${kind.toString(16).padStart(2, "0")}:${bits.toString(16).padStart(16, "0")}`);
  };
  const attempt = (work: () => void): void => {
    let trapped = 0;
    try {
      work();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof Thrown)) {
        throw error;
      }
      trapped = 1;
    }
    hash = mix(hash, trapped);
    lines.push([...words, trapped === 1 ? "!" : "."].join(" "));
    words = [];
  };
  let instance: WebAssembly.Instance | undefined;
  attempt(() => {
    instance = new WebAssembly.Instance(module, importsOf(module, event));
  });
  for (const { name, arguments: given, type } of calls) {
    const target = instance?.exports[name];
    const values = given.map((value, index) => (type.params[index] === "i32" ? Number(value) : value));
    attempt(() => {
      if (typeof target !== "function") {
        return;
      }
      const result: unknown = target(...values);
      if (typeof result === "bigint" || typeof result === "number") {
        event(RESULT_EVENT, BigInt(result));
      }
    });
  }
  const memory = Object.values(instance?.exports ?? {}).find((item) => item instanceof WebAssembly.Memory);
  return {
    events: hash >>> 0,
    memory: memory === undefined ? 0 : hashMemory(memory.buffer),
    lines,
    instantiated: instance !== undefined,
  };
}

/** What the import `throw` throws. */
class Thrown extends Error {}

/** Every import reports its arguments, and returns 0. */
function importsOf(
  module: WebAssembly.Module,
  event: (kind: number, value: bigint) => void,
): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const [index, { module: from, name }] of WebAssembly.Module.imports(module).entries()) {
    imports[from] = {
      ...imports[from],
      [name]: (...given: (number | bigint)[]) => {
        for (const value of given) {
          event(importEvent(index), BigInt(value));
        }
        if (throws(name)) {
          throw new Thrown();
        }
        return 0;
      },
    };
  }
  return imports;
}
