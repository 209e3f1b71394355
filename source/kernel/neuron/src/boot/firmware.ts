/** What the firmware says of itself, asked once by the boot hart. */
import { SbiExtension } from "abi/info";
import { implementationId, implementationVersion, probeExtension, specVersion } from "../arch/riscv/sbi/base";
import { EXTENSION_HSM } from "../arch/riscv/sbi/hsm";
import { EXTENSION_IPI } from "../arch/riscv/sbi/ipi";
import { EXTENSION_DBCN } from "../arch/riscv/sbi/legacy";
import { EXTENSION_SRST } from "../arch/riscv/sbi/reset";
import { EXTENSION_RFENCE } from "../arch/riscv/sbi/rfence";
import { EXTENSION_TIME } from "../arch/riscv/sbi/time";

@unmanaged
@final
export class Firmware {
  version: u64;
  implementation: u64;
  implementationVersion: u64;
  /** Bit per `SbiExtension`. */
  extensions: u64;
}

const found: usize = memory.data(32, 8);

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

/** Whether other harts can be started, told and asked to forget mappings. Without that the kernel runs on one hart. */
export function hasSmp(): bool {
  const needed: u64 = SbiExtension.Hsm | SbiExtension.Ipi | SbiExtension.Rfence;
  return (firmware().extensions & needed) === needed;
}
