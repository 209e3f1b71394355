/**
 * `hw sbi` and `hw irq`: the firmware below the kernel, and the interrupts that a task waits for.
 */
import { SbiExtension, Topic } from "abi/info";
import { Role } from "abi/startup";
import { information, result } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { slotOf } from "runtime/startup";
import { Line } from "text/line";
import {
  beginFacts,
  beginRow,
  beginValue,
  bringUpNumber,
  composed,
  endRow,
  hexadecimal,
  number,
  refused,
  words,
} from "../answer";
import { nameOf } from "../tasks";

/** The PLIC has sources 1 to 1023 (PLIC specification 1.0, section 1.1); the kernel refuses the first past ours. */
const SOURCES_MAX: u32 = 1024;

/** SBI and the extensions that the firmware offers. If that fails, prints why and returns false. */
export function answerSbi(_line: CommandLine): bool {
  const status = information(slotOf(Role.Info), Topic.Firmware, 0);
  if (status < 0) {
    return refused("asking the kernel", status);
  }
  // Printing a fact is a system call too, so it overwrites the results.
  const version = result(0);
  const firmware = result(1);
  const firmwareVersion = result(2);
  const extensions = result(3);
  const sstc = result(4);
  const sswi = result(5);
  beginFacts("sbi");
  // SBI specification 2.0, section 4.1: major number in bits 24 to 30, minor below.
  composed(
    "version",
    0,
    beginValue()
      .decimal((version >> 24) & 0x7f)
      .text(".")
      .decimal(version & 0xff_ffff),
  );
  words("firmware", 0, firmwareName(firmware));
  hexadecimal("firmware_version", 0, firmwareVersion);
  composed("extensions", 0, extensionNames(beginValue(), extensions));
  number("sstc", 0, sstc);
  number("sswi", 0, sswi);
  endRow();
  return true;
}

/** SBI specification 2.0, table 4. */
function firmwareName(id: u64): string {
  if (id === 0) {
    return "BBL";
  }
  if (id === 1) {
    return "OpenSBI";
  }
  if (id === 3) {
    return "KVM";
  }
  if (id === 4) {
    return "RustSBI";
  }
  return "other";
}

function extensionNames(to: Line, bits: u64): Line {
  name(to, bits, SbiExtension.Time, "time");
  name(to, bits, SbiExtension.Ipi, "ipi");
  name(to, bits, SbiExtension.Rfence, "rfence");
  name(to, bits, SbiExtension.Hsm, "hsm");
  name(to, bits, SbiExtension.Srst, "srst");
  name(to, bits, SbiExtension.Dbcn, "dbcn");
  return to;
}

function name(to: Line, bits: u64, bit: u64, text: string): void {
  if ((bits & bit) === 0) {
    return;
  }
  if (to.length > 0) {
    to.text(",");
  }
  to.text(text);
}

/** Every interrupt that is bound. If that fails, prints why and returns false. */
export function answerIrq(_line: CommandLine): bool {
  const info = slotOf(Role.Info);
  for (let source: u32 = 1; source < SOURCES_MAX; source++) {
    const status = information(info, Topic.Interrupt, source);
    if (status < 0) {
      const isPastTheLast = source > 1;
      return isPastTheLast || refused("asking the kernel", status);
    }
    if (result(0) === 0) {
      continue;
    }
    const hart = result(1);
    const count = result(2);
    const isOpen = result(3);
    const task = <u32>result(4);
    beginRow();
    number("irq", 4, source);
    bringUpNumber("hart", 4, hart);
    number("count", 9, count);
    number("open", 4, isOpen);
    number("task", 4, task);
    composed("name", 16, nameOf(task));
    endRow();
  }
  return true;
}
