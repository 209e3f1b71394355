// A block service with an image in memory. It is as strict as the real one (bounds, attachment, rights), and notes its requests.
// It misbehaves when a test asks for it: with an error status, a refusal of the kernel, half of the data, or other data.

import {
  FakeEndpoint,
  type FakeVmo,
  type Message,
  Refusal,
  Right,
  vmoIn,
} from "../../harness/fake-kernel/kernel.ts";
import type { Fields, Wire } from "./wire.ts";

const SECTOR_BYTES = 512;

export interface DiskRead {
  readonly lba: number;
  readonly count: number;
}

/** The wrong result of a read: a status, a Refusal of the kernel, or bytes that are not the image's. */
export type Misbehaviour = string | number | ((content: Uint8Array) => void);

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
      case this.wire.method("read"):
        return this.read(message);
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

  private read({ bytes }: Message): Uint8Array | number {
    const params = this.wire.decode("VirtioBlkReadParams", bytes);
    const [lba, count, offset] = [Number(params.lba), Number(params.count), Number(params.offset)];
    const fails = (status: string) => this.reply("VirtioBlkReadResults", { status });
    if (!this.attached) {
      return fails("notAttached");
    }
    if (count === 0 || count > 256) {
      return fails("badCount");
    }
    if (lba + count > Number(this.sectors)) {
      return fails("outOfRange");
    }
    const length = count * SECTOR_BYTES;
    if (offset + length > this.attachedBytes) {
      return fails("outOfMemoryObject");
    }
    this.reads.push({ lba, count });

    const misbehaviour = this.misbehave({ lba, count });
    if (typeof misbehaviour === "number") {
      if (misbehaviour === Refusal.PeerGone) {
        this.restart();
      }
      return misbehaviour;
    }
    const target = this.attached.content.subarray(offset, offset + length);
    if (typeof misbehaviour === "string") {
      // The failed read has written half of the data.
      target.subarray(0, length / 2).fill(0xdd);
      return fails(misbehaviour);
    }
    target.set(this.image.subarray(lba * SECTOR_BYTES, lba * SECTOR_BYTES + length));
    misbehaviour?.(target);
    return this.reply("VirtioBlkReadResults", { bytes: length });
  }
}
