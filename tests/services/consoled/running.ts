// consoled, running as Wasm over a fake kernel and a fake UART; its clients are functions of the test.
//
//     test ──message──▶ Receive │ consoled │ registers ──▶ FakeUart ──▶ the wire
//     test ──printed──▶ ConsoleRead       │ ◀── signal ── its interrupt
//
// If nothing has come, Receive throws through the guest's frames. The service's state is in static memory, so its loop is
// called again with the next event.

import {
  FakeDevice,
  FakeEndpoint,
  FakeInterrupt,
  FakeKernel,
  FakeNotification,
  forever,
  type KernelObject,
  Right,
  Role,
  Stopped,
} from "../../harness/fake-kernel/kernel.ts";
import { type Fields, Wire } from "../packagefsd/wire.ts";
import { FakeUart } from "./fake-uart.ts";

const REGISTERS = 0x1000_0000;
/** Turns of `run`: each sends up to sixteen bytes, so this is more than any test prints. */
const TURNS_MAX = 100_000;
export const READY = 1n;
export const ABSENT = 2n;
/** The signal for Ctrl-C at `front`. */
export const INTERRUPTED = 0x40n;

const program = `
import { Role } from "abi/startup";
import { serve } from "runtime/service";
import { slotOf } from "runtime/startup";
import { onSignal } from "services/consoled/main";
import { onRequest, poll } from "services/consoled/requests";
export { main } from "services/consoled/main";
export function serveAgain(): void { serve(slotOf(Role.Serve), onRequest, onSignal, poll); }
`;

export class Console {
  readonly kernel: FakeKernel;
  readonly uart: FakeUart;
  /** What main returned. Undefined while the service runs. */
  readonly exitCode: number | undefined;
  readonly starter = new FakeNotification();
  readonly front = new FakeNotification();
  private readonly wire: Wire;
  private readonly endpoint = new FakeEndpoint();

  /** Starts the service; without a UART if the test says so. */
  static async start(options: { uart?: boolean; refuse?: FakeKernel["refuse"] } = {}): Promise<Console> {
    const uart = new FakeUart(REGISTERS);
    const kernel = await FakeKernel.start({ text: program }, { hardware: [uart] });
    return new Console(kernel, uart, await Wire.of("console"), options);
  }

  private constructor(
    kernel: FakeKernel,
    uart: FakeUart,
    wire: Wire,
    options: { uart?: boolean; refuse?: FakeKernel["refuse"] },
  ) {
    this.kernel = kernel;
    this.uart = uart;
    this.wire = wire;
    const slot = (role: number, object: KernelObject, rights: number, badge = 0n) => ({
      role,
      slot: kernel.insert(object, rights, Number(badge)),
    });
    const place = { base: 0x1000_0000n, size: 0x1000n, irq: 10 };
    const device = () => [
      { ...slot(Role.UartDevice, new FakeDevice(uart), Right.Read | Right.Write), ...place },
      { ...slot(Role.UartInterrupt, new FakeInterrupt(uart), Right.Manage), irq: 10 },
    ];
    kernel.writeStartup("", [
      slot(Role.Console, { kind: "console" }, Right.Write),
      slot(Role.ConsoleOwner, { kind: "console" }, Right.Manage),
      slot(Role.Serve, this.endpoint, Right.Receive),
      { ...slot(Role.Starter, this.starter, Right.Send, READY | ABSENT), base: READY, size: ABSENT },
      { ...slot(Role.Foreground, this.front, Right.Send, INTERRUPTED), base: INTERRUPTED },
      ...(options.uart === false ? [] : device()),
    ]);
    if (options.refuse) {
      kernel.refuse = options.refuse;
    }
    kernel.onIdle = ({ deadline }) => {
      if (deadline !== forever) {
        this.passTime();
      }
    };
    this.exitCode = kernel.untilIdle("main");
  }

  /** Text that the kernel and tasks print. */
  print(text: string): void {
    this.kernel.print(text);
  }

  /** Sends a request. Returns a function that decodes the answer, or gives undefined while there is none. */
  ask(badge: number, method: string, fields: Fields = {}): () => Fields | undefined {
    const name = `Console${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    return this.send(badge, this.wire.method(method), this.wire.encode(`${name}Params`, fields), name);
  }

  /** Sends any bytes. The answer is decoded as one of `name`. */
  send(badge: number, w0: bigint, bytes: Uint8Array, name = "ConsoleFlush"): () => Fields | undefined {
    const answer = this.endpoint.send({ badge, w0, bytes });
    this.kernel.untilIdle("serveAgain");
    return () => {
      const reply = answer();
      return reply && this.wire.decode(`${name}Results`, reply);
    };
  }

  /** A person types. Nothing happens until `run`. */
  type(text: string): void {
    this.uart.incoming.push(...new TextEncoder().encode(text));
  }

  /** Runs the wire, the interrupt and the service until nothing changes any more. */
  run(): void {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      this.uart.run();
      this.kernel.devices.deliver();
      if (!this.kernel.isSignalled) {
        return;
      }
      this.kernel.untilIdle("serveAgain");
    }
    throw new Error("the service and its device never come to rest");
  }

  /** How many bytes the kernel still keeps. */
  get keptBytes(): number {
    return this.kernel.keptBytes;
  }

  /** The service polls the device without an interrupt. Time passes on the wire, so that the wait ends. */
  private passTime(): void {
    if (this.uart.isStalled) {
      throw new Stopped("hang");
    }
    this.uart.run();
  }
}
