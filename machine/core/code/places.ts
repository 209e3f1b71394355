/**
 * The places for decoded pages in memory, and what is in each (pages.ts has the picture).
 */
import { PAGE_BYTES, shape } from "../layout";
import { OP_BYTES } from "./ops";

/** How many decoded pages are kept. The oldest makes room for a new one. */
export const CODE_PAGES: u32 = 512;

export const OPS_MAX: u32 = 2560;
export const STARTS: usize = 32;
export const STARTS_BYTES: usize = 4096;
export const ENTRIES: usize = STARTS + STARTS_BYTES;
export const OPS: usize = ENTRIES + 8192;

/** Where a copy of the page is that it was decoded from, if there is one. */
export const COPY: usize = OPS + <usize>OPS_MAX * OP_BYTES;

/** Bytes of a decoded page. */
export const CODE_BYTES: u32 = <u32>COPY + PAGE_BYTES;

export const NO_PAGE: u32 = 0;

export const NEXT_VICTIM: usize = memory.data(4, 4);

/** How many of the places for decoded pages were ever used. The memory of the others is all zero. */
export const USED: usize = memory.data(4, 4);

@unmanaged
@final
export class CodePage {
  /** Index plus one of the RAM page that it was decoded from, or NO_PAGE. */
  page: u32;
  /** Ops in use. */
  used: u32;
  /** The hart that it is for; 0 if harts share. */
  owner: u32;
  /** Not zero: nothing was decoded since the page was last written. */
  fresh: u32;
  /** Not zero: `entries` says where translations can begin. */
  surveyed: u32;
  /** Instructions to interpret before it is surveyed (again), and how often the host was told (hot.ts). */
  heat: i32;
  tries: u32;
  /** Not zero: what the page was is in the copy. It was written since (1), or it is of the machine before (KEPT). */
  copied: u32;
}

if (offsetof<CodePage>() > STARTS) {
  ERROR("a decoded page's head outgrew its place");
}

export function codeAt(index: u32): CodePage {
  return changetype<CodePage>(<usize>(shape().code + index * CODE_BYTES));
}
