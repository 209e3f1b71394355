/**
 * A virtio block device as such: found, brought up, identified and stopped (virtio 1.2, 3.1.1 and 5.2).
 *
 *     probe ─▶ reset ─▶ features ─▶ geometry ─▶ queue ─▶ DRIVER_OK
 *
 * The device has to be the same disk after each reset, and after each change of its configuration: what it said when it
 * was opened is kept and compared. It must be read-only, by its own word or by that of its owner.
 *
 * The parts lie behind the object that `BlockDevice` is the beginning of:
 *
 *     transport │ geometry │ geometry, as found last │ configuration │ queue        DEVICE_PARTS_BYTES in all
 *
 * Reached from virtio-blk/disk.ts, which gives the device reads; goes on in geometry.ts, virtio/queue.ts, virtio/mmio.ts.
 */
import { DeviceFault } from "virtio/fault";
import * as mmio from "virtio/mmio";
import { QUEUE_STATE_BYTES, Queue, queueSizeWithin } from "virtio/queue";
import {
  CONFIG_BUFFER_BYTES,
  F_BLK_SIZE,
  F_RO,
  F_SEG_MAX,
  F_SIZE_MAX,
  Geometry,
  REQUEST_OVERHEAD_PIECES,
  readGeometry,
} from "./geometry";
import { DiskMemory } from "./request";

/** Device id of a block device (5.2.1). */
export const DEVICE_ID_BLOCK: u32 = 2;

@unmanaged
export class BlockDevice {
  /** What the device said when it was opened. A device that says otherwise later is refused. */
  geometry: Geometry;

  protected transport: mmio.Transport;
  protected queue: Queue;
  protected memory: DiskMemory;
  /** Whether the device takes requests: from DRIVER_OK until it is stopped. */
  protected ready: bool;
  /** The result of `identify`, and the configuration bytes that it read. */
  private found: Geometry;
  private config: usize;
  private identified: bool;
  private fileIsReadOnly: bool;
  private offersReadOnly: bool;

  /** Whether reads are taken. */
  get isReady(): bool {
    return this.ready;
  }

  /** The register layout: 1 or 2. */
  get version(): u32 {
    return this.transport.version;
  }

  /** Whether the device itself says that it is read-only (VIRTIO_BLK_F_RO). */
  get isReadOnlyDevice(): bool {
    return this.offersReadOnly;
  }

  /** Places the parts at `parts`: DEVICE_PARTS_BYTES, aligned to 8. */
  protected layOutParts(parts: usize, memory: DiskMemory): void {
    let at = parts;
    this.transport = changetype<mmio.Transport>(at);
    at += TRANSPORT_BYTES;
    this.geometry = changetype<Geometry>(at);
    at += GEOMETRY_BYTES;
    this.found = changetype<Geometry>(at);
    at += GEOMETRY_BYTES;
    this.config = at;
    at += CONFIG_BUFFER_BYTES;
    this.queue = changetype<Queue>(at);
    this.memory = memory;
  }

  /**
   * Probes the registers at `base`, of the device in slot `device`, and starts what is behind them. Gives None, or why it is not
   * used.
   */
  protected bringUp(base: usize, device: u32, fileIsReadOnly: bool): DeviceFault {
    this.fileIsReadOnly = fileIsReadOnly;
    this.ready = false;
    this.identified = false;
    const missing = mmio.probe(this.transport, base, device, DEVICE_ID_BLOCK);
    if (missing !== DeviceFault.None) {
      return missing;
    }
    let fault = mmio.reset(this.transport);
    if (fault === DeviceFault.None) {
      fault = this.start();
    }
    if (fault !== DeviceFault.None) {
      mmio.giveUp(this.transport);
    }
    return fault;
  }

  /** Resets the device. On None it has stopped, and uses no memory any more. */
  protected stop(): DeviceFault {
    this.ready = false;
    return mmio.reset(this.transport);
  }

  /** Initialises a device that was reset (3.1.1, 5.2.5). */
  protected start(): DeviceFault {
    const transport = this.transport;
    mmio.advance(transport, mmio.Status.Acknowledge);
    mmio.advance(transport, mmio.Status.Driver);
    const offered = mmio.offeredFeatures(transport);
    this.offersReadOnly = (offered & F_RO) !== 0;
    if (!this.offersReadOnly && !this.fileIsReadOnly) {
      return DeviceFault.NotReadOnly;
    }
    const negotiated = mmio.negotiate(transport, offered, 0, F_RO | F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE);
    if (negotiated !== DeviceFault.None) {
      return negotiated;
    }

    const size = queueSizeWithin(mmio.queueSizeMax(transport));
    if (size <= REQUEST_OVERHEAD_PIECES) {
      return DeviceFault.QueueMissing;
    }
    const identified = this.identify(size);
    if (identified !== DeviceFault.None) {
      return identified;
    }
    // The queue of requests is the device's only one (5.2.2).
    const told = mmio.setupQueue(transport, this.queue, size, this.memory.used);
    if (told !== DeviceFault.None) {
      return told;
    }
    mmio.advance(transport, mmio.Status.DriverOk);
    if (mmio.needsReset(transport)) {
      return DeviceFault.NeedsReset;
    }
    this.ready = true;
    return DeviceFault.None;
  }

  /**
   * After a configuration interrupt: checks whether the device wants a reset, and whether it is still the same disk.
   */
  protected lookAgain(): DeviceFault {
    if (mmio.needsReset(this.transport)) {
      return DeviceFault.NeedsReset;
    }
    return this.identify(this.queue.size);
  }

  /** Reads and checks the configuration. After the first time it must stay the same. */
  private identify(queueSize: u32): DeviceFault {
    const fault = readGeometry(this.transport, queueSize, this.config, this.found);
    if (fault !== DeviceFault.None) {
      return fault;
    }
    if (this.identified && !this.found.equals(this.geometry)) {
      return DeviceFault.IdentityChanged;
    }
    this.geometry.copyFrom(this.found);
    this.identified = true;
    return DeviceFault.None;
  }
}

const TRANSPORT_BYTES: u32 = (offsetof<mmio.Transport>() + 7) & ~7;
const GEOMETRY_BYTES: u32 = (offsetof<Geometry>() + 7) & ~7;

/** Bytes that the parts of a device take, in memory that no device can reach. */
export const DEVICE_PARTS_BYTES: u32 =
  TRANSPORT_BYTES + 2 * GEOMETRY_BYTES + CONFIG_BUFFER_BYTES + QUEUE_STATE_BYTES;
