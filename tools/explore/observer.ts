// Watches a run from outside the guest, and recognises these failures from the kernel's own state:
//
//   lost wake-up     every hart waits, a task stands in a queue, and no hart was told (or the interrupt is gone)
//   deadlock         every hart that is awake spins for a lock, for longer than any lock is held
//   lock order       the kernel's own check failed: which locks the hart held
//   missing hart     a hart that takes no part long after it was started
//   leak             something is held by no living task, or a count of references is wrong
//   lost fence       a hart waits in the firmware for the answer of one that stopped instead
//   standstill       nothing is printed any more, and the machine does not end
//
// A time-out would find most of them too, but minutes later and without saying what happened. Nothing here changes the
// run.

import { HartState, Interrupt, Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import { Online } from "../../build/gen/host/source/kernel/neuron/src/arch/riscv/hart.ts";
import type { Layout } from "../../host/debug/layout.ts";
import { type Place, placeText } from "../../host/debug/locate.ts";
import { describeHarts } from "../../machine/host/harts.ts";
import type { Run } from "../../machine/host/run.ts";
import { type KernelHart, readKernelHart } from "../boot/kernel/harts.ts";
import { takeAccounts } from "./accounts.ts";
import type { Places } from "./places.ts";

const SUPERVISOR_SOFTWARE = 1n << BigInt(Interrupt.SupervisorSoftware);

/** A deadlock is reported after this many looks in a row at which every hart that is awake spins. */
const SPINNING_LOOKS = 6;
/** Ticks (100 ns) of silence after which a run stands still: longer than any deadline in the system. */
const SILENCE_TICKS = 600_000_000n;
/**
 * Ticks (100 ns) between two walks through everything that the kernel holds. A line on the console also leads to a
 * walk.
 */
const ACCOUNTS_TICKS = 15_000n;
/** Ticks after power-on at which an absent hart counts as missing. The kernel itself gives it up after two seconds. */
const MISSING_TICKS = 30_000_000n;

/** A failure. */
export interface Finding {
  kind: "lost wake-up" | "deadlock" | "lock order" | "missing hart" | "lost fence" | "leak" | "standstill";
  text: string;
}

export class Observer {
  private readonly run: Run;
  private readonly layout: Layout;
  private readonly places: Places;
  private found: Finding | undefined;
  private spinning = 0;
  private consoleLength: number;
  private lastByteAt: bigint;
  /** When the last walk was, and how long the console was then. */
  private accountsAt = 0n;
  private accountsLength = 0;
  /** Frames that are not the kernel's own. Their number stays the same once the first task runs. */
  private frames: number | undefined;

  constructor(run: Run, layout: Layout, places: Places) {
    this.run = run;
    this.layout = layout;
    this.places = places;
    this.consoleLength = run.consoleBytes.length;
    this.lastByteAt = run.machine.core.time();
    run.onAllWait = () => this.lookAtRest();
  }

  /** The first failure, if there was one. */
  get finding(): Finding | undefined {
    return this.found;
  }

  /** Between two slices of the run. */
  look(): void {
    this.lookForLostFence();
    this.lookForSpinning();
    this.lookForSilence();
    if (this.run.machine.core.time() >= MISSING_TICKS) {
      this.lookForMissing();
    }
  }

  /** The machine is off. */
  lookAtEnd(): void {
    this.lookForMissing();
  }

  /**
   * After a panic: finds out whether the check of the lock order failed. `frames` are its addresses, innermost first.
   */
  lookAtPanic(frames: readonly bigint[]): void {
    // All but the innermost are return addresses: the call is the instruction before.
    const chain = frames.flatMap((address, index) => this.places.at(index === 0 ? address : address - 1n));
    const check = chain.findIndex((place) => place.function === "enterRank");
    if (check < 0) {
      return;
    }
    // LLVM may give two assertions of a function one call, and the check its place.
    const held = this.harts().filter(({ heldRanks }) => heldRanks !== 0);
    if (held.length === 0) {
      return;
    }
    const taker = chain.slice(check + 1).find((place) => !isAcquire(place));
    const where = taker === undefined ? "an unknown place" : placeText(taker);
    const locks = held.map(({ index, heldRanks }) => `hart ${index} held locks of rank ${bits(heldRanks)}`);
    this.report("lock order", [`a lock was taken out of order at ${where}`, ...locks].join("; "));
  }

  /** What the harts are doing, for the report. */
  harts(): KernelHart[] {
    const count = this.run.machine.settings.harts;
    return Array.from({ length: count }, (_, index) => readKernelHart(this.run.machine, this.layout, index));
  }

  describe(): string[] {
    return describeHarts(this.run.machine, (address) => this.places.at(address).map(placeText));
  }

  /** Every hart waits, so a task in a queue has been forgotten. */
  private lookAtRest(): void {
    this.lookForLostFence();
    if (this.found !== undefined) {
      return;
    }
    this.lookForLeak();
    const { core } = this.run.machine;
    for (const hart of this.harts()) {
      if (hart.online !== Online.Yes || core.hartActivity(hart.hartid) !== HartState.Waiting) {
        continue;
      }
      const pending = core.hartPending(hart.hartid);
      if ((pending & core.hartEnabled(hart.hartid)) !== 0n) {
        continue;
      }
      const senders = this.sendersTo(hart);
      if (senders !== 0 && (pending & SUPERVISOR_SOFTWARE) === 0n) {
        const text = `hart ${bits(senders)} sent hart ${hart.index} an interrupt, which was lost`;
        this.report("lost wake-up", `${text}; every hart waits`);
      } else if (hart.waiting !== 0 && hart.mailbox === 0) {
        const text = `a task of class ${bits(hart.waiting)} waits in the queue of hart ${hart.index}`;
        this.report("lost wake-up", `${text}, which was not told; every hart waits`);
      }
    }
  }

  /** Bits of the harts that have sent this one an interrupt, as its mailbox says. */
  private sendersTo({ mailbox }: KernelHart): number {
    return (mailbox >>> this.layout.number("MAIL_SENT_SHIFT")) & this.layout.number("MAIL_SENDERS");
  }

  private lookForSpinning(): void {
    const { core, settings } = this.run.machine;
    const places: string[] = [];
    for (let hart = 0; hart < settings.harts; hart++) {
      if (core.hartActivity(hart) !== HartState.Running) {
        continue;
      }
      const chain =
        core.hartMode(hart) === Mode.Supervisor ? this.places.at(BigInt.asUintN(64, core.hartPc(hart))) : [];
      const lock = chain.findIndex(isAcquire);
      if (lock < 0) {
        this.spinning = 0;
        return;
      }
      const caller = chain[lock + 1] ?? chain[lock];
      if (caller !== undefined) {
        places.push(`hart ${hart} in ${placeText(caller)}`);
      }
    }
    this.spinning = places.length === 0 ? 0 : this.spinning + 1;
    if (this.spinning < SPINNING_LOOKS) {
      return;
    }
    const held = this.harts().filter(({ heldRanks }) => heldRanks !== 0);
    const locks = held.map(
      ({ index, heldRanks }) => `hart ${index} holds or waits for rank ${bits(heldRanks)}`,
    );
    this.report("deadlock", ["every hart that is awake waits for a lock", ...places, ...locks].join("; "));
  }

  private lookForLostFence(): void {
    const { core, settings } = this.run.machine;
    for (let hart = 0; hart < settings.harts; hart++) {
      const lost = core.lostAnswers(hart);
      if (lost === 0) {
        continue;
      }
      const text = `physical hart ${hart} asked hart ${bits(lost)} for a remote fence while that one stopped`;
      this.report("lost fence", `${text}, and waits in the firmware for ever`);
    }
  }

  private lookForLeak(): void {
    const { machine, consoleBytes } = this.run;
    const now = machine.core.time();
    const harts = this.harts();
    // Not before the kernel has everything that it keeps for itself, and not while a hart is about to run a task.
    if (harts.some(({ online, ticks }) => online === Online.No || ticks === 0)) {
      return;
    }
    if (harts.some(({ waiting, running }) => waiting !== 0 || running !== 0)) {
      return;
    }
    if (now - this.accountsAt < ACCOUNTS_TICKS && consoleBytes.length === this.accountsLength) {
      return;
    }
    this.accountsAt = now;
    this.accountsLength = consoleBytes.length;
    const { problems, frames } = takeAccounts(machine, this.layout);
    this.frames ??= frames;
    if (frames !== this.frames) {
      problems.push(`${this.frames - frames} frames are held by no task`);
    }
    if (problems.length > 0) {
      this.report("leak", problems.slice(0, 4).join("; "));
    }
  }

  private lookForSilence(): void {
    const now = this.run.machine.core.time();
    if (this.run.consoleBytes.length !== this.consoleLength) {
      this.consoleLength = this.run.consoleBytes.length;
      this.lastByteAt = now;
    }
    if (now - this.lastByteAt < SILENCE_TICKS) {
      return;
    }
    this.report("standstill", "nothing is printed any more, and the machine does not end");
  }

  private lookForMissing(): void {
    const { core } = this.run.machine;
    // A hart that ticked was online once: the kernel itself has stopped it since.
    const missing = this.harts().find(
      ({ online, ticks }) => online === Online.Abandoned || (online === Online.No && ticks === 0),
    );
    if (missing === undefined) {
      return;
    }
    const state = core.hartActivity(missing.hartid) === HartState.Stopped ? "is stopped" : "runs";
    const text = `hart ${missing.index} (physical ${missing.hartid}) does not take part, and ${state}`;
    this.report("missing hart", text);
  }

  private report(kind: Finding["kind"], text: string): void {
    this.found ??= { kind, text };
    this.run.askForStop();
  }
}

/** Whether a place is in the loop that spins for a lock (sync/lock.ts). */
function isAcquire(place: Place): boolean {
  return /(^|#)acquire$/.test(place.function);
}

/** The numbers of the bits that are set: `0`, or `1 and 2`. */
function bits(mask: number): string {
  const numbers = Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => ((mask >>> bit) & 1) !== 0);
  return numbers.join(" and ");
}
