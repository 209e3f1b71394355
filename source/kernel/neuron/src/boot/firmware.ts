/** What the firmware says of itself, asked once by the boot hart. */
import { SbiExtension } from "abi/info";
import { implementationId, implementationVersion, probeExtension, specVersion } from "../arch/riscv/sbi/base";
import { EXTENSION_HSM } from "../arch/riscv/sbi/hsm";
import { EXTENSION_IPI } from "../arch/riscv/sbi/ipi";
import { EXTENSION_DBCN } from "../arch/riscv/sbi/legacy";
import { EXTENSION_SRST } from "../arch/riscv/sbi/reset";
import { EXTENSION_TIME } from "../arch/riscv/sbi/time";

/** Remote fences (SBI 8): only asked for. The kernel needs none, sched/schedule.ts says why. */
const EXTENSION_RFENCE: u64 = 0x52464e43;

@unmanaged
@final
export class Firmware {
  version: u64;
  implementation: u64;
  implementationVersion: u64;
  /** Bit per `SbiExtension`. */
  extensions: u64;
}

const found: usize = memory.data(<u32>offsetof<Firmware>(), 8);

export function firmware(): Firmware {
  return changetype<Firmware>(found);
}

function bitFor(extension: u64, bit: SbiExtension): u64 {
  return probeExtension(extension) ? <u64>bit : 0;
}

export function askFirmware(): void {
  const f = firmware();
  f.version = specVersion();
  f.implementation = implementationId();
  f.implementationVersion = implementationVersion();
  f.extensions =
    bitFor(EXTENSION_TIME, SbiExtension.Time) |
    bitFor(EXTENSION_IPI, SbiExtension.Ipi) |
    bitFor(EXTENSION_RFENCE, SbiExtension.Rfence) |
    bitFor(EXTENSION_HSM, SbiExtension.Hsm) |
    bitFor(EXTENSION_SRST, SbiExtension.Srst) |
    bitFor(EXTENSION_DBCN, SbiExtension.Dbcn);
}

/** Whether other harts can be started and interrupted. Without that the kernel runs on one hart. */
export function hasSmp(): bool {
  const needed: u64 = SbiExtension.Hsm | SbiExtension.Ipi;
  return (firmware().extensions & needed) === needed;
}
