// The fake kernel's devices: an interrupt comes once until it was completed, registers have to be mapped before they are
// touched, and a device reaches memory for as long as it is pinned, wherever that memory is.

import { beforeEach, expect, test } from "vitest";
import { pageBytes, self } from "../abi.ts";
import { FakeBlockDevice } from "../fake-device.ts";
import {
  FakeDevice,
  FakeInterrupt,
  FakeKernel,
  FakeNotification,
  FakeVmo,
  Right,
  Syscall,
} from "./kernel.ts";

const REGISTERS = 0x1000_0000;

const program = `
import { volatileLoad32 } from "virtio/intrinsics";
import { systemCall } from "runtime/assembly";
export function ask(a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, number: u64): i32 {
  return <i32>systemCall(a0, a1, a2, a3, a4, a5, 0, number);
}
export function touch(address: usize): u32 { return volatileLoad32(address); }
`;

const MAGIC = 0x74726976;

let hardware: FakeBlockDevice;
let kernel: FakeKernel;
let device: number;
let interrupt: number;
let notification: FakeNotification;

beforeEach(async () => {
  hardware = new FakeBlockDevice({ version: 2, sectors: 8n }, REGISTERS);
  kernel = await FakeKernel.start({ text: program }, { hardware: [hardware] });
  device = kernel.insert(new FakeDevice(hardware));
  interrupt = kernel.insert(new FakeInterrupt(hardware));
  notification = new FakeNotification();
});

function ask(number: number, ...args: readonly (number | bigint)[]): number {
  const words = Array.from({ length: 6 }, (_, index) => BigInt(args[index] ?? 0n));
  return kernel.guest.call("ask", ...words, BigInt(number));
}

test("an interrupt is delivered while its line is up, and once until it was completed", () => {
  expect(ask(Syscall.BindInterrupt, interrupt, kernel.insert(notification), 4)).toBe(0);
  const delivered = (): bigint => {
    notification.bits = 0n;
    kernel.devices.deliver();
    return notification.bits;
  };
  expect(delivered()).toBe(0n);
  hardware.changeSectors(9n);
  expect([delivered(), delivered()]).toEqual([4n, 0n]);
  expect(ask(Syscall.CompleteInterrupt, interrupt, 0)).toBe(0);
  expect(delivered()).toBe(4n);
  expect(ask(Syscall.CompleteInterrupt, interrupt, 2)).toBe(0);
  expect(delivered()).toBe(0n);
});

test("registers are there as long as they are mapped", () => {
  const touch = (): number => kernel.guest.call("touch", REGISTERS);
  expect(touch).toThrow("are not mapped");
  expect(ask(Syscall.MapDevice, device, REGISTERS)).toBe(0);
  expect(touch()).toBe(MAGIC);
  expect(ask(Syscall.Unmap, self, REGISTERS)).toBe(0);
  expect(touch).toThrow("are not mapped");
});

test("a device reaches a memory object where it is, mapped or not, until it is unpinned", () => {
  const vmo = new FakeVmo(pageBytes);
  const slot = kernel.insert(vmo);
  expect(ask(Syscall.Pin, device, slot, 0, pageBytes)).toBe(0);
  const bus = hardware.writer.busOf(0);
  const write = (byte: number) => hardware.reach(bus, pageBytes).fill(byte);
  write(1);
  expect(vmo.read(0, 1)).toEqual(Uint8Array.of(1));
  expect(ask(Syscall.Map, self, slot, 0x2000_0000, 0, pageBytes, Right.Read)).toBe(0);
  write(2);
  expect(kernel.guest.get(0x2000_0000, 1)).toEqual(Uint8Array.of(2));
  expect(ask(Syscall.Unmap, self, 0x2000_0000)).toBe(0);
  expect(vmo.read(0, 1)).toEqual(Uint8Array.of(2));
  expect(ask(Syscall.Unpin, device, 0, 0)).toBe(0);
  expect(() => write(3)).toThrow("no window was opened there");
});
