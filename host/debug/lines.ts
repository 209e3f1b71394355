// .debug_line: maps addresses to lines of files (DWARF 4, section 6.2).
//
// The one idea: the table is a program for a small state machine, which is run once; each row that it emits says
// "from this address on, this line". Rows of one sequence are in address order, so a look-up is a search.

import { Cursor } from "../cursor.ts";

/** From `address` on; `line` 0 means that no line is known. A row with `end` closes its sequence. */
export interface LineRow {
  address: bigint;
  file: string;
  line: number;
  column: number;
  end: boolean;
}

export interface LineTable {
  /** File names by the number that .debug_info uses; index 0 is not used. */
  files: string[];
  rows: LineRow[];
}

/** The versions whose header is understood. Other versions (5, from assembly) are skipped. */
const VERSION_MIN = 2;
const VERSION_MAX = 4;

/** Standard opcodes (6.2.5.2). */
const COPY = 1;
const ADVANCE_PC = 2;
const ADVANCE_LINE = 3;
const SET_FILE = 4;
const SET_COLUMN = 5;
const CONST_ADD_PC = 8;
const FIXED_ADVANCE_PC = 9;
/** Extended opcodes (6.2.5.3). */
const END_SEQUENCE = 1;
const SET_ADDRESS = 2;

/** The line table of the unit at `offset` of .debug_line, which a compile unit names; undefined if it is not understood. */
export function readLineTable(section: Uint8Array, offset: number): LineTable | undefined {
  const cursor = new Cursor(section, offset);
  const length = cursor.u32();
  const end = cursor.offset + length;
  const version = cursor.u16();
  if (version < VERSION_MIN || version > VERSION_MAX) {
    return undefined;
  }
  const headerLength = cursor.u32();
  const program = cursor.offset + headerLength;
  const header = {
    instructionBytes: cursor.u8(),
    // This field for VLIW machines came with version 4, and is 1 on all other machines.
    operationsMax: version >= 4 ? cursor.u8() : 1,
    statementDefault: cursor.u8(),
    lineBase: cursor.i8(),
    lineRange: cursor.u8(),
    opcodeBase: cursor.u8(),
  };
  const operands = [0];
  for (let opcode = 1; opcode < header.opcodeBase; opcode += 1) {
    operands.push(cursor.u8());
  }
  const files = readFiles(cursor);

  cursor.offset = program;
  const rows: LineRow[] = [];
  const state = { address: 0n, file: 1, line: 1, column: 0 };
  const emit = (isEnd: boolean): void => {
    const { address, line, column } = state;
    rows.push({ address, file: files[state.file] ?? "?", line, column, end: isEnd });
  };
  const advance = (operations: number): void => {
    state.address += BigInt(operations * header.instructionBytes);
  };

  while (cursor.offset < end) {
    const opcode = cursor.u8();
    if (opcode >= header.opcodeBase) {
      const adjusted = opcode - header.opcodeBase;
      advance(Math.floor(adjusted / header.lineRange));
      state.line += header.lineBase + (adjusted % header.lineRange);
      emit(false);
      continue;
    }
    switch (opcode) {
      case 0: {
        const size = cursor.uleb();
        const next = cursor.offset + size;
        const extended = cursor.u8();
        if (extended === SET_ADDRESS) {
          state.address = cursor.u64();
        }
        if (extended === END_SEQUENCE) {
          emit(true);
          Object.assign(state, { address: 0n, file: 1, line: 1, column: 0 });
        }
        cursor.offset = next;
        break;
      }
      case COPY:
        emit(false);
        break;
      case ADVANCE_PC:
        advance(cursor.uleb());
        break;
      case ADVANCE_LINE:
        state.line += cursor.sleb();
        break;
      case SET_FILE:
        state.file = cursor.uleb();
        break;
      case SET_COLUMN:
        state.column = cursor.uleb();
        break;
      case CONST_ADD_PC:
        advance(Math.floor((255 - header.opcodeBase) / header.lineRange));
        break;
      case FIXED_ADVANCE_PC:
        state.address += BigInt(cursor.u16());
        break;
      default:
        // Statement flags, basic blocks, prologue marks: a look-up by address does not need them.
        for (let operand = operands[opcode] ?? 0; operand > 0; operand -= 1) {
          cursor.uleb();
        }
    }
  }
  return { files, rows };
}

/**
 * The header's directories and files, as paths with forward slashes. They are relative if the compiler made them so.
 */
function readFiles(cursor: Cursor): string[] {
  const directories = ["."];
  for (let name = cursor.text(); name !== ""; name = cursor.text()) {
    directories.push(name);
  }
  const files = ["?"];
  for (let name = cursor.text(); name !== ""; name = cursor.text()) {
    const directory = directories[cursor.uleb()] ?? ".";
    cursor.uleb();
    cursor.uleb();
    files.push(directory === "." || name.startsWith("/") ? name : `${directory}/${name}`);
  }
  return files;
}
