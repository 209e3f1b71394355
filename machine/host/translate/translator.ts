// The machine's translator: makes Wasm of hot decoded code while the machine runs, and puts it where the interpreter
// calls it (machine/core/execute/loop.ts).
//
// A page that is hot is surveyed: its instructions fall into groups, and each group has entries. A group of which an entry
// is hot becomes a module with one function, in a slot of the machine's table. What that does is what the interpreter does,
// to the instruction, so it does not matter to a run when a group is translated, or whether.
//
// It is compiled at once, where it is asked for. A browser allows that for modules of any size in a worker; on a page's main
// thread Chromium allowed 4 KiB until version 117 and allows 8 MiB since. A group that the host refuses is interpreted.
//
// What a machine keeps is bounded: when it would be more than TRANSLATION_LIMITS, all are forgotten.

import type { Core } from "../core.ts";
import { compileGroup, isCompiled } from "./compiled.ts";
import { IMPORT_MEMORY, IMPORT_SLOT, IMPORT_TABLE, IMPORTS } from "./encoder.ts";
import type { Group } from "./flow.ts";
import type { HartOffsets } from "./function.ts";
import { extendSurvey, findSurvey, type Survey } from "./survey.ts";

/** What the translations of one machine take at most. */
export interface TranslationLimits {
  /** Bytes of their modules. */
  moduleBytes: number;
  /** Slots of the machine's table, the first of which stays empty; at most 16384, for which an entry has room (code.ts). */
  slots: number;
}

export const TRANSLATION_LIMITS: TranslationLimits = { moduleBytes: 8 * 2 ** 20, slots: 16_384 };

export class Translator {
  private readonly core: Core;
  /** By the decoded page's address. */
  private readonly surveys = new Map<number, Survey>();
  private readonly offsets: HartOffsets;
  private readonly limits: TranslationLimits;
  /** Slot 0 means that there is no translation. */
  private nextSlot = 1;
  private moduleBytes = 0;

  constructor(core: Core, limits: TranslationLimits) {
    this.core = core;
    this.limits = limits;
    this.offsets = { pc: Number(core.HART_PC.value), dataTable: Number(core.HART_DATA_TABLE.value) };
  }

  /**
   * Finds the entries of a decoded page, if it was interpreted often enough.
   *
   * @param again it is as it was when they were found last
   * @param interpreted instructions that were interpreted in it since this was last asked
   */
  survey(page: number, again: boolean, interpreted: number): void {
    const { core } = this;
    const before = again ? this.surveys.get(page) : undefined;
    const survey = before ?? findSurvey(core, page);
    survey.interpreted += interpreted;
    const isWorth = survey.interpreted >= core.newPageHeat() >>> 0;
    const isMore = isWorth && extendSurvey(core, page, survey);
    if (isMore) {
      survey.interpreted = 0;
    } else if (before !== undefined || survey.groups.length === 0) {
      return;
    }
    this.surveys.set(page, survey);
    core.beginEntries(page);
    for (const [start, { needs }] of survey.entries) {
      core.setEntry(page, start, 0, 1, needs);
    }
    for (const group of survey.groups) {
      if (isCompiled(group)) {
        this.install(page, group);
      }
    }
  }

  /** Translates the group of an entry of a decoded page. */
  translate(page: number, offset: number): void {
    const group = this.surveys.get(page)?.entries.get(offset)?.group;
    if (group !== undefined) {
      this.install(page, group);
    }
  }

  /** How many translations there are. */
  get count(): number {
    return this.nextSlot - 1;
  }

  private install(page: number, group: Group): void {
    const { core } = this;
    const compiled = compileGroup(group, this.offsets);
    if (compiled === undefined) {
      return;
    }
    const { moduleBytes, slots } = this.limits;
    if (this.moduleBytes + compiled.byteCount > moduleBytes || this.nextSlot >= slots) {
      this.forgetAll();
      return;
    }
    this.moduleBytes += compiled.byteCount;
    const slot = this.takeSlot();
    // The instance puts its function into the slot, and the table keeps the instance.
    new WebAssembly.Instance(compiled.module, {
      [IMPORTS]: { [IMPORT_MEMORY]: core.memory, [IMPORT_TABLE]: core.table, [IMPORT_SLOT]: slot },
    });
    for (const { start, instructions } of group) {
      const entry = compiled.entries.get(start);
      if (entry !== undefined) {
        core.setEntry(page, start, slot, entry, instructions.length);
      }
    }
  }

  private takeSlot(): number {
    const slot = this.nextSlot;
    const { table } = this.core;
    this.nextSlot += 1;
    if (slot >= table.length) {
      table.grow(Math.min(table.length, this.limits.slots - table.length));
    }
    return slot;
  }

  private forgetAll(): void {
    this.core.forgetTranslations();
    this.surveys.clear();
    for (let slot = 1; slot < this.nextSlot; slot++) {
      this.core.table.set(slot, null);
    }
    this.nextSlot = 1;
    this.moduleBytes = 0;
  }
}
