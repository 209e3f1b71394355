// Makes the picture's rows of the machine's trace. It is told of each event where it happens, so it can look at the hart's
// registers and at the kernel's state of that moment. It changes nothing.
//
// An interrupt between harts has two ends. The sender calls the firmware (or stores into the SSWI device); the target takes a
// trap, or is woken and takes the interrupt without one. An idle hart that is asked twice takes both at once.

import * as bus from "../../build/gen/host/machine/core/devices/bus.ts";
import { Extension } from "../../build/gen/host/machine/core/firmware/firmware.ts";
import { HartState, Interrupt, Mode } from "../../build/gen/host/machine/core/hart/hart.ts";
import { Cause } from "../../build/gen/host/machine/core/hart/trap.ts";
import { Event } from "../../build/gen/host/machine/core/trace.ts";
import type { EmbeddedMachine } from "../../machine/host/machine.ts";
import { diskAnswerOf, type TraceEvent } from "../../machine/host/trace.ts";
import type { Model } from "../picture/model.ts";
import { Doing, INTERRUPT_BASE, NO_TASK, ROW_NUMBERS, Row, STATUS_FACTOR } from "../protocol/rows.ts";
import type { KernelState } from "./kernel.ts";
import type { HartNumbers } from "./numbers.ts";

const INTERRUPT_BIT = 1n << 63n;
const SOFTWARE_BIT = 1n << BigInt(Interrupt.SupervisorSoftware);
const TIMER_BIT = 1n << BigInt(Interrupt.SupervisorTimer);
const USER = BigInt(Mode.User);

/** Registers of a call into the firmware, and of a system call. */
const A0 = 10;
const A1 = 11;
const A7 = 17;
/** SBI 2.0, 3.1: a base of all ones means every hart. */
const ALL_HARTS = 2n ** 64n - 1n;
const HART_STOP = 1n;
const SSWI_STRIDE = 4n;

/** Rows that are made between two looks of the page; more are a bug, and would fill the memory. */
const ROWS_START = 4096;

export class Recorder {
  private readonly machine: EmbeddedMachine;
  private readonly kernel: KernelState;
  private readonly numbers: HartNumbers;
  private rows = new Float64Array(ROWS_START * ROW_NUMBERS);
  private count = 0;
  /** What each hart does, and for which task. */
  private doing: number[];
  private tasks: number[];
  private queues: number[];
  /** The interrupts that are under way to each hart: who sent them, and when. */
  private underWay: Map<number, number>[];
  private names = new Map<number, string>();
  private newNames: [number, string][] = [];

  /** Rows have the kernel's numbers of harts; everything in here has the machine's. */
  constructor(machine: EmbeddedMachine, kernel: KernelState, numbers: HartNumbers) {
    this.numbers = numbers;
    this.machine = machine;
    this.kernel = kernel;
    const { harts } = machine.settings;
    this.doing = Array.from({ length: harts }, () => Doing.Off);
    this.tasks = Array.from({ length: harts }, () => NO_TASK);
    this.queues = Array.from({ length: harts }, () => 0);
    this.underWay = Array.from({ length: harts }, () => new Map());
    if (machine.bootHart !== undefined) {
      this.does(machine.bootHart, 0, Doing.Kernel, NO_TASK);
    }
  }

  /** The rows since the last call, and the names that are new in them. */
  take(): { rows: Float64Array; names: [number, string][] } {
    const rows = this.rows.slice(0, this.count * ROW_NUMBERS);
    const names = this.newNames;
    this.count = 0;
    this.newNames = [];
    return { rows, names };
  }

  /** From here on another run begins: what is known is what `model` has at this clock. */
  resume(model: Model, clock: number): void {
    const { harts } = this.machine.settings;
    for (let hart = 0; hart < harts; hart += 1) {
      const shown = this.numbers.kernel(hart);
      const state = model.stateAt(shown, clock);
      this.doing[hart] = state.doing;
      this.tasks[hart] = state.task;
      this.queues[hart] = state.queue;
      this.underWay[hart] = new Map(
        [...model.underWayTo(shown, clock)].map(([from, at]) => [this.numbers.machine(from), at]),
      );
    }
  }

  /** When the interrupt from one hart to another was sent that is under way, if there is one. */
  sentAt(from: number, to: number): number | undefined {
    return this.underWay[to]?.get(from);
  }

  add({ kind, hart, clock, first, second }: TraceEvent): void {
    const at = Number(clock);
    switch (kind) {
      case Event.Trap:
        this.trap(hart, at, first, second);
        break;
      case Event.Return:
        this.returns(hart, at, first === USER);
        break;
      case Event.Wait:
        this.does(hart, at, Doing.Idle, NO_TASK);
        break;
      case Event.Wake:
        this.wakes(hart, at, first);
        break;
      case Event.Start:
        this.does(hart, at, Doing.Kernel, NO_TASK);
        break;
      case Event.Firmware:
        this.firmware(hart, at, first, second);
        break;
      case Event.DeviceWrite:
        if (first >= bus.SSWI && first < bus.PLIC && second === 1n) {
          this.sends(hart, at, Number((first - bus.SSWI) / SSWI_STRIDE));
        }
        break;
      case Event.DiskTake:
        this.row(Row.Request, 0, at, Number(first), 0, 0);
        break;
      case Event.DiskAnswer: {
        const { sector, status, byteCount } = diskAnswerOf(second);
        this.row(Row.Answer, 0, at, Number(first), sector, status * STATUS_FACTOR + byteCount);
        break;
      }
      default:
        break;
    }
  }

