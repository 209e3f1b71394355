// A device's interrupt belongs to the task that bound it: no other task with a capability to it can complete it.

import { beforeEach, expect, test } from "vitest";
import { DEVICE_WINDOW } from "../../build/gen/host/source/kernel/neuron/src/arch/riscv/paging.ts";
import { type Guest, guest } from "../harness/guest.ts";

const HARTS = 0x0100_0000;
const PLIC = 0x0c00_0000;
const VIRTIO = 0x1000_1000;
const CLAIM_OF_HART0 = PLIC + 0x20_1004;
const SOURCE = 5;
const [owner, other] = [3, 4];
const ALREADY_BOUND = -13;
const BAD_STATE = -15;

let g: Guest;
/** What the claim register says next. */
let pending: number;
/** What was written to the claim register: sources that were completed. */
let completed: number[];
/** What was written to the device and to the PLIC, in order: bits that were acknowledged, sources that were completed. */
let written: string[];

beforeEach(async () => {
  completed = [];
  written = [];
  pending = SOURCE;
  g = await guest(
    {
      text: `
        import { hartAt, initHart, setHartCount } from "kernel/neuron/src/arch/riscv/hart";
        import { plicInit, setPlicContext } from "kernel/neuron/src/arch/riscv/plic";
        import {
          bindInterrupt, completeInterrupt as complete, interruptsInit, takeInterrupts,
        } from "kernel/neuron/src/irq/interrupts";
        import { rootJob } from "kernel/neuron/src/job/job";
        import { allocNotification, endpointsInit } from "kernel/neuron/src/task/endpoint";
        import { Notification } from "kernel/neuron/src/task/objects";
        import { taskAt } from "kernel/neuron/src/task/task";
        import { devices, virtioNode } from "kernel/neuron/src/boot/devices";
        export function acknowledge(owner: u32, source: u32, bits: u32): i32 { return complete(taskAt(owner), source, bits); }
        export function completeInterrupt(owner: u32, source: u32): i32 { return complete(taskAt(owner), source, 0); }
        export function placeVirtio(base: u32, irq: u32): void {
          devices().virtioCount = 2;
          virtioNode(1).base = base;
          virtioNode(1).irq = irq;
        }
        export function boot(plicAddress: usize): void {
          setHartCount(1);
          initHart(0, 0);
          plicInit(plicAddress);
          setPlicContext(0, 1);
          interruptsInit();
          endpointsInit();
        }
        export function bind(owner: u32, source: u32): i32 {
          return bindInterrupt(hartAt(0), taskAt(owner), source, changetype<Notification>(changetype<usize>(allocNotification(rootJob()))), 1);
        }
        export function interrupt(): void { takeInterrupts(hartAt(0)); }
      `,
    },
    {
      imports: {
        symbols: { harts: () => HARTS, kernelStacks: () => 0, panicStacks: () => 0 },
        intrinsics: {
          fenceIo: () => {},
          hartPointer: () => HARTS,
          readTime: () => 0n,
          volatileLoad32: (at: number) => {
            if (at >>> 0 !== CLAIM_OF_HART0) {
              return 0;
            }
            const claimed = pending;
            pending = 0;
            return claimed;
          },
          volatileStore32: (at: number, value: number) => {
            if (at >>> 0 === CLAIM_OF_HART0) {
              completed.push(value);
              written.push(`complete ${value}`);
            } else if (at >>> 0 === DEVICE_WINDOW + VIRTIO + 0x64) {
              written.push(`acknowledge ${value}`);
            }
          },
        },
      },
    },
  );
  g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  g.call("boot", PLIC);
  expect(g.call("bind", owner, SOURCE)).toBe(0);
});

test("the task that bound an interrupt can complete it, once", () => {
  g.call("interrupt");
  expect(g.call("completeInterrupt", owner, SOURCE)).toBe(0);
  expect(completed).toEqual([SOURCE]);
  expect(g.call("completeInterrupt", owner, SOURCE)).toBe(BAD_STATE);
});

const OF_VIRTIO = SOURCE + 2;

test("bits are acknowledged at the virtio device of the interrupt, before the next one may come", () => {
  g.call("placeVirtio", VIRTIO, OF_VIRTIO);
  expect(g.call("bind", owner, OF_VIRTIO)).toBe(0);
  expect(g.call("acknowledge", owner, OF_VIRTIO, 3)).toBe(BAD_STATE);
  pending = OF_VIRTIO;
  g.call("interrupt");
  expect(g.call("acknowledge", other, OF_VIRTIO, 3)).toBe(BAD_STATE);
  expect(written).toEqual([]);
  expect(g.call("acknowledge", owner, OF_VIRTIO, 3)).toBe(0);
  expect(written).toEqual(["acknowledge 3", `complete ${OF_VIRTIO}`]);
  pending = OF_VIRTIO;
  g.call("interrupt");
  expect(g.call("acknowledge", owner, OF_VIRTIO, 0)).toBe(0);
  expect(written.slice(2)).toEqual([`complete ${OF_VIRTIO}`]);
});

test("no other device is acknowledged", () => {
  g.call("placeVirtio", VIRTIO, OF_VIRTIO);
  g.call("interrupt");
  expect(g.call("acknowledge", owner, SOURCE, 3)).toBe(0);
  expect(written).toEqual([`complete ${SOURCE}`]);
});

test("another task cannot complete it", () => {
  g.call("interrupt");
  expect(g.call("completeInterrupt", other, SOURCE)).toBe(BAD_STATE);
  expect(completed).toEqual([]);
  expect(g.call("completeInterrupt", owner, SOURCE)).toBe(0);
});

test("a source has one driver, and a second one is refused", () => {
  expect(g.call("bind", other, SOURCE)).toBe(ALREADY_BOUND);
  g.call("interrupt");
  expect(g.call("completeInterrupt", other, SOURCE)).toBe(BAD_STATE);
  expect(g.call("completeInterrupt", owner, SOURCE)).toBe(0);
});

test.each([
  ["that no task has bound", SOURCE + 1],
  ["beyond the last one of the kernel's table", 96],
  ["far beyond it", 1023],
])("an interrupt from a source %s is completed, and reaches no task", (_, source) => {
  pending = source;
  g.call("interrupt");
  expect(completed).toEqual([source]);
  expect(g.call("completeInterrupt", owner, SOURCE)).toBe(BAD_STATE);
});
