// Where gdb connects: a port of this host that no other host reaches, and the command that a person types.

import { createServer, type Server } from "node:net";
import { relative } from "node:path";
import { Problem } from "../../toolchain/problem.ts";

/** The address that only this host reaches. */
export const HOST = "127.0.0.1";

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

/** A port that is free now, for another program: `port` itself, or any for 0. Throws Problem if it is not free. */
export async function freePort(port: number): Promise<number> {
  const open = await openPort(port);
  await new Promise((resolve) => open.server.close(resolve));
  return open.port;
}

/** What a person does to get there. `kernel` is a path. */
export function connectText(kernel: string, port: number): string {
  const file = relative(process.cwd(), kernel);
  return `waiting for gdb:\n  gdb-multiarch ${file} -ex "target remote :${port}"`;
}

function refusal(port: number, error: NodeJS.ErrnoException): Problem {
  const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used: ${error.message}`;
  return new Problem(`port ${port} ${why}`, {
    hints: ["name another one, or --gdb 0: any that is free, which is then printed"],
    exitCode: 2,
  });
}
