// Reads asc's source map: the place in the guest's TypeScript that an instruction came from.
//
// The map is an ordinary one of version 3. Its generated "line" is always 0, and its "column" is the byte offset in
// the .wasm file. It also carries the text of every source, which the checks use to tell a `throw` from an `assert`.
// A segment without a source means "not known": such an instruction belongs to the place before it.

import { list, nullable, object, optional, readJson, text } from "../../host/json.ts";
import type { SourcePlace } from "../../host/problem.ts";
import { malformed } from "./bytes.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** What is read of the map. */
const sourceMap = object({
  sources: list(text),
  sourcesContent: optional(list(nullable(text))),
  mappings: text,
});

interface Segment {
  /** The byte offset in the .wasm file at which this place begins. */
  readonly offset: number;
  readonly place: SourcePlace | undefined;
}

export class SourceMap {
  private readonly segments: readonly Segment[];
  private readonly texts: ReadonlyMap<string, readonly string[]>;

  /**
   * @param json the map's text
   * @param rename gives the repository path of a source by asc's name
   */
  constructor(json: string, rename: (source: string) => string) {
    const map = readJson(json, "asc's source map", sourceMap);
    const sources = map.sources.map(rename);
    this.texts = new Map(
      sources.map((source, index) => [source, map.sourcesContent?.[index]?.split(/\r?\n/) ?? []]),
    );
    this.segments = decode(map.mappings, sources);
  }

  /** The repository paths of all sources, in the map's order. */
  get files(): readonly string[] {
    return [...this.texts.keys()];
  }

  /** The text of one line (from 1), if the map carries it. */
  line(file: string, line: number): string | undefined {
    return this.texts.get(file)?.[line - 1];
  }

  /**
   * The place of the instruction at byte `offset` in the function that begins at byte `start`: its own, else the
   * nearest before it in the same function, else undefined.
   */
  place(offset: number, start: number): SourcePlace | undefined {
    for (let index = this.lastAt(offset); index >= 0; index--) {
      const segment = this.segments[index];
      if (segment === undefined || segment.offset < start) {
        return undefined;
      }
      if (segment.place !== undefined) {
        return this.withText(segment.place);
      }
    }
    return undefined;
  }

  /** The first known place from byte `start` up to byte `end`, of a given file if one is asked for. */
  firstIn(start: number, end: number, file?: string): SourcePlace | undefined {
    for (let index = Math.max(this.lastAt(start), 0); index < this.segments.length; index++) {
      const segment = this.segments[index];
      if (segment === undefined || segment.offset >= end) {
        return undefined;
      }
      const { place } = segment;
      if (segment.offset < start || place === undefined) {
        continue;
      }
      if (file === undefined || place.file === file) {
        return this.withText(place);
      }
    }
    return undefined;
  }

  private withText(place: SourcePlace): SourcePlace {
    const text = this.line(place.file, place.line);
    return text === undefined ? place : { ...place, text };
  }

  /** Index of the last segment at or before `offset`; -1 where there is none. */
  private lastAt(offset: number): number {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.segments[middle]?.offset ?? Infinity) <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }
}

/** Decodes the mappings: comma-separated runs of base-64 VLQ differences. */
function decode(mappings: string, sources: readonly string[]): Segment[] {
  const segments: Segment[] = [];
  let offset = 0;
  let source = 0;
  let line = 0;
  let column = 0;
  for (const text of mappings.split(",")) {
    if (text === "") {
      continue;
    }
    const fields = decodeFields(text);
    offset += fields[0] ?? 0;
    if (fields.length < 4) {
      segments.push({ offset, place: undefined });
      continue;
    }
    source += fields[1] ?? 0;
    line += fields[2] ?? 0;
    column += fields[3] ?? 0;
    const file = sources[source];
    segments.push({
      offset,
      place: file === undefined ? undefined : { file, line: line + 1, column: column + 1 },
    });
  }
  return segments;
}

function decodeFields(text: string): number[] {
  const fields: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) {
      throw malformed("its source map has a digit that is none", 0);
    }
    value += (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) {
      continue;
    }
    fields.push((value & 1) !== 0 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return fields;
}