  private trap(hart: number, at: number, cause: bigint, pc: bigint): void {
    const isInterrupt = (cause & INTERRUPT_BIT) !== 0n;
    const number = Number(cause & ~INTERRUPT_BIT);
    const isCall = !isInterrupt && number === Cause.UserCall;
    const call = isCall ? Number(this.machine.core.readRegister(hart, A7)) : 0;
    this.row(
      Row.Trap,
      hart,
      at,
      isInterrupt ? INTERRUPT_BASE + number : number,
      Number(BigInt.asIntN(64, pc)),
      call,
    );
    if (isInterrupt && number === Interrupt.SupervisorSoftware) {
      this.takes(hart, at);
    }
    if (isInterrupt && number === Interrupt.SupervisorTimer) {
      this.row(Row.Tick, hart, at, 0, 0, 0);
    }
    this.does(hart, at, Doing.Kernel, this.tasks[hart] ?? NO_TASK);
  }

  private returns(hart: number, at: number, toUser: boolean): void {
    this.settle(hart, at);
    if (!toUser) {
      this.does(hart, at, Doing.Kernel, this.tasks[hart] ?? NO_TASK);
      return;
    }
    const task = this.kernel.taskOn(hart);
    if (task !== undefined && this.names.get(task.identity) !== task.name) {
      this.names.set(task.identity, task.name);
      this.newNames.push([task.identity, task.name]);
    }
    this.does(hart, at, Doing.User, task?.identity ?? NO_TASK);
  }

  private wakes(hart: number, at: number, pending: bigint): void {
    if ((pending & SOFTWARE_BIT) !== 0n) {
      this.takes(hart, at);
    }
    if ((pending & TIMER_BIT) !== 0n) {
      this.row(Row.Tick, hart, at, 0, 0, 0);
    }
    this.does(hart, at, Doing.Kernel, NO_TASK);
  }

  private firmware(hart: number, at: number, extension: bigint, call: bigint): void {
    const { core, settings } = this.machine;
    if (extension === BigInt(Extension.Ipi) && call === 0n) {
      const mask = BigInt.asUintN(64, core.readRegister(hart, A0));
      const base = BigInt.asUintN(64, core.readRegister(hart, A1));
      for (let target = 0; target < settings.harts; target += 1) {
        const bit = BigInt(target) - base;
        const isAsked = base === ALL_HARTS || (bit >= 0n && ((mask >> bit) & 1n) === 1n);
        if (isAsked || (mask === 0n && this.isMeantFor(hart, target))) {
          this.sends(hart, at, target);
        }
      }
    }
    if (extension === BigInt(Extension.Hsm) && call === HART_STOP) {
      this.does(hart, at, Doing.Off, NO_TASK);
    }
  }

  /** A call for no hart at all: the mailbox says for whom it was meant (lost.ts plants such calls). */
  private isMeantFor(from: number, to: number): boolean {
    return this.underWay[to]?.has(from) === false && this.kernel.sendersTo(to).includes(from);
  }

  private sends(from: number, at: number, to: number): void {
    const known = this.underWay[to];
    if (known === undefined) {
      return;
    }
    this.row(Row.Send, from, at, this.numbers.kernel(to), 0, 0);
    if (!known.has(from)) {
      known.set(from, at);
    }
  }

  private takes(hart: number, at: number): void {
    const known = this.underWay[hart];
    for (const [from, sentAt] of known ?? []) {
      this.row(Row.Take, hart, at, this.numbers.kernel(from), sentAt, 0);
    }
    known?.clear();
  }

  /** The kernel may have taken an interrupt in passing, without a trap: then it is not pending any more. */
  private settle(hart: number, at: number): void {
    const { core } = this.machine;
    const known = this.underWay[hart];
    if (known !== undefined && known.size > 0 && (core.hartPending(hart) & SOFTWARE_BIT) === 0n) {
      const isLost = this.kernel.sendersTo(hart).length > 0;
      if (!isLost) {
        this.takes(hart, at);
      }
    }
  }

  private does(hart: number, at: number, doing: number, task: number): void {
    this.lookAtQueues(at);
    if (this.doing[hart] === doing && this.tasks[hart] === task) {
      return;
    }
    this.doing[hart] = doing;
    this.tasks[hart] = task;
    this.row(Row.Doing, hart, at, doing, task, 0);
  }

  private lookAtQueues(at: number): void {
    this.kernel.queueLengths().forEach((length, hart) => {
      if (this.queues[hart] !== length) {
        this.queues[hart] = length;
        this.row(Row.Queue, hart, at, length, 0, 0);
      }
    });
  }

  private row(kind: number, hart: number, clock: number, a: number, b: number, c: number): void {
    const at = this.count * ROW_NUMBERS;
    if (at === this.rows.length) {
      const larger = new Float64Array(this.rows.length * 2);
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows.set([kind, this.numbers.kernel(hart), clock, a, b, c], at);
    this.count += 1;
  }
}

/** Whether a hart is at rest: it waits for an interrupt. */
export function isAtRest(machine: EmbeddedMachine, hart: number): boolean {
  return machine.core.hartActivity(hart) === HartState.Waiting;
}
