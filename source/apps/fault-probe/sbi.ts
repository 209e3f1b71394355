/**
 * Every ecall of a task is a system call, even one that looks like an SBI call: the numbers of SBI's extensions reach
 * the kernel, which has no such call. If one reached the firmware, the machine would turn off, a hart would start at an
 * address of ours, or its timer would stop.
 */
import { Refusal } from "abi/refusal";
import { SYSCALL_COUNT } from "abi/syscall";
import { systemCall } from "runtime/assembly";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";

const BASE: u64 = 0x10;
const TIME: u64 = 0x5449_4d45;
const IPI: u64 = 0x73_5049;
const RFENCE: u64 = 0x5246_4e43;
const HSM: u64 = 0x48_534d;
const SRST: u64 = 0x5352_5354;
const PMU: u64 = 0x50_4d55;
const DBCN: u64 = 0x4442_434e;
const LEGACY_SHUTDOWN: u64 = 8;

/** Functions that are tried of each extension; a6 is an argument to the kernel. */
const FUNCTIONS: u64 = 8;

let tries: u32 = 0;

/** False, with a line, if any of them was not simply refused. */
export function callFirmware(): bool {
  const isRefused =
    isUnknown(TIME) &&
    isUnknown(IPI) &&
    isUnknown(RFENCE) &&
    isUnknown(HSM) &&
    isUnknown(SRST) &&
    isUnknown(PMU) &&
    isUnknown(DBCN) &&
    isUnknown(SYSCALL_COUNT) &&
    isUnknown(u64.MAX_VALUE) &&
    // The high half of a number counts: 2^32 + 4 is not Exit.
    isUnknown((1 << 32) + 4);
  // Legacy and base extensions share numbers with system calls, which check their arguments.
  systemCall(0, 0, 0, 0, 0, 0, 0, LEGACY_SHUTDOWN);
  systemCall(0, 0, 0, 0, 0, 0, 0, BASE);
  if (isRefused) {
    print(line().text("fault-probe: sbi refused n=").decimal(tries));
  }
  return isRefused;
}

function isUnknown(extension: u64): bool {
  for (let functionId: u64 = 0; functionId < FUNCTIONS; functionId++) {
    // Arguments as SBI expects them: a hart, an address of ours, an argument. a6 is the function.
    const status = systemCall(1, 0x10000, 0, 0, 0, 0, functionId, extension);
    tries += 1;
    if (status === Refusal.BadCall) {
      continue;
    }
    print(
      line()
        .text("fault-probe: sbi extension=")
        .hex(extension)
        .text(" status=")
        .text(refusalName(<i32>status)),
    );
    return false;
  }
  return true;
}
