// The whole kernel in Node, without hardware: the same sources as Wasm, with CSRs, SBI and linker symbols of the test's
// own. A trap is a call: a test says which hart traps and why, and looks at what the kernel did.
//
// Harts are simulated one trap at a time, so what a test sees is every interleaving of traps. Within a trap there is one
// place where another hart may come: where the kernel reads the clock (`onClockRead`). A hart that has nothing to run
// reaches WFI, which throws `Idle` here: the hart stays as it is until its next interrupt. A hart that stands still for another
// one throws `Idle` as well, and goes on when that one has left the kernel.
//
// The kernel's addresses are its own: RAM begins at 2 GiB, so the Wasm memory is grown beyond that. Untouched pages cost
// nothing.

import { DEVICE_WINDOW } from "../../../build/gen/host/source/kernel/neuron/src/arch/riscv/paging.ts";
import { forever, Right, Wait } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import { face } from "./face.ts";
import { memoryFlags, places, type Registers } from "./places.ts";

export * from "../../harness/abi.ts";
/** The system calls under a name that leaves room for their arguments. */
export { Syscall as sys } from "../../harness/abi.ts";
export type { Registers } from "./places.ts";

/** Thrown where a hart would wait in WFI. */
export class Idle extends Error {}

/** Timebase ticks from one tick of the scheduler to the next. */
export const TICK_TIME = 100_000n;

/** Turns of one system call. */
const TURNS_MAX = 10_000;

const SSIP = 2n;
const STIP = 0x20n;
const INTERRUPT_BIT = 1n << 63n;
const WASM_PAGE_BYTES = 65_536;
const HART_STRIDE = 1024;

const STATES_ADDRESS = 0x8030_0000;
const RAM_FROM = 0x8040_0000;
const RAM_END = 0x8200_0000;
export const FRAME_COUNT = (RAM_END - RAM_FROM) / 4096;

export class Kernel {
  readonly guest: Guest;
  private readonly hartCsrs = Array.from({ length: 4 }, () => ({
    sip: 0n,
    sie: 0n,
    satp: 0n,
    timer: forever,
  }));
  /** The hart that traps. */
  hart = 0;
  time = 1_000_000n;
  console = "";
  /** The IPIs that were sent. */
  ipis: { from: number; to: number }[] = [];
  /** How often each hart forgot what its TLB knew. */
  readonly fences = [0, 0, 0, 0];
  /** The registers of devices: by default, there is none. */
  registers: Registers = { load: () => 0, store: () => {} };
  /** Called for each fence that a device could tell, and for each store of 16 bits that one could see. */
  onFence: ((kind: "fence" | "fenceIo" | "store", address?: number) => void) | undefined;
  /** Harts that stopped themselves. */
  stopped: number[] = [];
  /** Called where the kernel reads the clock, in the middle of a trap of `hart`. Another hart may trap in it. */
  onClockRead: (() => void) | undefined;
  /** The hart for which all others stand still, and those that do. */
  private leads: number | undefined;
  private readonly standing = new Set<number>();

  private constructor(g: Guest) {
    this.guest = g;
  }

