// A run under gdb: one connection at a time on a port of this host, until gdb leaves.

import { createServer } from "node:net";
import { setImmediate } from "node:timers/promises";
import { Debugger } from "../../machine/host/debugger.ts";
import { GdbSession } from "../../machine/host/gdb.ts";
import type { Run } from "../../machine/host/run.ts";
import { Problem } from "../../toolchain/problem.ts";

/** The address that only this host reaches. */
const HOST = "127.0.0.1";

/**
 * Waits for gdb on `port` and gives it the run. Resolves when gdb has left. `tell` gets the line that says how to connect;
 * `onBytes` the console, as it comes for the first time.
 */
export async function serveGdb(
  run: Run,
  port: number,
  tell: (line: string) => void,
  onBytes: (bytes: Uint8Array) => void,
): Promise<void> {
  const debugged = new Debugger(run);
  let printed = 0;
  // Gone through again after a step back, the console says nothing new.
  const print = (): void => {
    const bytes = run.consoleBytes.slice(printed);
    printed += bytes.length;
    if (bytes.length > 0) onBytes(bytes);
  };
  await new Promise<void>((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => {
      const breathe = async (): Promise<void> => {
        print();
        await setImmediate();
      };
      const session = new GdbSession(debugged, (text) => socket.write(text, "latin1"), breathe);
      socket.on("data", (bytes) => {
        session.receive(bytes);
        if (session.isOver) socket.end();
      });
      socket.on("error", () => session.leave());
      socket.on("close", () => {
        session.leave();
        print();
        server.close(() => resolve());
      });
      // A second gdb would see a machine that moves by itself.
      server.maxConnections = 1;
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used: ${error.message}`;
      reject(new Problem(`port ${port} ${why}`, { exitCode: 2 }));
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address.port : port;
      tell(`gdb build/neuron.elf -ex "target remote :${actual}"`);
    });
  });
}
