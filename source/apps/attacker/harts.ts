/**
 * Starting and stopping harts, which only the kernel may do: by the firmware's own call, which from user mode is a
 * system call with an unknown number, and by the system calls, without the capability. Also sending interrupts in the
 * name of another hart.
 */
import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { NO_SLOT, Syscall } from "abi/syscall";
import { systemCall } from "runtime/assembly";
import { information, restartHart, result, stopHart, yieldTo } from "runtime/call";
import { slotOf } from "runtime/startup";
import { Crime, commit } from "./puppet/puppet";
import { tellNumber, tellOfHart, tellStatus } from "./report";

const EXTENSION_HSM: u64 = 0x48534d;
const HART_START: u64 = 0;
const HART_STOP: u64 = 1;
/** The kernel's first instruction, and an address of this task's own. */
const KERNEL_ENTRY: u64 = 0x8020_0000;
const OWN_ENTRY: u64 = 0x0001_0000;

export function attackHarts(): void {
  tellOnline("harts online before");
  tellStatus("ecall HSM hart_start", firmware(EXTENSION_HSM, HART_START, 1, KERNEL_ENTRY));
  tellStatus("ecall HSM hart_start at own code", firmware(EXTENSION_HSM, HART_START, 1, OWN_ENTRY));
  tellStatus("ecall HSM hart_stop", firmware(EXTENSION_HSM, HART_STOP, 0, 0));
  commit("a child's ecall HSM hart_start", Crime.EcallHartStart, 0);
  commit("a child's ecall HSM hart_stop", Crime.EcallHartStop, 0);
  commit("a child's ecall SRST", Crime.EcallReset, 0);

  tellStatus("stopHart with no capability", stopHart(NO_SLOT, 0));
  tellStatus("stopHart with Info", stopHart(slotOf(Role.Info), 0));
  tellStatus("stopHart with the console", stopHart(slotOf(Role.Console), 1));
  tellStatus("restartHart with Info", restartHart(slotOf(Role.Info), 1));
  // RestartHart takes no entry address: the kernel ignores the other registers.
  tellStatus(
    "restartHart with an entry",
    <i32>systemCall(slotOf(Role.Info), 1, OWN_ENTRY, 0, 0, 0, 0, Syscall.RestartHart),
  );
  tellOnline("harts online after");
}

/** The kernel determines who sent an IPI: a task that names another hart as the sender changes nothing. */
export function attackSenders(): void {
  tellStatus("ecall IPI send_ipi", firmware(0x735049, 0, u64.MAX_VALUE, 0));
  commit("a child's ecall IPI send_ipi", Crime.EcallSendIpi, 0);
  commit("setting SSIP", Crime.RaiseOwnIpi, 0);
  commit("clearing sip", Crime.WriteSip, 0);
  commit("reading mhartid", Crime.ReadMhartid, 0);
  commit("reading sscratch", Crime.ReadSscratch, 0);
  // The SSWI device, at its physical address and in the kernel's window: a store there is an interrupt.
  commit("storing to SSWI", Crime.Store, 0x02f0_0000);
  commit("storing to SSWI in the kernel's window", Crime.Store, 0xffff_ffff_c2f0_0000);
  commit("storing to MSWI", Crime.Store, 0x0200_0000);
  // A hart's mailbox and its counters, in the kernel's memory: any page of the image's data.
  commit("storing to the kernel's data", Crime.Store, 0xffff_ffff_8040_0000);
  // The only request that ends in an IPI names a target, never a sender.
  tellStatus("yieldTo hart 4", yieldTo(4));
  tellStatus("yieldTo hart 2^32", <i32>systemCall(0x1_0000_0000, 0, 0, 0, 0, 0, 0, Syscall.YieldTo));
  tellMatrix();
}

/** Tells for each hart how many IPIs it counted as sent, and how many the others counted from it. */
function tellMatrix(): void {
  const info = slotOf(Role.Info);
  for (let hart: u32 = 0; hart < 4; hart++) {
    if (information(info, Topic.IpiRow, hart) < 0) {
      continue;
    }
    const taken = result(0) + result(1) + result(2) + result(3);
    tellOfHart("IPIs to itself of hart", hart, result(hart));
    information(info, Topic.Hart, hart);
    tellOfHart("IPIs sent by hart", hart, result(2));
    tellOfHart("IPIs taken from hart", hart, taken);
  }
}

function tellOnline(what: string): void {
  information(slotOf(Role.Info), Topic.System, 0);
  tellNumber(what, result(0));
}

/** An SBI call as the kernel would make it. */
function firmware(extension: u64, functionId: u64, a0: u64, a1: u64): i32 {
  return <i32>systemCall(a0, a1, 0, 0, 0, 0, functionId, extension);
}
