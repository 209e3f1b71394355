// Keeps the groups and entries of pages for all machines of a process. They depend only on a page's content and on what
// decided how it was decoded, and are found by both. SURVEYS_MAX bounds how many pages are kept.

import { PAGE_BYTES } from "../../../build/gen/host/machine/core/layout.ts";
import type { Core } from "../core.ts";
import { findGroups, type Group } from "./flow.ts";
import { noteDecoded, readInstructions, STARTS } from "./page.ts";

/** The most pages that are kept. When there would be more, all are forgotten. */
const SURVEYS_MAX = 512;

/** An entry: its group, and how many instructions its first block has. */
interface Entry {
  group: Group;
  needs: number;
  /** How often it was passed while it had no translation, in all machines. */
  passes: number;
}

/** A page. */
export interface Survey {
  content: Uint8Array;
  /** What decided how it was decoded (machine/core/code/extensions.ts). */
  decoder: number;
  /** Instructions that were interpreted in it since its groups were found, in all machines. */
  interpreted: number;
  /** A byte for each halfword: an instruction was decoded there. */
  decoded: Uint8Array;
  groups: readonly Group[];
  /** By the offset in the page. */
  entries: ReadonlyMap<number, Entry>;
}

/** By a hash of content and decoder. */
const surveys = new Map<number, Survey>();

/** The hash takes one byte of this many. */
const HASH_STEP = 19;

/** FNV-1a of some of the bytes. Pages with the same hash are compared. */
function hashOf(bytes: Uint8Array, decoder: number): number {
  let hash = 0x811c_9dc5 ^ decoder;
  for (let index = 0; index < bytes.length; index += HASH_STEP) {
    hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x0100_0193);
  }
  return hash;
}

/** The bytes from which a page is decoded. */
function contentOf(core: Core, page: number): Uint8Array {
  return new Uint8Array(core.memory.buffer, core.sourceOf(page) >>> 0, PAGE_BYTES);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  const left = new Uint32Array(one.buffer, one.byteOffset, PAGE_BYTES / 4);
  const right = new Uint32Array(other.buffer, other.byteOffset, PAGE_BYTES / 4);
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) {
      return false;
    }
  }
  return true;
}

/** The survey of a decoded page. It is empty if the page is not known yet. */
export function findSurvey(core: Core, page: number): Survey {
  const content = contentOf(core, page);
  const decoder = core.decoder();
  const hash = hashOf(content, decoder);
  const known = surveys.get(hash);
  if (known !== undefined && known.decoder === decoder && equal(known.content, content)) {
    return known;
  }
  const survey: Survey = {
    content: content.slice(),
    decoder,
    interpreted: 0,
    decoded: new Uint8Array(STARTS),
    groups: [],
    entries: new Map(),
  };
  if (surveys.size === SURVEYS_MAX) {
    surveys.clear();
  }
  surveys.set(hash, survey);
  return survey;
}

/** Adds to a survey what is decoded of the page now. True if that was more than before. */
export function extendSurvey(core: Core, page: number, survey: Survey): boolean {
  if (!noteDecoded(core, page, survey.decoded)) {
    return false;
  }
  const before = new Map(survey.groups.map((group) => [keyOf(group), group]));
  const found = findGroups(readInstructions(core, page, survey.decoded));
  // A group that has not changed stays the same object, so its compiled module is found again.
  survey.groups = found.map((group) => before.get(keyOf(group)) ?? group);
  survey.entries = new Map(
    survey.groups.flatMap((group) =>
      group
        .filter(({ isEntry }) => isEntry)
        .map(
          ({ start, instructions }) =>
            [
              start,
              { group, needs: instructions.length, passes: survey.entries.get(start)?.passes ?? 0 },
            ] as const,
        ),
    ),
  );
  return true;
}

/** Two groups of the same page with the same key are the same. */
function keyOf(group: Group): string {
  return group.map(({ start, next, isEntry }) => `${start} ${next} ${isEntry}`).join();
}
