// Refuses `throw`: no code could catch it, and an error from outside is a value to return.
//
// asc turns `throw new Error(m)` and a failed `assert(c, m)` into the same code: abort(message, file, line, column),
// then unreachable. The source itself tells them apart. The call carries the file's name, the line and the
// column of its statement as constants, and asc's source map carries the text: if that text says `throw`, the call
// was a throw.
// `assert` stays allowed, because it says that *we* are wrong. A call that cannot be looked up counts as a throw.

import type { Diagnostic, SourcePlace } from "../../host/problem.ts";
import { refusal } from "../wasm/error.ts";
import { typeKey, type WasmModule } from "../wasm/module.ts";
import { isAllocator } from "./heap.ts";
import { onePerLine, type Site, type Survey } from "./survey.ts";

/** abort(message, file, line, column). */
const ABORT_TYPE = "i32,i32,i32,i32->";

/** In asc's object header, the four bytes before a string hold its size in bytes. */
const HEADER_SIZE_BYTES = 4;

/** @returns one finding for each line that throws */
export function checkThrows(survey: Survey): Diagnostic[] {
  const findings: Diagnostic[] = [];
  for (const fn of survey.module.functions) {
    if (typeKey(fn.type) !== ABORT_TYPE || !/(^|\/)abort$/.test(fn.name)) {
      continue;
    }
    for (const site of survey.callsOf(fn.index)) {
      // The abort for lack of memory belongs to the heap, and checkHeap names the code that asks for memory.
      if (isAllocator(site.fn.name)) {
        continue;
      }
      const place = statementOf(survey, site);
      const text = place?.text?.slice(place.column - 1);
      if (text !== undefined && !/^throw\b/.test(text)) {
        continue;
      }
      const message = "throw: return the error instead";
      if (place === undefined || survey.symbols.isLibrary(site.fn.name)) {
        findings.push(...survey.blame(message, site));
      } else {
        findings.push(refusal(message, place));
      }
    }
  }
  return onePerLine(findings);
}

/** The place of the statement behind a call of abort, from the three constants before the call. */
function statementOf(survey: Survey, { fn, instruction }: Site): SourcePlace | undefined {
  const body = fn.body?.instructions ?? [];
  const at = body.indexOf(instruction);
  const [file, line, column] = body.slice(Math.max(at - 3, 0), at);
  if (file?.kind !== "const" || line?.kind !== "const" || column?.kind !== "const") {
    return undefined;
  }
  const name = staticString(survey.module, Number(BigInt.asUintN(32, file.value)));
  if (name === undefined) {
    return undefined;
  }
  const path = survey.symbols.path(name);
  const text = survey.sourceMap?.line(path, Number(line.value));
  const place = { file: path, line: Number(line.value), column: Number(column.value) };
  return text === undefined ? place : { ...place, text };
}

/** The UTF-16 string at an address in the static data. */
function staticString(module: WasmModule, address: number): string | undefined {
  for (const { address: start, bytes } of module.data) {
    if (start === undefined || address < start + HEADER_SIZE_BYTES || address > start + bytes.length) {
      continue;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = address - start;
    const size = view.getUint32(at - HEADER_SIZE_BYTES, true);
    if (at + size > bytes.length) {
      return undefined;
    }
    return new TextDecoder("utf-16le").decode(bytes.subarray(at, at + size));
  }
  return undefined;
}
