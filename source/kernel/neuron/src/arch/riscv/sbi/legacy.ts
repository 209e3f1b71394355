/** SBI legacy console (SBI 5.2): for the lines that come before, or instead of, a UART from the device tree. */
import { sbiCall } from "./call";

/** The console extension that replaced it (SBI 12); only asked for, OpenSBI 1.1 has none. */
export const EXTENSION_DBCN: u64 = 0x4442434e;

const CONSOLE_PUTCHAR: u64 = 0x01;

/** Prints one byte through the firmware. */
export function consolePutchar(byte: u8): void {
  sbiCall(CONSOLE_PUTCHAR, 0, byte, 0, 0, 0, 0);
}
