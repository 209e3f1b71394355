/**
 * One hart works while all others stand still: none runs a task, and none is in the middle of a system call. For what
 * changes other tasks at any point of theirs, which is rare (lifecycle/revoke.ts). It takes an interrupt to each other
 * hart, so the limit of interrupts (arch/riscv/ipi.ts) says how often this can be.
 *
 *   hart that wants to work               another one
 *   says so (`leader`), asks all          on its way out of the kernel: says that it stands (`standing`)
 *   sees all that are online stand        waits; may go and see to an interrupt
 *   says that it works (WORKS)
 *   looks again: none has gone            a hart that would go looks again, too: it stays
 *   works
 *   `goOn`                                goes on
 *
 * Each side writes before it reads the other's word, and both words are sequentially consistent. So of a hart that goes
 * and one that begins to work, at least one sees the other. It is the same with a hart that comes online, and with one that
 * looks for work (sched/schedule.ts), to which no interrupt is sent.
 */
import { pendingInterrupts } from "../arch/riscv/control";
import { Hart, hartAt, hartCount, Online, thisHart, WANTS_STAND } from "../arch/riscv/hart";
import { outOfLine } from "../arch/riscv/intrinsics";
import { ATOMIC_BYTES, AtomicWord } from "../sync/atomic";
import { askHart, FLOOR_STANDSTILL } from "./wake";

/** The hart that wants to work or does, plus 1; 0 for none. */
const leader = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));
/** In `leader`: it works. */
const WORKS: u32 = 0x100;
/** Bit per hart that stands. */
const standing = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));

/** A hart that wants to work looks so often for the others, and before each look for its own interrupts. */
const LOOKS_MAX: u32 = 4000;

/**
 * True if all other harts stand: then `goOn` has to follow, soon. False if another hart was first, the limit of
 * interrupts is reached, or an interrupt of this hart waits: then the caller tries again, after interrupts were taken.
 */
export function standStill(): bool {
  const hart = thisHart();
  if (!leader.move(0, hart.index + 1)) {
    return false;
  }
  if (askOthers(hart)) {
    for (let i: u32 = 0; i < LOOKS_MAX && !isInterrupted(); i++) {
      if (!areOthersStanding(hart)) {
        continue;
      }
      leader.value = (hart.index + 1) | WORKS;
      if (areOthersStanding(hart)) {
        return true;
      }
      leader.value = hart.index + 1;
    }
  }
  leader.value = 0;
  return false;
}

/** The others go on. */
export function goOn(): void {
  leader.value = 0;
}

/** False if the limit of interrupts does not reach for all of them. */
function askOthers(hart: Hart): bool {
  const all = othersOf(hart);
  if (hart.ipiTokens <= FLOOR_STANDSTILL + popcnt(all)) {
    return false;
  }
  for (let others = all; others !== 0; others &= others - 1) {
    askHart(<u32>ctz(others), FLOOR_STANDSTILL);
  }
  return true;
}

function areOthersStanding(hart: Hart): bool {
  return (othersOf(hart) & ~standing.value) === 0;
}

/** Bit per other hart that takes part, or is still on its way out. */
function othersOf(hart: Hart): u32 {
  let mask: u32 = 0;
  for (let i: u32 = 0; i < hartCount(); i++) {
    const online = hartAt(i).online.value;
    if (online === Online.Yes || online === Online.Stopping) {
      mask |= 1 << i;
    }
  }
  return mask & ~hart.bit;
}

/** A function of its own, so that the host sees it (bench/kernel/stretch/follow.ts). */
function isInterrupted(): bool {
  outOfLine();
  return pendingInterrupts() !== 0;
}

/** If another hart wants to work, this one will stand on its way out of the kernel: where it has mail, and while it looks. */
export function noticeStandstill(hart: Hart): void {
  if (leader.value !== 0) {
    hart.wants |= WANTS_STAND;
  }
}

/**
 * This hart, on its way out of the kernel, stands for as long as another one wants to work. It goes and sees to an
 * interrupt, unless the other is at work, and is back afterwards.
 */
export function standBy(hart: Hart): void {
  outOfLine();
  hart.wants &= ~WANTS_STAND;
  let word: u32 = 0;
  do {
    standing.set(hart.bit);
    word = leader.value;
    // bounded by one piece of the other's work, and by its look for all harts
    while (word !== 0 && ((word & WORKS) !== 0 || !isInterrupted())) {
      word = leader.value;
    }
    standing.clear(hart.bit);
    word = leader.value;
  } while ((word & WORKS) !== 0);
  if (word !== 0) {
    hart.wants |= WANTS_STAND;
  }
}
