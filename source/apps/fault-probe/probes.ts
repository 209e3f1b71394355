/**
 * One fault each, by name. A probe that returns was not stopped.
 *
 * Addresses are those of the Sv39 space as tests know it: the kernel's image in the top 2 GiB, its window on the
 * devices behind RAM, and the hole between the two ends, which no table ever maps.
 */
import { STACK_BYTES, STACK_TOP, STARTUP_PAGE, USER_BEGIN } from "abi/layout";
import { FOREVER } from "abi/syscall";
import { sleepUntil } from "runtime/call";
import { line, print } from "runtime/log";
import { equals } from "text/bytes";
import * as probe from "./assembly";
import { touchUnmapped } from "./unmapped";

const KERNEL_TEXT: u64 = 0xffff_ffff_8020_0000;
const KERNEL_DATA: u64 = 0xffff_ffff_8040_0000;
const DEVICE_WINDOW_UART: u64 = 0xffff_ffff_d000_0000;
const UART: u64 = 0x1000_0000;
const HOLE: u64 = 0x1_0000_0000;
const NOT_CANONICAL: u64 = 0x80_0000_0000;

/** Bytes of data that a probe executes. */
const DATA_BYTES: u32 = 64;
const data: usize = memory.data(DATA_BYTES, 8);

/** Does what `name` says. False if there is no such probe. */
export function run(name: usize, length: u32): bool {
  if (equals(name, length, "load-null")) {
    probe.loadFrom(0);
  } else if (equals(name, length, "store-null")) {
    probe.storeTo(0);
  } else if (equals(name, length, "jump-null")) {
    probe.jumpTo(0);
  } else if (equals(name, length, "load-kernel")) {
    probe.loadFrom(KERNEL_TEXT);
  } else if (equals(name, length, "store-kernel")) {
    probe.storeTo(KERNEL_DATA);
  } else if (equals(name, length, "jump-kernel")) {
    probe.jumpTo(KERNEL_TEXT);
  } else if (equals(name, length, "load-device")) {
    probe.loadFrom(UART);
  } else if (equals(name, length, "store-window")) {
    probe.storeTo(DEVICE_WINDOW_UART);
  } else if (equals(name, length, "load-hole")) {
    probe.loadFrom(HOLE);
  } else if (equals(name, length, "load-odd")) {
    probe.loadFrom(NOT_CANONICAL);
  } else if (equals(name, length, "write-text")) {
    probe.storeTo(USER_BEGIN);
  } else if (equals(name, length, "write-startup")) {
    probe.storeTo(STARTUP_PAGE);
  } else if (equals(name, length, "execute-data")) {
    probe.jumpTo(data);
  } else if (equals(name, length, "execute-stack")) {
    probe.jumpTo(STACK_TOP - 64);
  } else if (equals(name, length, "below-stack")) {
    probe.storeTo(STACK_TOP - STACK_BYTES - 8);
  } else if (equals(name, length, "push-forever")) {
    probe.runOffStack();
  } else if (equals(name, length, "recursion")) {
    recurse(data);
  } else if (equals(name, length, "unmapped")) {
    touchUnmapped();
  } else if (equals(name, length, "spin")) {
    spin();
  } else if (equals(name, length, "wait")) {
    wait();
  } else if (equals(name, length, "assert")) {
    assert(length === 0);
  } else {
    return instruction(name, length);
  }
  return true;
}

/** The probes that are one instruction. */
function instruction(name: usize, length: u32): bool {
  if (equals(name, length, "illegal")) {
    probe.illegal();
  } else if (equals(name, length, "zeros")) {
    probe.illegalZero();
  } else if (equals(name, length, "float-add")) {
    probe.floatAdd();
  } else if (equals(name, length, "float-load")) {
    probe.floatLoad();
  } else if (equals(name, length, "float-c-load")) {
    probe.floatLoadCompressed();
  } else if (equals(name, length, "float-csr")) {
    probe.floatStatus();
  } else if (equals(name, length, "vector")) {
    probe.vectorConfigure();
  } else if (equals(name, length, "rdtime")) {
    probe.readTime();
  } else if (equals(name, length, "rdcycle")) {
    probe.readCycle();
  } else if (equals(name, length, "rdinstret")) {
    probe.readInstret();
  } else if (equals(name, length, "sstatus")) {
    probe.readSstatus();
  } else if (equals(name, length, "satp")) {
    probe.writeSatp();
  } else if (equals(name, length, "stimecmp")) {
    probe.writeStimecmp();
  } else if (equals(name, length, "sret")) {
    probe.returnFromTrap();
  } else if (equals(name, length, "mret")) {
    probe.machineReturn();
  } else if (equals(name, length, "wfi")) {
    probe.waitForInterrupt();
  } else if (equals(name, length, "sfence")) {
    probe.flushTranslations();
  } else if (equals(name, length, "ebreak")) {
    probe.debugBreak();
  } else if (equals(name, length, "odd-atomic")) {
    probe.atomicMisaligned(data);
  } else {
    return false;
  }
  return true;
}

/** Never ends by itself, and runs all the time. */
function spin(): void {
  print(line().text("fault-probe: spins"));
  while (load<u64>(data) === 0) {}
}

/** Never ends by itself, and waits all the time. */
function wait(): void {
  print(line().text("fault-probe: waits"));
  sleepUntil(FOREVER);
}

/** Never ends by itself. The compiler cannot turn it into a loop, because it uses its stack after the call. */
function recurse(at: usize): u64 {
  store<u64>(data, load<u64>(data) + 1);
  const deeper = recurse(at + 8);
  return deeper + load<u64>(data) + at;
}
