/**
 * Decoded pages of the machine before. When machines follow each other in one instance and boot the same kernel, most pages
 * are executed with the same content again. Such a page is in a free place with `copied` KEPT, its number (plus one) in `owner`,
 * and its content in the copy.
 */
import { Chaos, isChaos } from "../chaos/chaos";
import { PAGE_BYTES, PAGE_SHIFT, ramBase } from "../layout";
import { decoder } from "./extensions";
import { CODE_PAGES, COPY, codeAt, NEXT_VICTIM, NO_PAGE, USED } from "./places";

export const KEPT: u32 = 2;
/** How many places were in use then, and what decided how they were decoded. */
const KEPT_PLACES: usize = memory.data(4, 4);
const KEPT_DECODER: usize = memory.data(4, 4);

/** The machine is at its end, and has no breakpoints: keeps what is decoded. Returns how many places are in use, or 0 if nothing can be kept. */
export function keepCode(): u32 {
  if (isChaos(Chaos.StaleCode)) {
    return 0;
  }
  const places = load<u32>(USED);
  const isSameDecoder = load<u32>(KEPT_DECODER) === decoder();
  for (let index: u32 = 0; index < places; index++) {
    const code = codeAt(index);
    if (code.page === NO_PAGE) {
      // What an earlier machine left, and this one did not use, may be decoded in another way.
      if (!isSameDecoder) {
        code.copied = 0;
      }
      continue;
    }
    memory.copy(
      changetype<usize>(code) + COPY,
      ramBase() + ((<usize>code.page - 1) << PAGE_SHIFT),
      PAGE_BYTES,
    );
    code.owner = code.page;
    code.page = NO_PAGE;
    code.copied = KEPT;
  }
  return places;
}

/** A machine begins in memory where `places` decoded pages were kept, for this decoder(). */
export function useKept(places: u32, keptDecoder: u32): void {
  store<u32>(USED, places);
  store<u32>(NEXT_VICTIM, places % CODE_PAGES);
  store<u32>(KEPT_PLACES, places);
  store<u32>(KEPT_DECODER, keptDecoder);
}

/** Whether two pages of memory are the same. */
function isSame(one: usize, other: usize): bool {
  for (let at: usize = 0; at < <usize>PAGE_BYTES; at += 8) {
    if (load<u64>(one + at) !== load<u64>(other + at)) {
      return false;
    }
  }
  return true;
}

/** The decoded page that was kept for a page of RAM, if the content is the same. Otherwise 0. */
export function keptFor(page: u32): usize {
  const places = load<u32>(KEPT_PLACES);
  if (places === 0 || load<u32>(KEPT_DECODER) !== decoder()) {
    return 0;
  }
  for (let index: u32 = 0; index < places; index++) {
    const code = codeAt(index);
    if (code.copied === KEPT && code.owner === page + 1) {
      const at = changetype<usize>(code);
      return isSame(at + COPY, ramBase() + ((<usize>page) << PAGE_SHIFT)) ? at : 0;
    }
  }
  return 0;
}
