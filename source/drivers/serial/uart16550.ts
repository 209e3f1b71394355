/**
 * The 16550 UART, driven by interrupt in both directions. The driver leaves the baud rate and the FIFOs as the firmware
 * set them: changing either would lose bytes that are being received.
 *
 * The interrupt line is a level: it stays up for as long as an enabled condition holds. So a handler lowers it by
 * `silence()`, does its work, completes the interrupt, and enables by `listen()` the conditions that it still waits
 * for. If one of them already holds, the line goes up again, so no event is missed.
 *
 * References are to the TL16C550C data sheet (Texas Instruments SLLS177), section "Principles of operation".
 */
import { volatileLoad8, volatileStore8 } from "./intrinsics";

// Registers, a byte apart.
/** Receiver buffer when read, transmitter holding register when written. */
const DATA: usize = 0;
const INTERRUPT_ENABLE: usize = 1;
/** Interrupt identification when read, FIFO control when written. */
const FIFO_CONTROL: usize = 2;
const LINE_CONTROL: usize = 3;
const MODEM_CONTROL: usize = 4;
const LINE_STATUS: usize = 5;

const FIFO_ENABLE: u32 = 0x01;
/** Eight bits, no parity, one stop bit; the divisor latch closed. */
const EIGHT_BITS: u32 = 0x03;
/** DTR and RTS tell the other side that we are ready; OUT2 connects the interrupt on boards that gate it. */
const READY_AND_INTERRUPT: u32 = 0x0b;

const RECEIVED_INTERRUPT: u32 = 0x01;
const EMPTY_INTERRUPT: u32 = 0x02;

const DATA_READY: u32 = 0x01;
/** THRE: the transmitter's FIFO is empty. */
const TRANSMITTER_FREE: u32 = 0x20;
/** TEMT: the FIFO and the shift register are empty. */
const TRANSMITTER_IDLE: u32 = 0x40;

/** How many bytes the transmitter's FIFO takes when it is empty. */
export const FIFO_BYTES: u32 = 16;

let base: usize = 0;

/** Opens the UART whose registers are mapped at `address`. No interrupt is enabled yet. */
export function openUart(address: usize): void {
  base = address;
  silence();
  volatileStore8(base + LINE_CONTROL, EIGHT_BITS);
  volatileStore8(base + MODEM_CONTROL, READY_AND_INTERRUPT);
  volatileStore8(base + FIFO_CONTROL, FIFO_ENABLE);
}

/** Disables all interrupts. */
export function silence(): void {
  volatileStore8(base + INTERRUPT_ENABLE, 0);
}

/** Enables an interrupt when a byte has come, when the transmitter is free, or both. */
export function listen(received: bool, free: bool): void {
  const wanted = (received ? RECEIVED_INTERRUPT : 0) | (free ? EMPTY_INTERRUPT : 0);
  volatileStore8(base + INTERRUPT_ENABLE, wanted);
}

/** Whether a byte has come. */
export function hasReceived(): bool {
  return (volatileLoad8(base + LINE_STATUS) & DATA_READY) !== 0;
}

/** The byte that has come. */
export function receiveByte(): u8 {
  return <u8>volatileLoad8(base + DATA);
}

/** Whether the transmitter takes FIFO_BYTES. */
export function isFree(): bool {
  return (volatileLoad8(base + LINE_STATUS) & TRANSMITTER_FREE) !== 0;
}

export function sendByte(byte: u8): void {
  volatileStore8(base + DATA, byte);
}

/** Whether the last byte has left the device. */
export function isIdle(): bool {
  return (volatileLoad8(base + LINE_STATUS) & TRANSMITTER_IDLE) !== 0;
}
