// The layout of the kernel's memory, for code that reads it from outside: offsets of fields, sizes and counts, and the
// addresses of its tables. tools/boot/kernel/layout.ts reads it from a build.

import { number, object, type Shape, table } from "../json.ts";

/** Plain data, so that it can be sent to another process, or kept in a file. */
export interface LayoutData {
  /** `Class.field` and `Class` (its size), and the constants. */
  numbers: Readonly<Record<string, number>>;
  /** Physical addresses: the tables, and `harts`. */
  addresses: Readonly<Record<string, number>>;
}

/** The layout of one build of the kernel. */
export class Layout {
  private readonly data: LayoutData;

  constructor(data: LayoutData) {
    this.data = data;
  }

  /** An offset (`Task.wait`), a size (`Task`) or a constant (`PIN_RECORDS`). */
  number(name: string): number {
    return found(this.data.numbers, name);
  }

  /** The physical address of a table (`mm/vmo/pool`), or of `harts`. */
  address(name: string): number {
    return found(this.data.addresses, name);
  }
}

function found(values: Readonly<Record<string, number>>, name: string): number {
  const value = values[name];
  if (value === undefined) {
    throw new Error(`the kernel's layout was not read for ${name}`);
  }
  return value;
}

/** The layout as a file has it. */
export const layoutData: Shape<LayoutData> = object({ numbers: table(number), addresses: table(number) });
