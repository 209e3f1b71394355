// A UART that takes no more bytes: when the console's owner is gone, the kernel waits once for the UART, not for every byte.

import { expect, test } from "vitest";
import { guest } from "../harness/guest.ts";

const HARTS = 0x0100_0000;
const UART = 0x0a00_0000;
/** Polls before a byte is given up, as arch/riscv/uart.ts has them. */
const POLLS_MAX = 20_000_000;
const BYTES_KEPT = 4000;

test("the kernel waits once for a stalled UART when the console's owner is gone", async () => {
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
        symbols: { harts: () => HARTS },
        intrinsics: {
          hartPointer: () => HARTS,
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
  g.memory.grow(Math.ceil((HARTS + 0x10000 - g.memory.buffer.byteLength) / 65_536));
  expect(g.call("keep", UART, g.alloc(BYTES_KEPT), BYTES_KEPT)).toBe(1);
  g.call("disownConsole");
  expect(polls).toBe(POLLS_MAX);
  expect(g.call("takePrinted", g.alloc(BYTES_KEPT), BYTES_KEPT)).toBe(0);
});
