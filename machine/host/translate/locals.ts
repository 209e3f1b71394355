// The locals of a translated function: its parameters, places to compute in, and a local for each register of the guest
// that it uses.

import { SINK_OFFSET } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { type Code, I32, I64, Wasm } from "./encoder.ts";

/** A function's parameters (machine/core/execute/loop.ts calls it), its result, and what else every function has. */
export const Local = {
  /** The hart's state. */
  Hart: 0,
  /** The virtual address of the page. */
  Base: 1,
  /** Where to begin: the number of an entry; inside of loops 0, once execution has got there. */
  Entry: 2,
  /** Instructions that may still be executed; the result. */
  Left: 3,
  /** The hart's table for data, and an entry of it. */
  Table: 4,
  Slot: 5,
  /** Where the hart goes on. */
  To: 6,
  /** The address of an access. */
  Address: 7,
  /** For what takes more than one step. */
  First: 8,
  Second: 9,
  Third: 10,
} as const;

export const parameterTypes: readonly number[] = [I32, I64, I32, I32];
export const resultTypes: readonly number[] = [I32];

/** Locals that are no parameters, by type. */
export const I32_LOCALS = 2;
const I64_LOCALS = 5;
const REGISTERS_FIRST = 11;

/** The guest's registers, by their offsets in the hart's state. x0 has none: it is read as 0, and not written. */
export class Registers {
  private readonly locals = new Map<number, number>();
  private readonly written = new Set<number>();

  /** Puts a register's value onto the stack. */
  get(code: Code, register: number): void {
    if (register === 0) {
      code.i64(0);
    } else {
      code.get(this.localOf(register));
    }
  }

  /** Takes a register's value from the stack. */
  set(code: Code, register: number): void {
    if (register === SINK_OFFSET) {
      code.put(Wasm.Drop);
    } else {
      this.written.add(register);
      code.set(this.localOf(register));
    }
  }

  /** How many locals of 64 bits there are. */
  get i64Locals(): number {
    return I64_LOCALS + this.locals.size;
  }

  /** Each register that is used, with its local. */
  get used(): readonly (readonly [register: number, local: number])[] {
    return [...this.locals];
  }

  /** Those of them that may have another value at the end. */
  get changed(): readonly (readonly [register: number, local: number])[] {
    return this.used.filter(([register]) => this.written.has(register));
  }

  private localOf(register: number): number {
    const known = this.locals.get(register);
    if (known !== undefined) {
      return known;
    }
    const local = REGISTERS_FIRST + this.locals.size;
    this.locals.set(register, local);
    return local;
  }
}
