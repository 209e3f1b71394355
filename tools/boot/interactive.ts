// A person at the console: the terminal's keys go to the guest, byte by byte, and the guest's bytes to the terminal.
//
// The one idea: the terminal is always given back as it was. Raw mode is on only between `attach` and `close`. `close`
// runs when the machine ends, and when this process ends for any reason that it can still notice; a second call does
// nothing. Keys that come before the shell is there wait for it, because a UART that is being set up loses bytes.

/** The escape key, Ctrl-A: before x it ends the machine, and typed twice it sends one Ctrl-A to the guest. */
const ESCAPE = 0x01;
const INTERRUPT = 0x03;
const LEAVE_KEYS: readonly number[] = ["x".charCodeAt(0), "X".charCodeAt(0)];

const LINE_END = new TextEncoder().encode("\r\n");

/** How many keys are kept for the shell. More are dropped. */
export const EARLY_KEYS_MAX = 4096;

/** What bootOnce asks of the person at the console. */
export interface Person {
  /** The console's bytes, as they come. */
  show: (bytes: Uint8Array) => void;
  /** The machine runs: keys go to `send`, and `leave` ends it. */
  attach: (send: (bytes: Uint8Array) => void, leave: () => void) => void;
  /** The guest's shell is there. */
  handOver: () => void;
  /** The machine has ended, or never ran. */
  close: () => void;
}

/** The meaning of keys, without a terminal: which bytes go to the guest, and whether the machine is to end. */
export class Keys {
  private early: number[] = [];
  private isEscaped = false;
  private isShell = false;

  /** Takes what was typed. */
  feed(typed: Uint8Array): { send: Uint8Array; leave: boolean } {
    const send: number[] = [];
    for (const key of typed) {
      if (this.isEscaped) {
        this.isEscaped = false;
        if (LEAVE_KEYS.includes(key)) {
          return { send: Uint8Array.from(send), leave: true };
        }
        // Any other key goes to the guest, and so does the second of two escape keys.
        send.push(key);
      } else if (key === ESCAPE) {
        this.isEscaped = true;
      } else if (key === INTERRUPT && !this.isShell) {
        // The guest does not read the console yet, so Ctrl-C ends this command, as it ends any other.
        return { send: Uint8Array.from(send), leave: true };
      } else {
        send.push(key);
      }
    }
    if (this.isShell) {
      return { send: Uint8Array.from(send), leave: false };
    }
    this.early = [...this.early, ...send].slice(0, EARLY_KEYS_MAX);
    return { send: new Uint8Array(), leave: false };
  }

  /** The shell is there: gives the keys typed before it. From now on every key is sent at once. */
  handOver(): Uint8Array {
    this.isShell = true;
    const { early } = this;
    this.early = [];
    return Uint8Array.from(early);
  }
}

/** The part of a terminal that is used, so that a test can replace it. */
export interface TerminalInput {
  setRawMode: (raw: boolean) => unknown;
  resume: () => unknown;
  pause: () => unknown;
  on: (event: "data", listener: (bytes: Uint8Array) => void) => unknown;
  off: (event: "data", listener: (bytes: Uint8Array) => void) => unknown;
}

/** The person at this process's terminal. */
export function personAt(input: TerminalInput, output: { write: (bytes: Uint8Array) => unknown }): Person {
  const keys = new Keys();
  let send: (bytes: Uint8Array) => void = () => {};
  let leave: () => void = () => {};
  let isOpen = false;
  const onData = (bytes: Uint8Array): void => {
    const typed = keys.feed(bytes);
    if (typed.send.length > 0) {
      send(typed.send);
    }
    if (!typed.leave) {
      return;
    }
    // The guest's cursor may be within a line: the host's next message begins on a line of its own.
    output.write(LINE_END);
    leave();
  };
  const close = (): void => {
    if (!isOpen) {
      return;
    }
    isOpen = false;
    input.off("data", onData);
    input.pause();
    input.setRawMode(false);
    process.off("exit", close);
  };
  return {
    show: (bytes) => {
      output.write(bytes);
    },
    attach: (sendTo, leaveBy) => {
      send = sendTo;
      leave = leaveBy;
      isOpen = true;
      // Node runs this for process.exit and for an uncaught error as well.
      process.on("exit", close);
      input.setRawMode(true);
      input.on("data", onData);
      input.resume();
    },
    handOver: () => {
      const early = keys.handOver();
      if (early.length > 0) {
        send(early);
      }
    },
    close,
  };
}
