// One run of the target `virtio`: an input says what the device is, what clients and the clock do, and what the device says and
// when.
//
//     byte 0 to 7   what the device is          then four bytes a step: what, a, b, c
//
// A step of the device can be put off until the guest's n-th next access to the device or to its ring: so it comes between any
// two reads of the driver or the kernel.

import { VirtioRegister as register } from "../../../../build/gen/host/source/abi/virtio.ts";
import type { FuzzGuest } from "../../engine/guest.ts";
import { promise } from "../../engine/target.ts";
import { Bus } from "./bus.ts";
import { type Identity, LyingDevice } from "./device.ts";
import { BUFFER_BYTES, BUFFERS, READ_SECTORS_MAX } from "./guest.ts";
import { Judge } from "./judge.ts";
import { DISK_SECTORS, goodIdentity, lied, ofDevice, STEPS, step, takeStep } from "./lies.ts";

export const IDENTITY_BYTES = 8;
const STEP_BYTES = 4;
const STEPS_MAX = 96;

export class VirtioRun {
  /** What the guest imports comes here. */
  readonly bus: Bus;
  private readonly guest: FuzzGuest;
  private readonly device: LyingDevice;
  private readonly judge: Judge;
  private now = 0n;

  constructor(guest: FuzzGuest, identity: Identity) {
    this.guest = guest;
    guest.begin();
    guest.call("begin");
    const buffers = guest.call("buffersAt");
    const pins = [
      { base: guest.call("headersAt"), bytes: guest.call("headerBytes") },
      { base: buffers, bytes: BUFFERS * BUFFER_BYTES },
    ];
    const memory = new DataView(guest.memory.buffer);
    this.judge = new Judge(memory, pins, buffers, identity.version === 1);
    this.device = new LyingDevice(identity, this.judge);
    this.judge.device = this.device;
    this.bus = new Bus(guest, this.device, this.judge);
  }

  /** All that the input says, then the end: nothing is left over, and an honest device is used again. */
  run(input: Uint8Array): void {
    this.bus.call("open", 0);
    const steps = input.subarray(IDENTITY_BYTES);
    let accesses = 0;
    for (let at = 0; at + STEP_BYTES <= Math.min(steps.length, STEPS_MAX * STEP_BYTES); at += STEP_BYTES) {
      const [kind = 0, a = 0, b = 0, c = 0] = steps.subarray(at, at + STEP_BYTES);
      const what = kind % STEPS;
      if (what === step.later) {
        accesses = a;
      } else if (ofDevice.has(what)) {
        this.deviceActs(accesses, what, a, b, c);
        accesses = 0;
      } else {
        this.act(what, a, b, c);
        this.takeCompletions();
      }
    }
    this.bus.forgetWhatWasPutOff();
    this.bus.call("close");
    this.takeCompletions();
    promise(this.judge.waiting === 0, "a read never ends");
    this.recover();
  }

  /** The device tells the truth from now on: one read has to be right. */
  private recover(): void {
    const { device, judge } = this;
    device.becomeHonest(goodIdentity(device.identity.version));
    judge.mayBeLegacy = device.identity.version === 1;
    promise(this.bus.call("open", 0) === 0, "an honest device is refused after one that lied");
    const read = judge.begin(3n, 1, this.now + 1n);
    if (read === undefined) {
      return;
    }
    const { tag, offset } = read;
    const refusal = this.bus.call("submit", 3n, 1, offset, this.now + 1n, BigInt(tag), 1);
    promise(
      refusal === 0 && device.pending.length === 1,
      "an honest device gets no read after one that lied",
    );
    device.finish(0);
    this.interrupt();
    this.takeCompletions();
    promise(judge.waiting === 0, "an honest device's answer is not taken after one that lied");
  }

  private act(what: number, a: number, b: number, c: number): void {
    switch (what) {
      case step.submit:
        this.submit(a, b, c);
        break;
      case step.interrupt:
        this.interrupt();
        break;
      case step.expire:
        this.now += BigInt(a);
        this.bus.call("expire", this.now);
        break;
      case step.kick:
        this.bus.call("kick");
        break;
      case step.unpin:
        this.unpin(a % 3);
        break;
      case step.open:
        this.bus.call("close");
        this.takeCompletions();
        this.judge.mayBeLegacy ||= this.device.identity.version === 1;
        this.bus.call("open", a & 1);
        break;
      default:
    }
  }

  /** The device takes a step now, or at the `accesses`-th next access. */
  private deviceActs(accesses: number, what: number, a: number, b: number, c: number): void {
    this.judge.mayBeLegacy ||= what === step.lieInRegister && lied[a % lied.length] === register.Version;
    this.bus.forgetWhatWasPutOff();
    if (accesses > 0) {
      this.bus.putOff(accesses, () => takeStep(this.device, what, a, b, c));
    } else {
      takeStep(this.device, what, a, b, c);
    }
  }

  private submit(a: number, b: number, c: number): void {
    const count = 1 + (b % READ_SECTORS_MAX);
    const lba = BigInt(a % DISK_SECTORS);
    const deadline = this.now + 1n + BigInt(c >> 1);
    const read = this.judge.begin(lba, count, deadline);
    if (read === undefined) {
      return;
    }
    if (this.bus.call("submit", lba, count, read.offset, deadline, BigInt(read.tag), c & 1) !== 0) {
      this.judge.refused(read.tag);
    }
  }

  private interrupt(): void {
    const bits = this.bus.call("interruptBits");
    this.bus.call("kernelAcknowledges", bits);
    this.bus.call("handleInterrupt", bits);
  }

  private unpin(number: number): void {
    if (number === 2) {
      if (this.bus.call("mayUnpinAll") !== 0) {
        this.judge.mayGo(0);
        this.judge.mayGo(1);
      }
    } else if (this.bus.call("mayUnpin", number) !== 0) {
      this.judge.mayGo(number);
    }
  }

  private takeCompletions(): void {
    const { guest } = this;
    const most = this.judge.waiting;
    for (let taken = 0; guest.call("takeCompletion") !== 0; taken++) {
      promise(taken < most, "there are more answers than reads");
      const done = {
        tag: guest.call("completionTag"),
        lba: BigInt(guest.call("completionLba")),
        count: guest.call("completionCount"),
        outcome: guest.call("completionOutcome"),
      };
      this.judge.completed(done, this.now);
    }
  }
}
