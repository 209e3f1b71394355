// A block service with an image in memory. It is as strict as the real one (bounds, attachment, rights), and notes its requests.
// It misbehaves when a test asks for it: with an error status, a refusal of the kernel, half of the data, or other data. It
// may also be silent: then the read stays under way until the test ends it.

import { TIMEBASE } from "../../harness/abi.ts";
import {
  FakeEndpoint,
  type FakeVmo,
  type Message,
  Refusal,
  Right,
  vmoIn,
} from "../../harness/fake-kernel/kernel.ts";
import type { Fields, Value, Wire } from "./wire.ts";

const SECTOR_BYTES = 512;

export interface DiskRead {
  readonly lba: number;
  readonly count: number;
}

/** The wrong result of a read: a status, a Refusal of the kernel, bytes that are not the image's, or none for a while. */
export type Misbehaviour = string | number | ((content: Uint8Array) => void) | typeof silent;

/** A read does not end before the test says so. */
export const silent = Symbol("silent");

/** A read as `exchange` orders it. */
interface Order extends DiskRead {
  readonly offset: number;
  readonly tag: number;
}

/** As the contract has it: how many reads one client may have started and not been told the end of. */
const DEPTH_MAX = 8;
const TICKS_OF_MILLISECOND = TIMEBASE / 1000n;

export class FakeDisk {
  readonly endpoint = new FakeEndpoint();
  readonly reads: DiskRead[] = [];
  attachments = 0;
  /** How many of the next attachments of memory it refuses as busy. */
  busyAttachments = 0;
  /** Called before every read. Undefined: the read succeeds. */
  misbehave: (read: DiskRead) => Misbehaviour | undefined = () => undefined;
  /** How many sectors it claims to have. */
  sectors: bigint;
  sectorSize = SECTOR_BYTES;
  /** Reads that do not end before the test says so, in the order in which they began. */
  readonly pending: Order[] = [];
  /** The kernel whose time passes while a client waits in vain. */
  kernel: { time: bigint } | undefined;
  /** How long clients have waited in vain, in milliseconds: one number for each exchange. */
  readonly waits: bigint[] = [];
  private endings: { readonly tag: number; readonly status: string }[] = [];
  private attached: FakeVmo | undefined;
  private attachedBytes = 0;
  readonly image: Uint8Array;
  private readonly wire: Wire;

  constructor(wire: Wire, image: Uint8Array) {
    this.wire = wire;
    this.image = image;
    this.sectors = BigInt(image.length / SECTOR_BYTES);
    this.endpoint.answer = (message) => this.answer(message);
  }

  /** The service has ended and was started again. It knows no client any more. */
  restart(): void {
    this.attached = undefined;
    this.attachedBytes = 0;
    this.pending.length = 0;
    this.endings = [];
  }

  /** Ends the pending read of this sector: well, or with a status. */
  end(lba: number, status = "ok"): void {
    const place = this.pending.findIndex((each) => each.lba <= lba && lba < each.lba + each.count);
    const [order] = place < 0 ? [] : this.pending.splice(place, 1);
    if (!order) {
      throw new Error(`no read of sector ${lba} is under way`);
    }
    if (status === "ok") {
      this.targetOf(order).set(this.contentOf(order));
    }
    this.endings.push({ tag: order.tag, status });
  }

  /** The memory that the device shares with its client. A test writes there as a late or malicious device would. */
  get shared(): Uint8Array {
    if (!this.attached) {
      throw new Error("nothing is attached");
    }
    return this.attached.content;
  }

  answer(message: Message): Uint8Array | number {
    switch (message.w0) {
      case this.wire.method("info"):
        return this.reply("VirtioBlkInfoResults", { sectors: this.sectors, sectorSize: this.sectorSize });
      case this.wire.method("attach"):
        return this.attach(message);
      case this.wire.method("exchange"):
        return this.exchange(message);
      default:
        throw new Error(`packagefsd called method ${message.w0} of the block service`);
    }
  }

  private reply(struct: string, fields: Fields): Uint8Array {
    return this.wire.encode(struct, fields);
  }

