// Declares the part of the WebAssembly JavaScript interface that host code uses. TypeScript declares it only together
// with the browser's DOM, which host code must not see; Node's own types leave it out.

declare namespace WebAssembly {
  type ImportValue = Memory | Table | Global | number | ((...args: never[]) => unknown);
  type Imports = Record<string, Record<string, ImportValue>>;
  type Exports = Readonly<Record<string, unknown>>;

  interface ImportDescriptor {
    readonly module: string;
    readonly name: string;
    readonly kind: "function" | "table" | "memory" | "global" | "tag";
  }

  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): ImportDescriptor[];
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }

  class Memory {
    constructor(description: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pageCount: number): number;
  }

  class Table {
    constructor(description: { element: "anyfunc"; initial: number; maximum?: number });
    readonly length: number;
    grow(slotCount: number): number;
    set(slot: number, function_: null): void;
  }

  class Global {
    constructor(description: { value: "i32" | "i64"; mutable?: boolean }, value?: number | bigint);
    value: number | bigint;
  }

  /** The engine does not accept the module, or its size. */
  class CompileError extends Error {}

  /** A trap. */
  class RuntimeError extends Error {}

  function compile(bytes: Uint8Array): Promise<Module>;
}
