// Ports for gdb. A port for another program is one that the system does not give away meanwhile.

import { afterEach, expect, test } from "vitest";
import { Problem } from "../../../../host/problem.ts";
import { freePort, openPort } from "../../../../machine/host/gdb/port.ts";
import { defined } from "../../../harness/defined.ts";

/** The lowest port that Linux gives to a program that asks for any. */
const SYSTEM_FIRST = 32_768;

const taken: Awaited<ReturnType<typeof openPort>>[] = [];

afterEach(async () => {
  for (const { server } of taken.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function take(): Promise<number> {
  const open = await openPort(await freePort(0));
  taken.push(open);
  return open.port;
}

test("a port for another program is below the ports that the system gives, and can be opened", async () => {
  const port = await take();
  expect(port).toBeLessThan(SYSTEM_FIRST);
  expect(port).toBeGreaterThanOrEqual(1024);
});

test("a port that is in use is passed over", async () => {
  const [first, second, third] = [await take(), await take(), await freePort(0)];
  const draws = [first, second, third];
  expect(await freePort(0, () => defined(draws.shift()))).toBe(third);
});

test("the search ends with a Problem after 100 ports that are in use", async () => {
  const port = await take();
  let draws = 0;
  const draw = (): number => {
    draws++;
    return port;
  };
  await expect(freePort(0, draw)).rejects.toThrow(Problem);
  expect(draws).toBe(100);
});

test("a port that a person names is used, or refused if it is in use", async () => {
  const port = await take();
  await expect(freePort(port)).rejects.toThrow(`port ${port} is in use`);
  const other = await freePort(0);
  expect(await freePort(other)).toBe(other);
});
