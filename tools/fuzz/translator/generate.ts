// Random modules from binaryen's own fuzzer: `wasm-opt --translate-to-fuzz` turns any bytes into a valid module.
//
// The npm package has wasm-opt as one script with the program inside. Starting it as a process takes a second; here its
// text is compiled once, its Wasm is compiled once, and each seed gets a fresh instance of it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";

const require = createRequire(import.meta.url);

/** The package comes with asc. */
const WASM_OPT = "node_modules/binaryen/bin/wasm-opt";

/** No SIMD, no references, no exceptions; addresses are masked, so that they always lie in the first bytes of memory. */
const FLAGS = [
  "--translate-to-fuzz",
  "-mvp",
  "--enable-sign-ext",
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--no-fuzz-oob",
  // A pass that finds nothing to do: without any pass wasm-opt warns at every seed.
  "--strip-debug",
];

/** The script, as a function of the globals that it uses. */
type Program = (
  Module: unknown,
  process: unknown,
  require: NodeJS.Require,
  filename: string,
  dirname: string,
  WebAssembly: unknown,
) => void;

/** The call that instantiates the program, as the script's own JavaScript (Emscripten) makes it. */
type Receive = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void;

export class Generator {
  private readonly file: string;
  private readonly program: Program;
  private readonly scratch: string;
  private compiled: WebAssembly.Module | undefined;

  constructor() {
    this.file = join(root, WASM_OPT);
    const text = readFileSync(this.file, "utf8").replace(/^#!.*/, "");
    const parameters = "Module, process, require, __filename, __dirname, WebAssembly";
    this.program = new Script(`(function (${parameters}) {${text}\n})`, {
      filename: this.file,
    }).runInThisContext();
    mkdirSync(join(root, "build/fuzz"), { recursive: true });
    this.scratch = mkdtempSync(join(root, "build/fuzz/seeds-"));
  }

  close(): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** The module of `size` bytes drawn from `seed`. The same seed and size always give the same module. */
  async generate(seed: number, size: number): Promise<Uint8Array> {
    const input = join(this.scratch, "input");
    const output = join(this.scratch, "output.wasm");
    writeFileSync(input, randomBytes(seed, size));
    const status = await this.run([input, ...FLAGS, "-o", output]);
    if (status !== 0) {
      throw new Problem(`wasm-opt failed for seed ${seed} (status ${status})`);
    }
    return readFileSync(output);
  }

  private run(args: readonly string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const host = Object.create(process, {
        argv: { value: ["node", this.file, ...args] },
        exitCode: { value: 0, writable: true },
        on: { value: () => host },
      });
      const hooks = { postRun: () => resolve(Number(host.exitCode)), print: () => {}, printErr: () => {} };
      const { compiled } = this;
      const instantiateWasm = (imports: WebAssembly.Imports, receive: Receive): object => {
        if (compiled !== undefined) {
          receive(new WebAssembly.Instance(compiled, imports), compiled);
        }
        return {};
      };
      try {
        const module = compiled === undefined ? hooks : { ...hooks, instantiateWasm };
        this.program(module, host, require, this.file, dirname(this.file), this.webAssembly());
      } catch (error) {
        reject(error);
      }
    });
  }

  /** WebAssembly as the script sees it. The program that it compiles the first time is kept. */
  private webAssembly(): unknown {
    const names = Object.getOwnPropertyNames(WebAssembly);
    const all = Object.fromEntries(names.map((name) => [name, Reflect.get(WebAssembly, name)]));
    const instantiate = async (bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports) => {
      const module = new WebAssembly.Module(bytes);
      this.compiled = module;
      return { module, instance: new WebAssembly.Instance(module, imports) };
    };
    return { ...all, instantiate };
  }
}

/** A stream of numbers from a seed (xorshift32). */
export function numbersFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function randomBytes(seed: number, size: number): Uint8Array {
  const next = numbersFrom(seed);
  return Uint8Array.from({ length: size }, () => next() >>> 11);
}
