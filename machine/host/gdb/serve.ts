// Serves a run to gdb, one connection at a time, until gdb detaches from the machine or ends it.
//
// If a connection breaks, the machine stops where it is, and waits there for the next gdb.

import type { Server, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Debugger } from "./debugger.ts";
import { GdbSession, type Leave } from "./gdb.ts";
import type { Programs, Question } from "./monitor.ts";
import { connectText, openPort } from "./port.ts";

/** What the caller provides. */
export interface GdbHost {
  /** The port, or 0 for any free one. */
  port: number;
  /** The kernel's ELF file, for the line that says how to connect. */
  kernel: string;
  /** Gets that line each time that the port waits for a connection. */
  tell: (line: string) => void;
  /** Gets the port at the same time. */
  onPort?: (port: number) => void;
  /** Gets the console's new bytes. A stretch that runs again gives none. */
  onBytes: (bytes: Uint8Array) => void;
  /** Called between two slices of a machine that runs, for other work of the caller. */
  breathe?: () => Promise<unknown>;
  /** The programs that `monitor task` knows. Default: none. */
  programs?: Programs;
  /** What else `monitor` can ask. Default: nothing. */
  questions?: readonly Question[];
  /** Ends the session from outside. */
  signal?: AbortSignal;
}

/**
 * Waits for gdb and serves it the run. Resolves when gdb has detached or has ended the machine, or when the signal came.
 * Throws Problem if the port cannot be used.
 */
export async function serveGdb(
  debugged: Debugger,
  host: GdbHost,
): Promise<"detached" | "killed" | "stopped"> {
  const { server, port } = await openPort(host.port);
  // A second gdb would see a machine that changes without it.
  server.maxConnections = 1;
  const visitors = new Visitors(server, host.signal);
  try {
    for (;;) {
      if (!visitors.isOneHere) {
        host.tell(connectText(host.kernel, port));
        host.onPort?.(port);
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
    debugged.stops.clear();
    visitors.turnAway();
    server.close();
  }
}

/**
 * The connections. After a connection breaks, the machine has to stop first. A connection that comes meanwhile waits for that.
 */
class Visitors {
  private readonly signal: AbortSignal | undefined;
  /** The connection that waits. There is only one, as the server allows only one. It may be closed already. */
  private kept: Socket | undefined;
  private wake: () => void = () => {};

  constructor(server: Server, signal: AbortSignal | undefined) {
    this.signal = signal;
    signal?.addEventListener("abort", () => this.wake(), { once: true });
    server.on("connection", (socket) => {
      // A connection that breaks while it waits is ignored by `isOneHere`.
      socket.on("error", () => {});
      this.kept = socket;
      this.wake();
    });
  }

  get isOneHere(): boolean {
    return this.kept !== undefined && !this.kept.destroyed;
  }

  /** The next connection, or undefined if the signal comes first. */
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

  /** Closes the connection that waits. */
  turnAway(): void {
    this.kept?.destroy();
  }
}

/** Serves one connection. Returns how gdb left. */
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
  // Breakpoints and watchpoints of a gdb whose connection broke are not this one's.
  debugged.stops.clear();
  const session = new GdbSession(debugged, send, breathe, {
    programs: host.programs,
    questions: host.questions,
  });
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
