/**
 * A 16550A serial port (National Semiconductor PC16550D, section 8). A byte that the guest writes leaves at once. Bytes from
 * the host wait in a queue until the guest reads them.
 *
 *   0 RBR/THR, DLL   1 IER, DLM   2 IIR/FCR   3 LCR   4 MCR   5 LSR   6 MSR   7 SCR
 *
 * The transmitter is always empty: a poll of LSR succeeds at once, and each byte is followed by the interrupt "transmitter
 * empty". The line to the PLIC is high as long as there is an enabled cause.
 */
import { consoleByte } from "../host";
import { plicLine } from "./plic";

export const UART_SOURCE: u32 = 10;
export const UART_BYTES: u32 = 0x100;

/** The most bytes that wait for the guest. A real receiver holds 16; the rest would be in the cable or in the sender. */
export const INPUT_BYTES_MAX: u32 = 4096;

const enum Register {
  Data = 0,
  InterruptEnable = 1,
  InterruptIdentity = 2,
  LineControl = 3,
  ModemControl = 4,
  LineStatus = 5,
  ModemStatus = 6,
  Scratch = 7,
}

/** Interrupt causes: bits of IER, and their codes in IIR. */
const ENABLE_RECEIVED: u32 = 1;
const ENABLE_EMPTY: u32 = 2;
const IDENTITY_NONE: u32 = 1;
const IDENTITY_EMPTY: u32 = 2;
const IDENTITY_RECEIVED: u32 = 4;
const IDENTITY_FIFOS: u32 = 0xc0;

const FIFO_ENABLE: u32 = 1;
const FIFO_CLEAR_RECEIVER: u32 = 2;
const DIVISOR_LATCH: u32 = 0x80;
const LOOP: u32 = 0x10;
const STATUS_READY: u32 = 0x01;
/** THRE and TEMT: the transmitter is empty. */
const STATUS_EMPTY: u32 = 0x60;
/** Carrier, data set ready, clear to send: the other end is connected. */
const MODEM_PRESENT: u32 = 0xb0;

@unmanaged
@final
class Uart {
  interruptEnable: u32;
  fifoControl: u32;
  lineControl: u32;
  modemControl: u32;
  scratch: u32;
  divisor: u32;
  /** The guest has not seen the interrupt "transmitter empty" yet. */
  emptyPending: u32;
  /** The input queue: where the guest reads next, and how many bytes wait. */
  inputStart: u32;
  inputCount: u32;
}

const uart = changetype<Uart>(memory.data(36, 4));
const input: usize = memory.data(4096);

export function uartReset(): void {
  memory.fill(changetype<usize>(uart), 0, offsetof<Uart>());
}

/** Takes a byte from the host. False if the queue is full. */
export function uartReceive(byte: u32): bool {
  if (uart.inputCount === INPUT_BYTES_MAX) {
    return false;
  }
  store<u8>(input + ((uart.inputStart + uart.inputCount) % INPUT_BYTES_MAX), byte);
  uart.inputCount++;
  update();
  return true;
}

/** Reads the register at `offset`. */
export function uartLoad(offset: u32): u32 {
  const latch = (uart.lineControl & DIVISOR_LATCH) !== 0;
  switch (offset) {
    case Register.Data:
      return latch ? uart.divisor & 0xff : takeInput();
    case Register.InterruptEnable:
      return latch ? uart.divisor >> 8 : uart.interruptEnable;
    case Register.InterruptIdentity:
      return takeIdentity();
    case Register.LineControl:
      return uart.lineControl;
    case Register.ModemControl:
      return uart.modemControl;
    case Register.LineStatus:
      return STATUS_EMPTY | (uart.inputCount !== 0 ? STATUS_READY : 0);
    case Register.ModemStatus:
      return (uart.modemControl & LOOP) !== 0 ? loopedModem() : MODEM_PRESENT;
    case Register.Scratch:
      return uart.scratch;
    default:
      return 0;
  }
}

/** Writes the register at `offset`. */
export function uartStore(offset: u32, value: u32): void {
  const byte = value & 0xff;
  const latch = (uart.lineControl & DIVISOR_LATCH) !== 0;
  switch (offset) {
    case Register.Data:
      if (latch) {
        uart.divisor = (uart.divisor & 0xff00) | byte;
      } else {
        transmit(byte);
      }
      break;
    case Register.InterruptEnable:
      if (latch) {
        uart.divisor = (uart.divisor & 0xff) | (byte << 8);
      } else {
        setInterruptEnable(byte & 0xf);
      }
      break;
    case Register.InterruptIdentity:
      setFifoControl(byte);
      break;
    case Register.LineControl:
      uart.lineControl = byte;
      break;
    case Register.ModemControl:
      uart.modemControl = byte & 0x1f;
      break;
    case Register.Scratch:
      uart.scratch = byte;
      break;
    default:
      break;
  }
}

function transmit(byte: u32): void {
  if ((uart.modemControl & LOOP) !== 0) {
    uartReceive(byte);
  } else {
    consoleByte(byte);
  }
  uart.emptyPending = 1;
  update();
}

function takeInput(): u32 {
  if (uart.inputCount === 0) {
    return 0;
  }
  const byte = load<u8>(input + uart.inputStart);
  uart.inputStart = (uart.inputStart + 1) % INPUT_BYTES_MAX;
  uart.inputCount--;
  update();
  return byte;
}

function setInterruptEnable(bits: u32): void {
  // Enabling it while the transmitter is empty raises the interrupt (section 8.6.7).
  if ((bits & ENABLE_EMPTY) !== 0 && (uart.interruptEnable & ENABLE_EMPTY) === 0) {
    uart.emptyPending = 1;
  }
  uart.interruptEnable = bits;
  update();
}

function setFifoControl(byte: u32): void {
  if ((byte & FIFO_CLEAR_RECEIVER) !== 0 || ((byte ^ uart.fifoControl) & FIFO_ENABLE) !== 0) {
    uart.inputStart = 0;
    uart.inputCount = 0;
  }
  uart.fifoControl = byte & 0xc9;
  update();
}

/** The most urgent cause. Reading it ends the cause "transmitter empty". */
function takeIdentity(): u32 {
  const cause = identity();
  if (cause === IDENTITY_EMPTY) {
    uart.emptyPending = 0;
    update();
  }
  return cause | ((uart.fifoControl & FIFO_ENABLE) !== 0 ? IDENTITY_FIFOS : 0);
}

function identity(): u32 {
  if ((uart.interruptEnable & ENABLE_RECEIVED) !== 0 && uart.inputCount !== 0) {
    return IDENTITY_RECEIVED;
  }
  if ((uart.interruptEnable & ENABLE_EMPTY) !== 0 && uart.emptyPending !== 0) {
    return IDENTITY_EMPTY;
  }
  return IDENTITY_NONE;
}

/** MCR's outputs as MSR's inputs: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD (section 8.7). */
function loopedModem(): u32 {
  const control = uart.modemControl;
  return ((control & 1) << 5) | ((control & 2) << 3) | ((control & 4) << 4) | ((control & 8) << 4);
}

function update(): void {
  plicLine(UART_SOURCE, identity() !== IDENTITY_NONE);
}
