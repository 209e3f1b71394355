// consoled, running as Wasm over a fake kernel and a fake UART; its clients are functions of the test.
//
//     test ──message──▶ Receive │ consoled │ registers ──▶ FakeUart ──▶ the wire
//     test ──printed──▶ ConsoleRead       │ ◀── signal ── its interrupt
//
// A Receive with nothing to come throws through the guest's frames: the service keeps its state in static memory, so
// its
// loop is called again with the next event.

import {
  FakeEndpoint,
  FakeKernel,
  FakeNotification,
  forever,
  messageBytesMax,
  messagePage,
  Refusal,
  Role,
  Stopped,
  Syscall,
} from "../../harness/fake-kernel/kernel.ts";
import { type Fields, Wire } from "../packagefsd/wire.ts";
import { FakeUart } from "./fake-uart.ts";

const REGISTERS = 0x1000_0000;
const INTERRUPT_BIT = 1n;
const PRINTED_BIT = 2n;
export const READY = 1n;
export const ABSENT = 2n;
/** What stands for Ctrl-C at `front`. */
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
  /** What main returned; undefined: it serves. */
  readonly exitCode: number | undefined;
  readonly starter = new FakeNotification();
  readonly front = new FakeNotification();
  private readonly wire: Wire;
  private readonly endpoint = new FakeEndpoint();
  /** The notification that the service has bound. */
  private events = new FakeNotification();
  private readonly printed: number[] = [];
  private isClaimed = false;
  private isOwned = false;

  /** Starts it; without a UART if the test says so. */
  static async start(options: { uart?: boolean; refuse?: FakeKernel["refuse"] } = {}): Promise<Console> {
    const uart = new FakeUart(REGISTERS);
    const kernel = await FakeKernel.start({ text: program }, { imports: { intrinsics: uart.intrinsics } });
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
    const slot = (object: Parameters<FakeKernel["insert"]>[0], role: number) => ({
      role,
      slot: kernel.insert(object),
    });
    const device = [
      { ...slot({ kind: "device" }, Role.UartDevice), base: 0x1000_0000n, size: 0x1000n, irq: 10 },
      { ...slot({ kind: "interrupt" }, Role.UartInterrupt), irq: 10 },
    ];
    kernel.writeStartup("", [
      slot({ kind: "console" }, Role.Console),
      slot({ kind: "console" }, Role.ConsoleOwner),
      slot(this.endpoint, Role.Serve),
      { ...slot(this.starter, Role.Starter), base: READY, size: ABSENT },
      { ...slot(this.front, Role.Foreground), base: INTERRUPTED },
      ...(options.uart === false ? [] : device),
    ]);
    kernel.refuse = (made) => {
      if (made.number === Syscall.Receive && made.a[1] !== forever) {
        this.passTime();
      }
      return options.refuse?.(made);
    };
    this.fakeConsole();
    this.exitCode = this.untilIdle("main");
  }

  /** The kernel and tasks print. */
  print(text: string): void {
    this.printed.push(...new TextEncoder().encode(text));
    this.events.bits |= PRINTED_BIT;
  }

  /** Sends a request; what decodes its answer, undefined as long as there is none. */
  ask(badge: number, method: string, fields: Fields = {}): () => Fields | undefined {
    const name = `Console${method.charAt(0).toUpperCase()}${method.slice(1)}`;
    return this.send(badge, this.wire.method(method), this.wire.encode(`${name}Params`, fields), name);
  }

  /** Sends any bytes. The answer is decoded as that of `name`. */
  send(badge: number, w0: bigint, bytes: Uint8Array, name = "ConsoleFlush"): () => Fields | undefined {
    let answer: Fields | undefined;
    this.endpoint.calls.push({
      message: { badge, w0, bytes },
      onReply: (reply) => {
        answer = this.wire.decode(`${name}Results`, reply);
      },
    });
    this.untilIdle("serveAgain");
    return () => answer;
  }

  /** A person types; nothing happens before `run`. */
  type(text: string): void {
    this.uart.incoming.push(...new TextEncoder().encode(text));
  }

  /** Lets everything happen that can: the wire, the interrupt, the service, until nothing changes any more. */
  run(): void {
    for (;;) {
      this.uart.run();
      const isNew = this.uart.isRaised && !this.isClaimed;
      if (isNew) {
        this.isClaimed = true;
        this.events.bits |= INTERRUPT_BIT;
      }
      if (this.events.bits === 0n) {
        return;
      }
      this.untilIdle("serveAgain");
    }
  }

  /** How much the kernel still keeps. */
  get keptBytes(): number {
    return this.printed.length;
  }

  /** The service waits for the device and not for an interrupt: time passes there, or it would for ever. */
  private passTime(): void {
    if (this.endpoint.calls.length > 0 || this.events.bits !== 0n) {
      return;
    }
    if (this.uart.isStalled) {
      throw new Stopped("hang");
    }
    this.uart.run();
  }

  private untilIdle(name: string): number | undefined {
    const end = this.kernel.run(name);
    if (!(end instanceof Stopped)) {
      return end;
    }
    if (end.why !== "hang") {
      throw end;
    }
    return undefined;
  }

  private fakeConsole(): void {
    const { extra } = this.kernel;
    extra.set(Syscall.Signal, ([slot = 0n, bits = 0n]) => {
      const to = this.kernel.slots.get(Number(slot))?.object;
      if (!(to instanceof FakeNotification)) {
        return -2;
      }
      to.bits |= bits;
      return 0;
    });
    extra.set(Syscall.MapDevice, ([, address = 0n]) => (address === BigInt(REGISTERS) ? 0 : Refusal.Overlap));
    extra.set(Syscall.BindInterrupt, ([, notification = 0n, bits = 0n]) => this.bindTo(notification, bits));
    extra.set(Syscall.CompleteInterrupt, () => {
      this.isClaimed = false;
      return 0;
    });
    extra.set(Syscall.ConsoleOwn, ([, notification = 0n, bits = 0n]) => {
      this.isOwned =
        this.kernel.slots.get(Number(notification))?.object === this.events && bits === PRINTED_BIT;
      return this.isOwned ? 0 : -5;
    });
    extra.set(Syscall.ConsoleRead, () => {
      if (!this.isOwned) {
        return -15;
      }
      const bytes = this.printed.splice(0, messageBytesMax);
      this.kernel.guest.bytes().set(bytes, messagePage);
      this.kernel.setResults(bytes.length);
      return 0;
    });
  }

  /** The notification that consoled has made is what we signal. */
  private bindTo(slot: bigint, bits: bigint): number {
    const made = this.kernel.slots.get(Number(slot));
    if (!(made?.object instanceof FakeNotification) || bits !== INTERRUPT_BIT) {
      return -5;
    }
    this.events = made.object;
    return 0;
  }
}
