// The machine's translator: while the machine runs, it translates hot decoded code to Wasm. The interpreter calls the result
// (machine/core/execute/loop.ts).
//
// It surveys a page that is hot: the page's instructions form groups, and each group has entries. If an entry is hot, its
// group becomes a module with one function, in a slot of the machine's table. The function does exactly what the interpreter
// does, instruction by instruction. So a run is the same no matter when a group is translated, or whether.
//
// A module is compiled synchronously. In a worker, a browser allows that for modules of any size. On the main thread, Chromium
// allowed 4 KiB until version 117, and allows 8 MiB since. A group whose module the host refuses is interpreted.
//
// When a machine's translations would exceed TRANSLATION_LIMITS, it forgets all of them.

import { FOR_CHAOS } from "../../../build/gen/host/machine/core/code/extensions.ts";
import type { Core } from "../core.ts";
import { compileGroup, isCompiled } from "./compiled.ts";
import { IMPORT_LOAD, IMPORT_MEMORY, IMPORT_SLOT, IMPORT_STORE, IMPORT_TABLE, IMPORTS } from "./encoder.ts";
import type { Group } from "./flow.ts";
import type { HartOffsets } from "./function.ts";
import { extendSurvey, findSurvey, type Survey } from "./survey.ts";

/** Limits of one machine's translations. */
export interface TranslationLimits {
  /** Bytes of their modules. */
  moduleBytes: number;
  /** Slots of the machine's table. The first stays empty. At most 16384, since an entry has 14 bits for it (code.ts). */
  slots: number;
}

export const TRANSLATION_LIMITS: TranslationLimits = { moduleBytes: 8 * 2 ** 20, slots: 16_384 };

/** The least number of slots by which the table grows: each time costs as much as there are translations. */
const GROWTH_MIN = 255;

/** A group whose function is in the table: its slot, and the number of each entry, by its offset in the page. */
interface Installed {
  slot: number;
  entries: ReadonlyMap<number, number>;
}

export class Translator {
  private readonly core: Core;
  /** By the address of the decoded page. */
  private readonly surveys = new Map<number, Survey>();
  /** A machine that goes back to a snapshot forgets which entries there are, but not these. */
  private readonly installed = new Map<Group, Installed>();
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
   * @param again the page has not changed since its entries were found last
   * @param interpreted instructions that were interpreted in the page since the last call
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
      if (this.installed.has(group)) {
        this.install(page, survey, group);
      }
    }
  }

  /**
   * Translates the group of an entry of a decoded page, if the entry was passed often enough. A group that is compiled
   * already waits until here too, because an instance costs as much as some hundred passes.
   */
  translate(page: number, offset: number): void {
    const survey = this.surveys.get(page);
    const entry = survey?.entries.get(offset);
    if (survey === undefined || entry === undefined) {
      return;
    }
    entry.passes += this.core.entryStep() >>> 0;
    if (isCompiled(entry.group) || entry.passes >= this.core.entryHeat() >>> 0) {
      this.install(page, survey, entry.group);
    }
  }

  /** How many translations there are. */
  get count(): number {
    return this.nextSlot - 1;
  }

  /** Says where in a page the function of a group can be called. */
  private install(page: number, survey: Survey, group: Group): void {
    const installed = this.installed.get(group) ?? this.instantiate(survey, group);
    if (installed === undefined) {
      return;
    }
    for (const { start, instructions } of group) {
      const entry = installed.entries.get(start);
      if (entry !== undefined) {
        this.core.setEntry(page, start, installed.slot, entry, instructions.length);
      }
    }
  }

  /** Puts the function of a group into a slot of the table. */
  private instantiate({ decoder }: Survey, group: Group): Installed | undefined {
    const { core } = this;
    const compiled = compileGroup(group, this.offsets, (decoder & FOR_CHAOS) !== 0);
    if (compiled === undefined) {
      return undefined;
    }
    const { moduleBytes, slots } = this.limits;
    if (this.moduleBytes + compiled.byteCount > moduleBytes || this.nextSlot >= slots) {
      this.forgetAll();
      return undefined;
    }
    this.moduleBytes += compiled.byteCount;
    const slot = this.takeSlot();
    // The instance puts its function into the slot, and the table keeps the instance.
    new WebAssembly.Instance(compiled.module, {
      [IMPORTS]: {
        [IMPORT_MEMORY]: core.memory,
        [IMPORT_TABLE]: core.table,
        [IMPORT_SLOT]: slot,
        [IMPORT_LOAD]: core.reachLoad,
        [IMPORT_STORE]: core.reachStore,
      },
    });
    const installed = { slot, entries: compiled.entries };
    this.installed.set(group, installed);
    return installed;
  }

  private takeSlot(): number {
    const slot = this.nextSlot;
    const { table } = this.core;
    this.nextSlot += 1;
    if (slot >= table.length) {
      table.grow(Math.min(Math.max(table.length, GROWTH_MIN), this.limits.slots - table.length));
    }
    return slot;
  }

  private forgetAll(): void {
    this.core.forgetTranslations();
    this.surveys.clear();
    this.installed.clear();
    for (let slot = 1; slot < this.nextSlot; slot++) {
      this.core.table.set(slot, null);
    }
    this.nextSlot = 1;
    this.moduleBytes = 0;
  }
}
