/**
 * Decoded pages: each page of RAM that is executed has one, filled run by run as it is reached (code.ts).
 *
 *     0      4      8       12      16         20     24      28       32
 *     | page | used | owner | fresh | surveyed | heat | tries | copied | starts: 2048 x u16 | entries: 2048 x u32 |
 *
 *     | ops: 2560 x 16 bytes | copy: 4096 bytes |
 *
 * `starts` says for each halfword of the page which op (plus one) is the instruction that begins there. `entries` says
 * where translations begin, if the page was surveyed (hot.ts). When a hart writes to a decoded page, the page's ops are
 * dropped. When it writes again, the page is no code page any more, and writes to it are fast again.
 *
 * All harts share decoded pages. Only with Chaos.StaleCode does each hart have its own, and only its fence.i drops them. When
 * the page is written, the hart goes on with a copy of what it was.
 */
import { Chaos, isChaos } from "../chaos/chaos";
import { hartAt } from "../hart/hart";
import { hartCount, PAGE_BYTES, PAGE_SHIFT, PageFlag, ramBase, shape } from "../layout";
import { revokeAccess, revokeFetches } from "../memory/tlb";
import { pageHeat } from "./heat";
import { KEPT, keptFor } from "./kept";
import { OP_SHIFT } from "./ops";
import {
  CODE_BYTES,
  CODE_PAGES,
  COPY,
  CodePage,
  codeAt,
  NEXT_VICTIM,
  NO_PAGE,
  OPS,
  STARTS,
  STARTS_BYTES,
  USED,
} from "./places";

export { CODE_BYTES, CODE_PAGES, COPY, CodePage, ENTRIES, OPS, OPS_MAX, STARTS } from "./places";

/**
 * Stands in for the decoded page where PMP treats parts of a page differently. Nothing is ever decoded in it: each
 * instruction is fetched when it is executed (fetch.ts), and PMP is checked for its bytes.
 */
export const UNDECODED: usize = memory.data(4128, 8);
if (STARTS + STARTS_BYTES !== 4128) {
  ERROR("UNDECODED reaches to the end of its starts");
}

/** Where the places for decoded pages begin, where those end that were ever used, and where all of them end. */
export function codeStart(): u32 {
  return shape().code;
}

export function usedCodeEnd(): u32 {
  return shape().code + load<u32>(USED) * CODE_BYTES;
}

export function codeEnd(): u32 {
  return shape().code + CODE_PAGES * CODE_BYTES;
}

/** Whether something is decoded from a page of RAM there, or can be. */
export function isInUse(code: usize): bool {
  return changetype<CodePage>(code).page !== NO_PAGE;
}

function pageCodeAt(page: u32, owner: u32): usize {
  const pages = shape().ramBytes >> PAGE_SHIFT;
  return <usize>(shape().pageCode + ((owner * pages + page) << 2));
}

function flagsAt(page: u32): usize {
  return <usize>(shape().pageFlags + page);
}

@final
export class Ops {
  /** The op at which the instruction `offset` bytes into the page begins, or 0 if that was not decoded yet. */
  @inline
  static find(code: usize, offset: u32): usize {
    const start = <usize>load<u16>(code + <usize>(offset & 0xffe), STARTS);
    return start === 0 ? 0 : code + OPS + ((start - 1) << OP_SHIFT);
  }
}

/** The same for the host. */
export function findOp(code: usize, offset: u32): usize {
  return Ops.find(code, offset);
}

/** Drops the ops of a page; its entries stay. */
export function emptyOps(code: CodePage): void {
  code.used = 0;
  memory.fill(changetype<usize>(code) + STARTS, 0, STARTS_BYTES);
}

/** The page counts as one that was never executed. */
function resetHeat(code: CodePage): void {
  code.heat = pageHeat();
  code.tries = 0;
}

/** Drops the ops of a page and its entries. */
function empty(code: CodePage): void {
  emptyOps(code);
  code.surveyed = 0;
  resetHeat(code);
}

/** An empty place for a decoded page. The oldest page makes room. */
function emptyPlace(): CodePage {
  const victim = load<u32>(NEXT_VICTIM);
  store<u32>(NEXT_VICTIM, (victim + 1) % CODE_PAGES);
  store<u32>(USED, max(load<u32>(USED), victim + 1));
  const code = codeAt(victim);
  if (code.page !== NO_PAGE) {
    detach(code);
  } else if (code.copied === KEPT) {
    empty(code);
  }
  return code;
}

/** Not zero if a page was decoded since all were forgotten. */
const IS_ANY_DECODED: usize = memory.data(4, 4);

/** Forgets every decoded instruction, but not which pages are decoded: after a change of the breakpoints. */
export function redecode(): void {
  for (let index: u32 = 0; index < CODE_PAGES; index++) {
    const code = codeAt(index);
    if (code.used !== 0 || code.surveyed !== 0) {
      empty(code);
    }
  }
}

/** Forgets every decoded page: after a change of the chaos. */
export function resetCode(): void {
  if (load<u32>(IS_ANY_DECODED) === 0) {
    return;
  }
  store<u32>(IS_ANY_DECODED, 0);
  for (let index: u32 = 0; index < CODE_PAGES; index++) {
    const code = codeAt(index);
    code.page = NO_PAGE;
    code.copied = 0;
    if (code.used !== 0 || code.surveyed !== 0) {
      empty(code);
    }
  }
  memory.fill(<usize>shape().pageCode, 0, hartCount() * ((shape().ramBytes >> PAGE_SHIFT) << 2));
  store<u32>(NEXT_VICTIM, 0);
  for (let id: u32 = 0; id < hartCount(); id++) {
    hartAt(id).pausedCode = 0;
  }
  revokeFetches(0);
}

