// Writes DWARF as LLVM metadata: asc's source map becomes lines, inlined frames and locals in gdb.
//
// Version 4, because every gdb and every llvm-dwarfdump reads it. The folder is always "." and files are repository
// paths, so the bytes do not depend on where the build ran. Run gdb from the repository's root. Wasm has no types
// except i32 and i64, so locals print as u32 and u64.

import type { SourcePlace } from "../../host/problem.ts";
import type { FunctionType, Local, ValueType } from "../wasm/module.ts";
import { quoted } from "./text.ts";

/** A function as the debugger knows it. */
export interface Subprogram {
  readonly id: number;
  readonly file: string;
  readonly line: number;
}

export class Debug {
  private readonly nodes: string[] = [];
  private readonly known = new Map<string, number>();
  private readonly debugPath: (path: string) => string;
  private readonly unit: number;
  private readonly flags: readonly [number, number];

  /**
   * @param program the program's name, which names the compile unit
   * @param debugPath gives the path at which a debugger finds a source
   */
  constructor(program: string, debugPath: (path: string) => string) {
    this.debugPath = debugPath;
    const file = this.node(`!DIFile(filename: ${quoted(program)}, directory: ".")`);
    // C99, the newest C that gdb 13 knows by this version of DWARF. There is no code for TypeScript.
    this.unit = this.distinct(
      `!DICompileUnit(language: DW_LANG_C99, file: !${file}, producer: "neuron", isOptimized: true, ` +
        "runtimeVersion: 0, emissionKind: FullDebug)",
    );
    this.flags = [
      this.node('!{i32 2, !"Debug Info Version", i32 3}'),
      this.node('!{i32 7, !"Dwarf Version", i32 4}'),
    ];
  }

  /** @param place of the function's first instruction, or of its declaration if that is known */
  subprogram(name: string, symbol: string, type: FunctionType, place: SourcePlace): Subprogram {
    const file = this.file(place.file);
    const types = [type.results[0], ...type.params].map((one) =>
      one === undefined ? "null" : `!${this.type(one)}`,
    );
    const list = this.node(`!{${types.join(", ")}}`);
    const signature = this.node(`!DISubroutineType(types: !${list})`);
    const id = this.distinct(
      `!DISubprogram(name: ${quoted(name)}, linkageName: ${quoted(symbol)}, scope: !${file}, file: !${file}, ` +
        `line: ${place.line}, type: !${signature}, scopeLine: ${place.line}, ` +
        `spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !${this.unit})`,
    );
    return { id, file: place.file, line: place.line };
  }

  /** The suffix of an instruction. A place in another file (of an inlined function) gets a scope of that file. */
  location(subprogram: Subprogram, place: SourcePlace): string {
    const scope =
      place.file === subprogram.file
        ? subprogram.id
        : this.node(
            `!DILexicalBlockFile(scope: !${subprogram.id}, file: !${this.file(place.file)}, discriminator: 0)`,
          );
    const id = this.node(`!DILocation(line: ${place.line}, column: ${place.column}, scope: !${scope})`);
    return `, !dbg !${id}`;
  }

  /**
   * The record that connects a stack slot with a local's name. It is written as the call that LLVM 16 to 18 know; newer
   * ones read it as their `#dbg_declare`. @param argument which parameter it is, from 1; 0 for a local
   */
  declare(subprogram: Subprogram, local: Local, argument: number, slot: string): string | undefined {
    if (local.name === undefined) {
      return undefined;
    }
    // asc tells locals of the same name apart by a number behind a bar: `i|1`.
    const name = quoted(local.name.split("|", 1)[0] ?? local.name);
    const which = argument === 0 ? "" : `arg: ${argument}, `;
    const variable = this.node(
      `!DILocalVariable(name: ${name}, ${which}scope: !${subprogram.id}, file: !${this.file(subprogram.file)}, ` +
        `line: ${subprogram.line}, type: !${this.type(local.type)})`,
    );
    const at = this.node(`!DILocation(line: ${subprogram.line}, column: 0, scope: !${subprogram.id})`);
    const operands = `metadata ptr ${slot}, metadata !${variable}, metadata !DIExpression()`;
    return `call void @llvm.dbg.declare(${operands}), !dbg !${at}`;
  }

  /** All metadata, for the end of the module. */
  finish(): string[] {
    return [
      `!llvm.dbg.cu = !{!${this.unit}}`,
      `!llvm.module.flags = !{!${this.flags[0]}, !${this.flags[1]}}`,
      ...this.nodes.map((node, id) => `!${id} = ${node}`),
    ];
  }

  private file(path: string): number {
    return this.node(`!DIFile(filename: ${quoted(this.debugPath(path))}, directory: ".")`);
  }

  private type(type: ValueType): number {
    const bits = type.endsWith("64") ? 64 : 32;
    const encoding = type.startsWith("f") ? "DW_ATE_float" : "DW_ATE_unsigned";
    const name = type.startsWith("f") ? type : `u${bits}`;
    return this.node(`!DIBasicType(name: "${name}", size: ${bits}, encoding: ${encoding})`);
  }

  /** A node. Equal texts share one node. */
  private node(text: string): number {
    const known = this.known.get(text);
    if (known !== undefined) {
      return known;
    }
    const id = this.nodes.push(text) - 1;
    this.known.set(text, id);
    return id;
  }

  private distinct(text: string): number {
    return this.nodes.push(`distinct ${text}`) - 1;
  }
}
