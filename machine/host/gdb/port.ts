// Where gdb connects: a port that only this host can reach, and the command that connects to it.

import { randomInt } from "node:crypto";
import { createConnection, createServer, type Server } from "node:net";
import { relative } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Problem } from "../../../host/problem.ts";

/** The address that only this host can reach. */
export const HOST = "127.0.0.1";

/** Ports for other programs are drawn from these. No system hands them out: Linux begins at 32768, others at 49152. */
const DRAWN_FIRST = 20_000;
const DRAWN_LAST = 29_999;

/** How many ports are drawn at most until one is free. */
const DRAWS_MAX = 100;

/** How often `listensOn` tries to connect, and the time between two tries. */
const LISTEN_TRIES_MAX = 500;
const LISTEN_PAUSE_MS = 20;

/** A server on `port` (0: any that is free), with its number. Throws Problem if the port cannot be had. */
export async function openPort(port: number): Promise<{ server: Server; port: number }> {
  const server = createServer({ noDelay: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(refusal(port, error)));
    server.listen(port, HOST, resolve);
  });
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : port };
}

/**
 * A port that is free now, for another program: `port` itself, or for 0 any. Until that program takes it, it is not reserved.
 * So for 0 it is one that the system does not give to other programs meanwhile. Throws Problem if `port` is not free, or if
 * none of `DRAWS_MAX` ports is.
 */
export async function freePort(port: number, draw: () => number = drawPort): Promise<number> {
  if (port !== 0) {
    return await tryPort(port);
  }
  for (let draws = 1; ; draws++) {
    try {
      return await tryPort(draw());
    } catch (error) {
      if (draws === DRAWS_MAX) {
        throw error;
      }
    }
  }
}

async function tryPort(port: number): Promise<number> {
  const open = await openPort(port);
  await new Promise((resolve) => open.server.close(resolve));
  return open.port;
}

function drawPort(): number {
  return randomInt(DRAWN_FIRST, DRAWN_LAST + 1);
}

/** Whether another program listens on a port. Waits for it until `ended` resolves or the tries are used up. */
export async function listensOn(port: number, ended: Promise<unknown>): Promise<boolean> {
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  for (let tries = 0; tries < LISTEN_TRIES_MAX; tries++) {
    const isThere = await canConnect(port);
    if (isThere || hasEnded) {
      return isThere && !hasEnded;
    }
    await setTimeout(LISTEN_PAUSE_MS);
  }
  return false;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, HOST);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Says how to connect gdb. `kernel` is a path. */
export function connectText(kernel: string, port: number): string {
  const file = relative(process.cwd(), kernel);
  return `waiting for gdb:\n  gdb-multiarch ${file} -ex "target remote :${port}"`;
}

function refusal(port: number, error: NodeJS.ErrnoException): Problem {
  const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used: ${error.message}`;
  return new Problem(`port ${port} ${why}`, {
    hints: ["name another one, or use --gdb 0, which takes any free port and prints it"],
    exitCode: 2,
  });
}
