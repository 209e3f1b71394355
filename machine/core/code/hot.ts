/**
 * Finds code that is worth a translation to Wasm. The host translates (machine/host/translate), in two steps. When enough
 * was interpreted in a page, the host surveys it for the places where translations can begin: its entries. When an entry
 * was passed often enough, the host translates it. A translation does exactly what the interpreter does, instruction by
 * instruction, so a run is the same with and without it.
 */
import { hasBreakpoints } from "../hart/breakpoints";
import { isObserving } from "../hart/watchpoints";
import { surveyPage, translateEntry } from "../host";
import { entryStep, isTranslating, pageHeat } from "./heat";
import { At, Op } from "./ops";
import { CodePage, isInUse, Ops, UNDECODED } from "./pages";

/** Each time, twice as many instructions pass until the host is told again, up to this power of two. */
const DOUBLINGS_MAX: u32 = 12;

/** The decoded page that is hot, or 0; and the offset plus one of its hot entry, or 0. */
const HOT_PAGE: usize = memory.data(4, 4);
const HOT_ENTRY: usize = memory.data(4, 4);

@final
export class Heat {
  /** Notes that `count` instructions of a decoded page were interpreted. */
  @inline
  static add(code: usize, count: i32): void {
    const page = changetype<CodePage>(code);
    const left = page.heat - count;
    page.heat = left;
    if (left < 0 && load<u32>(HOT_PAGE) === 0) {
      store<u32>(HOT_PAGE, <u32>code);
    }
  }

  /** Notes that a hart passed an entry of a decoded page that has no translation. */
  @inline
  static pass(code: usize, op: usize): void {
    const left = <u32>At.rs2(op);
    if (left > 1) {
      store<u16>(op, <u16>(left - 1), 6);
    } else if (load<u32>(HOT_PAGE) === 0) {
      store<u32>(HOT_PAGE, <u32>code);
      store<u32>(HOT_ENTRY, <u32>At.offset(op) + 1);
    }
  }
}

/** Instructions until the host is told of a page again, after it was told `tries` times. */
function heatAfter(tries: u32): u32 {
  return <u32>min<u64>((<u64>pageHeat()) << tries, i32.MAX_VALUE);
}

/** Whether something has become hot. */
export function isAnyHot(): bool {
  return load<u32>(HOT_PAGE) !== 0;
}

/** Between two instructions, tells the host what became hot. */
export function serveHot(): void {
  const code = <usize>load<u32>(HOT_PAGE);
  const entry = load<u32>(HOT_ENTRY);
  store<u32>(HOT_PAGE, 0);
  store<u32>(HOT_ENTRY, 0);
  // Translations know no breakpoints, and do not observe.
  const isAllowed = isTranslating() && !hasBreakpoints() && !isObserving();
  const isWanted = isAllowed && code !== UNDECODED && isInUse(code);
  const page = changetype<CodePage>(code);
  if (entry !== 0) {
    // The page may have been written since.
    const op = Ops.find(code, entry - 1);
    if (op !== 0 && At.code(op) === Op.Entry) {
      store<u16>(op, <u16>entryStep(), 6);
      if (isWanted) {
        translateEntry(<u32>code, entry - 1);
      }
    }
    return;
  }
  const interpreted = heatAfter(page.tries);
  page.tries = min(page.tries + 1, DOUBLINGS_MAX);
  page.heat = <i32>heatAfter(page.tries);
  if (isWanted) {
    surveyPage(<u32>code, page.surveyed, interpreted);
  }
}
