// Turns an address of a program into its places in the sources, for a backtrace.
//
// The one idea: there are three sources, from best to worst. .debug_info says which functions were inlined there,
// .debug_line says the line, and if neither knows (assembly), the symbol table says which label, and how far behind it.

import { type Elf, readElf } from "../elf.ts";
import { type FunctionRange, readUnits, type Unit } from "./functions.ts";
import type { LineRow } from "./lines.ts";

export interface Place {
  function: string;
  /** Path from the root of the repository, or undefined if only a symbol is known. */
  file: string | undefined;
  line: number;
  column: number;
  /** Bytes behind the symbol, if only a symbol is known. */
  offset: number;
}

/** Looks up addresses in one ELF file. */
export class Locator {
  private readonly elf: Elf;
  private readonly units: Unit[];

  /** Throws Problem if the file cannot be read. Without debug information, only symbols are found. */
  constructor(file: Uint8Array, name: string) {
    this.elf = readElf(file, name);
    this.units = unitsOrNone(this.elf);
  }

  /** The places of an address, innermost inlined function first; empty if the program does not have it. */
  places(address: bigint): Place[] {
    for (const unit of this.units) {
      const row = findRow(unit.lines.rows, address);
      const chain = findChain(unit.functions, address);
      if (row !== undefined && chain.length > 0) {
        return inlinedPlaces(chain, row);
      }
    }
    return this.symbolPlace(address);
  }

  private symbolPlace(address: bigint): Place[] {
    let best: { name: string; distance: bigint } | undefined;
    for (const symbol of this.elf.symbols) {
      if (symbol.address > address) {
        break;
      }
      if (symbol.size > 0n && address >= symbol.address + symbol.size) {
        continue;
      }
      best = { name: symbol.name, distance: address - symbol.address };
    }
    if (best === undefined || best.distance > LABEL_DISTANCE_MAX) {
      return [];
    }
    return [{ function: best.name, file: undefined, line: 0, column: 0, offset: Number(best.distance) }];
  }
}

/** Debug information that cannot be read is ignored: a backtrace of symbols is better than no backtrace. */
function unitsOrNone(elf: Elf): Unit[] {
  try {
    return readUnits(elf);
  } catch (error) {
    if (error instanceof RangeError) {
      return [];
    }
    throw error;
  }
}

/** An address further behind a label than this does not belong to the label: hand-written assembly is short. */
const LABEL_DISTANCE_MAX = 4096n;

/** `wake (source/kernel/neuron/src/sched/wake.ts:31:5)`, or `trapEntry+0x1c` if no line is known. */
export function placeText(place: Place): string {
  if (place.file === undefined) {
    return `${place.function}+0x${place.offset.toString(16)}`;
  }
  return `${place.function} (${place.file}:${place.line}${place.column > 0 ? `:${place.column}` : ""})`;
}

/** The row that covers `address`: the last one at or before it whose sequence is not over. */
function findRow(rows: LineRow[], address: bigint): LineRow | undefined {
  for (let index = 0; index + 1 < rows.length; index += 1) {
    const row = rows[index];
    const next = rows[index + 1];
    if (row === undefined || next === undefined || row.end) {
      continue;
    }
    if (row.address <= address && address < next.address) {
      return row;
    }
  }
  return undefined;
}

/** The function that has `address`, then the functions that were inlined there, outermost first. */
function findChain(functions: FunctionRange[], address: bigint): FunctionRange[] {
  const found = functions.find(({ ranges }) => ranges.some(([from, to]) => from <= address && address < to));
  return found === undefined ? [] : [found, ...findChain(found.inlined, address)];
}

/** The places of a chain of functions: the innermost function at the row's line, the others at their calls. */
function inlinedPlaces(chain: FunctionRange[], row: LineRow): Place[] {
  const places: Place[] = [];
  let { file, line, column }: { file: string; line: number; column: number } = row;
  for (const current of [...chain].reverse()) {
    places.push({ function: current.name, file, line, column, offset: 0 });
    if (current.callSite !== undefined) {
      ({ file, line, column } = current.callSite);
    }
  }
  return places;
}
