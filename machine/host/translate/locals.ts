// The locals of a translated function: its parameters, temporaries, and a local for each register of the guest that it uses.

import { SINK_OFFSET } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { type Code, I32, I64, Wasm } from "./encoder.ts";

/** The locals that every function has: its parameters (machine/core/execute/loop.ts calls it), its result, temporaries. */
export const Local = {
  /** The hart's state. */
  Hart: 0,
  /** The virtual address of the page. */
  Base: 1,
  /** The number of the entry to begin at. Set to 0 once execution has got there. */
  Entry: 2,
  /** How many instructions may still be executed. Also the result. */
  Left: 3,
  /** The hart's table for data, and an entry of it. */
  Table: 4,
  Slot: 5,
  /** The place where the hart goes on. */
  To: 6,
  /** The address of an access. */
  Address: 7,
  /** Temporaries. */
  First: 8,
  Second: 9,
  Third: 10,
} as const;

export const parameterTypes: readonly number[] = [I32, I64, I32, I32];
export const resultTypes: readonly number[] = [I32];

/** How many of these are not parameters, by type. */
export const I32_LOCALS = 2;
const I64_LOCALS = 5;
const REGISTERS_FIRST = 11;

/** The locals of the guest's registers, by their offsets in the hart's state. x0 has none: it reads as 0, and is not written. */
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

  /** The registers among them that the function writes. */
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
