// Which locks of the kernel harts wait for, and how much of their time.
//
// A hart that waits for a lock is in the loop of Lock.acquire (source/kernel/neuron/src/sync/lock.ts), which the compiler puts
// into each function that takes a lock:
//
//     1: fence r, rw  ▸  lw owner, offset(base)  ▸  bne owner, ticket, 1b
//
// So the kernel's code tells where these loops are, and the base register of a hart that stands in one tells the lock. Its rank,
// right behind the owner, gives the name. Harts are looked at after each slice of the clock.

import { Rank } from "../../../build/gen/host/source/kernel/neuron/src/sync/order.ts";
import type { Segment } from "../../../host/elf.ts";
import { namesOf } from "../../../machine/host/members.ts";
import type { Run } from "../../../machine/host/run.ts";
import { readVirtual } from "../memory.ts";

const FENCE_R_RW = 0x0230_000f;
const FENCE_BYTES = 4n;
/** A lock's rank lies so far behind its owner. */
const RANK_OFFSET = 4n;
const rankNames = namesOf(Rank);

/** A loop that waits for a lock: where it is, and where the lock's owner is loaded from. */
interface WaitLoop {
  end: bigint;
  base: number;
  offset: bigint;
}

/** How often harts that executed something were looked at, and how often they waited, by the lock's name. */
export class Contention {
  private readonly run: Run;
  private readonly loops: ReadonlyMap<bigint, WaitLoop>;
  private looks = 0;
  private readonly waits = new Map<string, number>();

  constructor(run: Run, kernel: readonly Segment[]) {
    this.run = run;
    this.loops = waitLoops(kernel);
  }

  /** Looks where harts stand that have just executed something. */
  look(harts: readonly number[]): void {
    this.looks += harts.length;
    for (const hart of harts) {
      this.lookAt(hart);
    }
  }

  /** The lock that harts waited for most, and the share of all locks' waiting in what the harts did. */
  summary(): { share: number; most: string | undefined } {
    const [most] = [...this.waits].toSorted(([, one], [, other]) => other - one);
    const waited = [...this.waits.values()].reduce((sum, count) => sum + count, 0);
    return { share: this.looks === 0 ? 0 : waited / this.looks, most: most?.[0] };
  }

  private lookAt(hart: number): void {
    const { core } = this.run.machine;
    // The kernel runs at its addresses with their sign extended; tasks lie below them.
    const pc = BigInt.asUintN(32, core.hartPc(hart));
    // The loop is three instructions, of 2 or 4 bytes each.
    for (let back = 0n; back <= 8n; back += 2n) {
      const loop = this.loops.get(pc - back);
      if (loop !== undefined && pc < loop.end) {
        const owner = core.readRegister(hart, loop.base) + loop.offset;
        const bytes = readVirtual(this.run, hart, owner + RANK_OFFSET, 4);
        const rank = bytes === undefined ? -1 : new DataView(bytes.slice().buffer).getUint32(0, true);
        const name = rankNames.get(rank) ?? "no lock";
        this.waits.set(name, (this.waits.get(name) ?? 0) + 1);
        return;
      }
    }
  }
}

/** The loops in the code, by their first address. */
function waitLoops(segments: readonly Segment[]): Map<bigint, WaitLoop> {
  const loops = new Map<bigint, WaitLoop>();
  for (const { address, bytes } of segments) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + 12 <= bytes.length; at += 2) {
      const loop = view.getUint32(at, true) === FENCE_R_RW ? loopAt(view, at) : undefined;
      if (loop !== undefined) {
        loops.set(BigInt(address + at), { ...loop, end: loop.end + BigInt(address) });
      }
    }
  }
  return loops;
}

/** The loop that begins with the fence at `at`; its end is relative to the segment. */
function loopAt(view: DataView, at: number): WaitLoop | undefined {
  const loadAt = at + Number(FENCE_BYTES);
  const load = loadOf(view.getUint32(loadAt, true));
  if (load === undefined) {
    return undefined;
  }
  const branchAt = loadAt + load.bytes;
  const branch = view.getUint32(branchAt, true);
  const isBack = (branch & 0x7f) === 0x63 && branchOffset(branch) === at - branchAt;
  return isBack ? { base: load.base, offset: load.offset, end: BigInt(branchAt + 4) } : undefined;
}

/** `lw` or `c.lw`: its base register, its offset, its length. */
function loadOf(word: number): { base: number; offset: bigint; bytes: number } | undefined {
  if ((word & 0x707f) === 0x2003) {
    return { base: (word >>> 15) & 31, offset: BigInt(word >> 20), bytes: 4 };
  }
  if ((word & 0xe003) === 0x4000) {
    const offset = ((word >> 7) & 0x38) | ((word >> 4) & 4) | ((word << 1) & 0x40);
    return { base: 8 + ((word >> 7) & 7), offset: BigInt(offset), bytes: 2 };
  }
  return undefined;
}

/** The immediate of a branch (unprivileged ISA 2.5.2). */
function branchOffset(word: number): number {
  const magnitude = ((word >>> 7) & 0x1e) | ((word >>> 20) & 0x7e0) | ((word << 4) & 0x800);
  return word < 0 || (word & 0x8000_0000) !== 0 ? magnitude - 0x1000 : magnitude;
}