  /** A kernel with `harts` online, all idle. */
  static async boot(harts = 4): Promise<Kernel> {
    let kernel: Kernel | undefined;
    const now = (): Kernel => {
      if (!kernel) {
        throw new Error("the kernel is not there yet");
      }
      return kernel;
    };
    const csr = () => {
      const found = now().hartCsrs[now().hart];
      if (!found) {
        throw new Error("no such hart");
      }
      return found;
    };
    const nothing = (): void => {};
    const intrinsics = {
      hartPointer: () => places.harts + now().hart * HART_STRIDE,
      readTime: () => {
        now().onClockRead?.();
        return now().time;
      },
      wfi: () => {
        throw new Idle();
      },
      readSip: () => {
        now().meetOthers();
        return csr().sip | (now().time >= csr().timer ? STIP : 0n);
      },
      readSie: () => csr().sie,
      setSie: (mask: bigint) => {
        csr().sie |= mask;
      },
      writeSie: (value: bigint) => {
        csr().sie = value;
      },
      clearSip: (mask: bigint) => {
        csr().sip &= ~mask;
      },
      writeStimecmp: (value: bigint) => {
        csr().timer = BigInt.asUintN(64, value);
      },
      readSatp: () => csr().satp,
      writeSatp: (value: bigint) => {
        csr().satp = BigInt.asUintN(64, value);
      },
      fence: () => now().onFence?.("fence"),
      fenceIo: () => now().onFence?.("fenceIo"),
      volatileLoad16: (at: number) =>
        now()
          .guest.view()
          .getUint16(at >>> 0, true),
      volatileLoad32: (at: number) => now().load32(at >>> 0),
      volatileStore16: (at: number, value: number) => now().store16(at >>> 0, value),
      volatileStore32: (at: number, value: number) =>
        now().registers.store((at >>> 0) - DEVICE_WINDOW, value >>> 0),
      fenceI: nothing,
      sfenceVma: () => {
        now().fences[now().hart] = (now().fences[now().hart] ?? 0) + 1;
      },
    };
    const sbiEcall = (extension: bigint, what: bigint, a0: bigint, a1: bigint): bigint => {
      if (extension === 1n) {
        now().console += String.fromCharCode(Number(a0));
      } else if (extension === 0x735049n) {
        now().sendIpis(a0, a1);
      } else if (extension === 0x48534dn && what === 1n) {
        now().stopped.push(now().hart);
      } else if (extension !== 0x48534dn) {
        throw new Error(`unexpected SBI call ${extension.toString(16)}`);
      }
      return 0n;
    };
    const symbols = Object.fromEntries(
      Object.entries(places).map(([name, address]) => [name, () => address]),
    );
    const imports = { intrinsics, assembly: { sbiEcall }, symbols };
    const g = await guest({ text: face }, { imports, flags: memoryFlags });
    g.memory.grow(Math.ceil((RAM_END - g.memory.buffer.byteLength) / WASM_PAGE_BYTES));
    kernel = new Kernel(g);
    g.call("boot", harts, STATES_ADDRESS, RAM_FROM, FRAME_COUNT, RAM_END);
    for (let hart = 0; hart < harts; hart++) {
      kernel.on(hart, () => g.call("bootHart"));
      kernel.on(hart, () => g.call("scheduleFirst"));
    }
    return kernel;
  }

  private load32(at: number): number {
    return at >= DEVICE_WINDOW
      ? this.registers.load(at - DEVICE_WINDOW)
      : this.guest.view().getUint32(at, true);
  }

  private store16(at: number, value: number): void {
    this.onFence?.("store", at);
    this.guest.view().setUint16(at, value, true);
  }

  private sendIpis(mask: bigint, base: bigint): void {
    for (let bit = 0n; bit < 64n; bit++) {
      if (((mask >> bit) & 1n) === 0n) {
        continue;
      }
      const target = Number(base + bit) - 10;
      const csrs = this.hartCsrs[target];
      if (!csrs) {
        throw new Error(`an IPI for hart id ${base + bit}`);
      }
      csrs.sip |= SSIP;
      this.ipis.push({ from: this.hart, to: target });
    }
  }

  /** A hart looks at its interrupts. If it waits for all others to stand still, they come; each of them stays. */
  private meetOthers(): void {
    if (this.leads === undefined) {
      if (!this.guest.call("hasStandstill")) {
        return;
      }
      this.leads = this.hart;
      for (let hart = 0; hart < 4; hart++) {
        if (hart !== this.leads && this.hasInterrupt(hart)) {
          this.interrupts(hart);
        }
      }
    } else if (this.hart !== this.leads) {
      this.standing.add(this.hart);
      throw new Idle();
    }
  }

  /** Runs the kernel on a hart; true if the hart idles afterwards. */
  on(hart: number, action: () => unknown): boolean {
    const outer = this.hart;
    this.hart = hart;
    try {
      action();
      return false;
    } catch (error) {
      if (error instanceof Idle) {
        return true;
      }
      throw error;
    } finally {
      this.hart = outer;
      if (this.leads === hart) {
        this.letGoOn();
      }
    }
  }

  private letGoOn(): void {
    const harts = [...this.standing];
    this.standing.clear();
    this.leads = undefined;
    for (const hart of harts) {
      this.on(hart, () => this.guest.call("goOnStanding"));
    }
  }

  running(hart: number): number {
    return this.guest.call("runningOn", hart);
  }

  /** The hart that runs `task`, or -1. */
  hartOf(task: number): number {
    for (let hart = 0; hart < 4; hart++) {
      if (this.running(hart) === task) {
        return hart;
      }
    }
    return -1;
  }

