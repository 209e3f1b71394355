// A UART whose other end has stalled: what was kept for the console's owner is tried once, not byte after byte for ever.

import { expect, test } from "vitest";
import { guest } from "../harness/guest.ts";

const harts = 0x0100_0000;
const uart = 0x0a00_0000;
/** Polls before a byte is given up, as arch/riscv/uart.ts has them. */
const pollsMax = 20_000_000;
const bytesKept = 4000;

test("is waited for once when its owner is gone", async () => {
  let polls = 0;
  const g = await guest(
    {
      text: `
        import { uartInit } from "kernel/neuron/src/arch/riscv/uart";
        import { disownConsole, ownConsole, printBytes, printInit, takePrinted } from "kernel/neuron/src/diag/print";
        export { disownConsole, takePrinted };
        export function keep(uart: usize, text: usize, bytes: u32): bool {
          printInit();
          uartInit(uart);
          ownConsole();
          return printBytes(text, bytes);
        }
      `,
    },
    {
      imports: {
        symbols: { harts: () => harts },
        intrinsics: {
          hartPointer: () => harts,
          volatileLoad8: () => {
            polls += 1;
            return 0;
          },
          volatileStore8: () => {
            throw new Error("a byte was sent to a device that takes none");
          },
        },
      },
    },
  );
  g.memory.grow(Math.ceil((harts + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  expect(g.call("keep", uart, g.alloc(bytesKept), bytesKept)).toBe(1);
  g.call("disownConsole");
  expect(polls).toBe(pollsMax);
  expect(g.call("takePrinted", g.alloc(bytesKept), bytesKept)).toBe(0);
});
