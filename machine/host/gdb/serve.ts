// A run under gdb, one connection at a time, until gdb lets go of the machine or ends it.
//
// The one idea: a gdb whose connection breaks has decided nothing. The machine stands where it is, and the next gdb
// finds
// it there.

import type { Server, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Debugger } from "./debugger.ts";
import { GdbSession, type Leave } from "./gdb.ts";
import { connectText, openPort } from "./port.ts";

/** What the one who has the run gives for it. */
export interface GdbHost {
  /** 0: any that is free. */
  port: number;
  /** The kernel's ELF file, for the line that says how to connect. */
  kernel: string;
  /** Gets that line, each time that a client may connect. */
  tell: (line: string) => void;
  /** Gets the console, as it comes for the first time. */
  onBytes: (bytes: Uint8Array) => void;
  /** Between two slices of a machine that runs: whatever else there is to do. */
  breathe?: () => Promise<unknown>;
  /** Ends it from outside. */
  signal?: AbortSignal;
}

/**
 * Waits for gdb and gives it the run. Resolves when gdb has let the machine go on by itself or has ended it, or when
 * the host's signal came. Throws Problem if the port cannot be had.
 */
export async function serveGdb(
  debugged: Debugger,
  host: GdbHost,
): Promise<"detached" | "killed" | "stopped"> {
  const { server, port } = await openPort(host.port);
  // A second gdb would see a machine that moves by itself.
  server.maxConnections = 1;
  const visitors = new Visitors(server, host.signal);
  try {
    for (;;) {
      if (!visitors.isOneHere) {
        host.tell(connectText(host.kernel, port));
      }
      const socket = await visitors.next();
      if (socket === undefined) {
        return "stopped";
      }
      const left = await serveOne(socket, debugged, host);
      if (host.signal?.aborted) {
        return "stopped";
      }
      if (left !== "lost") {
        return left;
      }
    }
  } finally {
    debugged.clearBreakpoints();
    visitors.turnAway();
    server.close();
  }
}

/**
 * Those who connect. The machine of one who was cut off has to stand still first: who comes meanwhile is kept so long.
 */
class Visitors {
  private readonly signal: AbortSignal | undefined;
  /** One, since the server lets only one connect. It may have gone again. */
  private kept: Socket | undefined;
  private wake: () => void = () => {};

  constructor(server: Server, signal: AbortSignal | undefined) {
    this.signal = signal;
    signal?.addEventListener("abort", () => this.wake(), { once: true });
    server.on("connection", (socket) => {
      // One that is cut off before its turn is none: `isOneHere` sees that.
      socket.on("error", () => {});
      this.kept = socket;
      this.wake();
    });
  }

  get isOneHere(): boolean {
    return this.kept !== undefined && !this.kept.destroyed;
  }

  /** The next gdb, or undefined if the signal comes first. */
  async next(): Promise<Socket | undefined> {
    while (!this.isOneHere && !this.signal?.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.signal?.aborted) {
      return undefined;
    }
    const socket = this.kept;
    this.kept = undefined;
    return socket;
  }

  /** No client can connect to this machine any more. */
  turnAway(): void {
    this.kept?.destroy();
  }
}

/** One gdb, until it has gone; how it went. */
async function serveOne(socket: Socket, debugged: Debugger, host: GdbHost): Promise<Leave> {
  const print = (): void => {
    const bytes = debugged.run.newBytes();
    if (bytes.length > 0) {
      host.onBytes(bytes);
    }
  };
  const send = (text: string): void => {
    print();
    socket.write(text, "latin1");
  };
  const breathe = async (): Promise<void> => {
    print();
    await (host.breathe?.() ?? setImmediate());
  };
  // What a gdb that was cut off left behind is not this one's.
  debugged.clearBreakpoints();
  const session = new GdbSession(debugged, send, breathe);
  const hangUp = (): void => void socket.destroy();
  host.signal?.addEventListener("abort", hangUp);
  socket.on("data", (bytes) => session.receive(bytes));
  socket.on("error", () => session.lose());
  await new Promise((resolve) => socket.once("close", resolve));
  host.signal?.removeEventListener("abort", hangUp);
  const left = await session.lose();
  print();
  return left;
}