function detach(code: CodePage): void {
  store<u32>(pageCodeAt(code.page - 1, code.owner), 0);
  code.page = NO_PAGE;
  code.copied = 0;
  empty(code);
  for (let id: u32 = 0; id < hartCount(); id++) {
    const hart = hartAt(id);
    if (hart.pausedCode === <u32>changetype<usize>(code)) {
      hart.pausedCode = 0;
    }
  }
  revokeFetches(changetype<usize>(code));
}

/** The decoded page of RAM page `page` for a hart. From now on, writes to that page are noticed. */
export function codeOf(page: u32, id: u32): usize {
  const owner = isChaos(Chaos.StaleCode) ? id : 0;
  const known = load<u32>(pageCodeAt(page, owner));
  if (known !== 0) {
    return <usize>known;
  }
  store<u32>(IS_ANY_DECODED, 1);
  const kept = keptFor(page);
  const code = kept !== 0 ? changetype<CodePage>(kept) : emptyPlace();
  code.page = page + 1;
  code.owner = owner;
  code.copied = 0;
  code.fresh = kept === 0 ? 1 : 0;
  if (code.surveyed === 0) {
    resetHeat(code);
  }
  store<u32>(pageCodeAt(page, owner), <u32>changetype<usize>(code));
  const flags = load<u8>(flagsAt(page));
  store<u8>(flagsAt(page), (flags & ~PageFlag.Writable) | (isChaos(Chaos.StaleCode) ? PageFlag.Source : 0));
  if ((flags & PageFlag.Writable) !== 0) {
    revokeAccess(ramBase() + ((<usize>page) << PAGE_SHIFT), false);
  }
  return changetype<usize>(code);
}

/** Whether something was decoded from a page of RAM, so that writes to it must be noticed. */
export function isCode(page: u32): bool {
  if (isChaos(Chaos.StaleCode)) {
    return (load<u8>(flagsAt(page)) & PageFlag.Source) !== 0;
  }
  return load<u32>(pageCodeAt(page, 0)) !== 0;
}

/** Gives every hart that executes a page of RAM a copy of it as it is: it is about to be written. */
function copySources(page: u32): void {
  for (let id: u32 = 0; id < hartCount(); id++) {
    const known = <usize>load<u32>(pageCodeAt(page, id));
    if (known !== 0 && changetype<CodePage>(known).copied === 0) {
      changetype<CodePage>(known).copied = 1;
      memory.copy(known + COPY, ramBase() + ((<usize>page) << PAGE_SHIFT), PAGE_BYTES);
    }
  }
}

/** The bytes that a decoded page is decoded from, in linear memory. */
export function sourceOf(code: usize): usize {
  const page = changetype<CodePage>(code);
  return page.copied !== 0 ? code + COPY : ramBase() + ((<usize>page.page - 1) << PAGE_SHIFT);
}

/** Notes that a hart's table gets an entry that allows writing to a page. */
export function noteWritable(page: u32): void {
  store<u8>(flagsAt(page), load<u8>(flagsAt(page)) | PageFlag.Writable | PageFlag.Dirty);
}

@final
export class Writes {
  /** Whether noteWrite() would change nothing. Only with Chaos.StaleCode can this say so at a glance. */
  @inline
  static isNoted(page: u32): bool {
    return (
      isChaos(Chaos.StaleCode) &&
      (load<u8>(flagsAt(page)) & (PageFlag.Source | PageFlag.Dirty)) === PageFlag.Dirty
    );
  }
}

/** Called before a RAM page is written by anything but a write entry. True if decoded code was dropped. */
export function noteWrite(page: u32): bool {
  const flags = load<u8>(flagsAt(page));
  if (isChaos(Chaos.StaleCode)) {
    if ((flags & PageFlag.Source) !== 0) {
      copySources(page);
    }
    store<u8>(flagsAt(page), (flags & ~PageFlag.Source) | PageFlag.Dirty);
    return false;
  }
  store<u8>(flagsAt(page), flags | PageFlag.Dirty);
  const known = load<u32>(pageCodeAt(page, 0));
  if (known === 0) {
    return false;
  }
  const code = changetype<CodePage>(<usize>known);
  if (code.fresh !== 0) {
    detach(code);
  } else {
    empty(code);
    code.fresh = 1;
  }
  return true;
}

/**
 * What fence.i on a hart does: the code that was decoded for it alone is dropped, if it was written since. Shared code is
 * never stale.
 */
export function flushCode(id: u32): void {
  if (!isChaos(Chaos.StaleCode)) {
    return;
  }
  for (let index: u32 = 0; index < load<u32>(USED); index++) {
    const code = codeAt(index);
    if (code.page !== NO_PAGE && code.owner === id && code.copied !== 0) {
      detach(code);
    }
  }
}

/** The decoded page that an op is in; 0 for a hart's own op. */
export function codeOfOp(op: usize): usize {
  const first = <usize>shape().code;
  const index = (op - first) / <usize>CODE_BYTES;
  return op >= first && index < <usize>CODE_PAGES ? first + index * <usize>CODE_BYTES : 0;
}

/** Forgets all translations, and how hot pages are. Decoded pages that were not surveyed stay. */
export function forgetTranslations(): void {
  for (let index: u32 = 0; index < load<u32>(USED); index++) {
    const code = codeAt(index);
    if (code.surveyed !== 0) {
      empty(code);
    } else {
      resetHeat(code);
    }
  }
}