  private attach(message: Message): Uint8Array {
    const { bytes: wanted } = this.wire.decode("VirtioBlkAttachParams", message.bytes);
    const vmo = vmoIn(message);
    const needed = Right.Read | Right.Write;
    const isAllowed = message.slot !== undefined && (message.slot.rights & needed) === needed;
    if (this.busyAttachments-- > 0) {
      return this.reply("VirtioBlkAttachResults", { status: "busy" });
    }
    if (!vmo || !isAllowed || Number(wanted) > vmo.size) {
      return this.reply("VirtioBlkAttachResults", { status: "attachRefused" });
    }
    this.attachments++;
    this.attached = vmo;
    this.attachedBytes = Number(wanted);
    return this.reply("VirtioBlkAttachResults", {});
  }

  private exchange({ bytes }: Message): Uint8Array | number {
    const params = this.wire.decode("VirtioBlkExchangeParams", bytes);
    const orders = ordersIn(params.orders);
    const fails = (status: string) => this.reply("VirtioBlkExchangeResults", { status });
    if (!this.attached) {
      return fails("notAttached");
    }
    if (this.pending.length + this.endings.length + orders.length > DEPTH_MAX) {
      return fails("busy");
    }
    for (const order of orders) {
      const refusal = this.start(order);
      if (refusal !== undefined) {
        return refusal;
      }
    }
    if (this.endings.length < Number(params.waitFor) && this.pending.length > 0) {
      this.waitInVain(BigInt(Number(params.patience)));
    }
    const { endings } = this;
    this.endings = [];
    return this.reply("VirtioBlkExchangeResults", { endings });
  }

  /** Nothing that a test has left pending ends by itself. */
  private waitInVain(milliseconds: bigint): void {
    if (milliseconds === 0n || !this.kernel) {
      throw new Error("packagefsd waits without a limit for a disk that is silent");
    }
    this.waits.push(milliseconds);
    this.kernel.time += milliseconds * TICKS_OF_MILLISECOND;
  }

  /** Begins a read, which ends at once unless it is silent. A number is the kernel's refusal of the whole call. */
  private start(order: Order): number | undefined {
    const { lba, count, tag } = order;
    const refusal = this.refusalOf(order);
    if (refusal !== undefined) {
      this.endings.push({ tag, status: refusal });
      return undefined;
    }
    this.reads.push({ lba, count });
    const misbehaviour = this.misbehave({ lba, count });
    if (typeof misbehaviour === "number") {
      if (misbehaviour === Refusal.PeerGone) {
        this.restart();
      }
      return misbehaviour;
    }
    if (misbehaviour === silent) {
      this.pending.push(order);
      return undefined;
    }
    const target = this.targetOf(order);
    if (typeof misbehaviour === "string") {
      // The failed read has written half of the data.
      target.subarray(0, target.length / 2).fill(0xdd);
      this.endings.push({ tag, status: misbehaviour });
      return undefined;
    }
    target.set(this.contentOf(order));
    misbehaviour?.(target);
    this.endings.push({ tag, status: "ok" });
    return undefined;
  }

  private refusalOf({ lba, count, offset }: Order): string | undefined {
    if (count === 0 || count > 256) {
      return "badCount";
    }
    if (lba + count > Number(this.sectors)) {
      return "outOfRange";
    }
    return offset + count * SECTOR_BYTES > this.attachedBytes ? "outOfMemoryObject" : undefined;
  }

  private targetOf({ offset, count }: Order): Uint8Array {
    return this.shared.subarray(offset, offset + count * SECTOR_BYTES);
  }

  private contentOf({ lba, count }: DiskRead): Uint8Array {
    return this.image.subarray(lba * SECTOR_BYTES, (lba + count) * SECTOR_BYTES);
  }
}

function ordersIn(value: Value | undefined): Order[] {
  if (!Array.isArray(value)) {
    throw new Error("an exchange without a list of orders");
  }
  return value.map((each: Fields) => ({
    lba: Number(each.lba),
    count: Number(each.count),
    offset: Number(each.offset),
    tag: Number(each.tag),
  }));
}