  /** A system call of the task that runs on `hart`. */
  syscall(hart: number, number: number, ...args: (bigint | number)[]): void {
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      if (this.turn(hart, number, ...args)) {
        return;
      }
    }
    throw new Error(`system call ${number} does not come to its end`);
  }

  /** One turn of a system call. True if the task does not make it again (callAgain in ipc/results.ts) at once. */
  turn(hart: number, number: number, ...args: (bigint | number)[]): boolean {
    const words = Array.from({ length: 7 }, (_, i) => BigInt.asIntN(64, BigInt(args[i] ?? 0)));
    const task = this.running(hart);
    if (task < 0) {
      throw new Error(`hart ${hart} runs nothing`);
    }
    // A task that makes its call again stands before its ecall.
    const before = this.guest.call64("sepcOf", task);
    this.on(hart, () => this.guest.call("systemCall", ...words, BigInt(number)));
    return this.running(hart) !== task || this.guest.call64("sepcOf", task) !== before;
  }

  /** Status and results of a task that is not in a system call. */
  results(task: number): { status: number; words: bigint[] } {
    const all = Array.from({ length: 7 }, (_, n) => this.guest.call64("register", task, n));
    return { status: Number(BigInt.asIntN(64, defined(all[0]))), words: all.slice(1) };
  }

  /** A system call that goes on at once. */
  ask(hart: number, number: number, ...args: (bigint | number)[]): { status: number; words: bigint[] } {
    const task = this.running(hart);
    this.syscall(hart, number, ...args);
    return this.results(task);
  }

  hasInterrupt(hart: number): boolean {
    const csrs = this.hartCsrs[hart];
    if (!csrs) {
      return false;
    }
    return ((csrs.sip | (this.time >= csrs.timer ? STIP : 0n)) & csrs.sie) !== 0n;
  }

  /** Takes what interrupts are pending on a hart, in its task or in WFI. */
  interrupts(hart: number): void {
    const csrs = this.hartCsrs[hart];
    if (!csrs || !this.guest.call("online", hart)) {
      return;
    }
    const pending = (csrs.sip | (this.time >= csrs.timer ? STIP : 0n)) & csrs.sie;
    if (this.running(hart) < 0) {
      this.on(hart, () => this.guest.call("stopIdling"));
    }
    if ((pending & SSIP) !== 0n) {
      this.trap(hart, 1n);
    }
    // The first may have been the one to stop for.
    if ((pending & STIP) !== 0n && this.guest.call("online", hart)) {
      this.trap(hart, 5n);
    }
  }

  private trap(hart: number, interrupt: bigint): void {
    this.on(hart, () => this.guest.call("trapHandle", BigInt.asIntN(64, INTERRUPT_BIT | interrupt), 0n));
  }

  /** An exception of the task that runs on `hart`. */
  fault(hart: number, cause: number, value: bigint): void {
    this.on(hart, () => this.guest.call("trapHandle", BigInt(cause), value));
  }

  /** Time goes on, and every hart takes what is due. */
  pass(ticks: bigint): void {
    this.time += ticks;
    for (let hart = 0; hart < 4; hart++) {
      if (this.hasInterrupt(hart)) {
        this.interrupts(hart);
      }
    }
    for (let hart = 0; hart < 4; hart++) {
      if (this.hasInterrupt(hart)) {
        this.interrupts(hart);
      }
    }
  }

  /** A new task, brought to run on `hart`, which must idle. */
  spawnOn(hart: number, taskClass = 2, job = 0): number {
    const task = this.spawn(hart, taskClass, job);
    if (this.running(hart) !== task) {
      throw new Error(`task ${task} does not run on hart ${hart}`);
    }
    return task;
  }

  /** A new task that `hart` makes; it runs there if the hart idles, else it waits in a queue. */
  spawn(hart: number, taskClass = 2, job = 0): number {
    let task = -1;
    this.on(hart, () => {
      task = this.guest.call("spawn", taskClass, job);
    });
    if (task < 0) {
      throw new Error("no room for a task");
    }
    if (this.running(hart) < 0) {
      this.on(hart, () => this.guest.call("stopIdling"));
    }
    if (this.running(hart) < 0) {
      this.on(hart, () => this.guest.call("scheduleFirst"));
    }
    return task;
  }

  give(task: number, what: number, object: number, rights: number = Right.All, badge = 0): number {
    const slot = this.guest.call("give", task, what, object, rights, badge);
    if (slot < 0) {
      throw new Error("no free slot");
    }
    return slot;
  }

  waits(task: number): number {
    return this.guest.call("waitOf", task);
  }

  /** Everything that must hold between two traps, about every task; throws what does not. */
  check(tasks: Iterable<number>, harts = 4): void {
    for (const task of tasks) {
      const word = this.waits(task);
      let places = 0;
      for (let hart = 0; hart < harts; hart++) {
        if (this.running(hart) === task) {
          places += 1;
        }
        places += this.guest.call("timesQueued", hart, task);
      }
      const expected = word === Wait.None ? 1 : 0;
      if (places !== expected) {
        throw new Error(`task ${task} waits for ${word} and is in ${places} places to run`);
      }
      if (word === Wait.Claimed) {
        throw new Error(`task ${task} was left claimed`);
      }
    }
  }
}
