/**
 * Why a device is not trusted any more: one list for the transport, the ring and the block device, so that a log line
 * or an audit record needs one number, and its name (`faultName`). A fault is always about the *device*. A bad request
 * gets a `SubmitRefusal` (virtio-blk/request.ts), which goes back to its caller.
 */
export const enum DeviceFault {
  None = 0,

  // Looking at a slot (mmio.ts)
  /** The magic value is not there: no virtio-mmio registers at this address. */
  NotVirtio = 1,
  /** A register layout other than 1 (legacy) and 2. */
  UnknownVersion = 2,
  /** The slot is there, nothing is plugged in (device id 0). */
  EmptySlot = 3,
  /** A virtio device of another kind. */
  OtherDevice = 4,

  // Bringing it up (mmio.ts)
  /** Status did not go back to 0: the device may still be writing to memory. */
  ResetTimeout = 5,
  /** A feature that the driver cannot do without is not offered. */
  FeatureMissing = 6,
  /** The device did not keep FEATURES_OK. */
  FeaturesRefused = 7,
  /** The queue does not exist (QueueNumMax 0). */
  QueueMissing = 8,
  /** The queue is already in use before the driver sets it up. */
  QueueInUse = 9,
  /** The kernel has no memory for the ring, or the caller no place for it. The device is not at fault. */
  QueueMemory = 10,
  /** The configuration changed each time it was read. */
  ConfigUnstable = 11,
  /** Its interrupt is not ours, so no answer would be noticed. */
  NoInterrupt = 13,
  /** The device set DEVICE_NEEDS_RESET. */
  NeedsReset = 12,
  /** It works with translated addresses only (VIRTIO_F_ACCESS_PLATFORM), and there is no IOMMU here. */
  NeedsIommu = 14,

  /** Its registers could not be mapped. The kernel refused it; the device is not at fault. */
  NotMapped = 15,

  // What came back on the ring (queue.ts)
  /** used.idx moved further than there are chains in flight. */
  UsedIndexJump = 32,
  /** An id outside the ring. */
  UsedIdRange = 33,
  /** An id of no chain that the device has: it was never given, given back before, or is no head. */
  UsedIdFree = 34,
  /** More bytes written than the chain had room for. */
  UsedLength = 36,

  // The block device (virtio-blk/device.ts, geometry.ts and disk.ts)
  /** It does not offer VIRTIO_BLK_F_RO, and the topology does not vouch for the file behind it. */
  NotReadOnly = 64,
  /** So large that a byte offset would not fit in 63 bits. */
  Capacity = 65,
  /** A block size that is not a power of two from 512 to 4096 bytes. */
  BlockSize = 66,
  /** Capacity, block size or limits are not what they were. */
  IdentityChanged = 67,
  /** A request came back without a status. */
  StatusMissing = 68,
  /** A status that the specification does not know. */
  StatusUnknown = 69,
  /** "Ok", and fewer bytes than were asked for. */
  ReadLength = 70,
  /** A largest segment or a number of segments that no read can be made of. */
  SegmentLimits = 71,
  /** A request was not answered by its deadline. */
  DeadlineMissed = 72,
  /** It needed too many resets in a row without answering one request well. */
  GivenUp = 73,
  /**
   * An answer lay in the ring when its deadline came, and no interrupt had announced it. The answer counts, and the
   * device was not reset.
   */
  InterruptMissing = 74,
  /** Capacity 0. */
  NoSectors = 75,
}

/** Why a device is refused, as half a sentence; empty for a fault that is never a reason to refuse one. */
export function refusedBecause(fault: DeviceFault): string {
  switch (fault) {
    case DeviceFault.NotMapped:
      return "its registers cannot be mapped";
    case DeviceFault.UnknownVersion:
      return "its registers are of an unknown version";
    case DeviceFault.ResetTimeout:
      return "it does not reset";
    case DeviceFault.FeatureMissing:
      return "it lacks a feature that the driver cannot do without";
    case DeviceFault.FeaturesRefused:
      return "it does not work with the features that the driver chose";
    case DeviceFault.NeedsIommu:
      return "it wants an IOMMU, and there is none here: remove iommu_platform=on";
    case DeviceFault.QueueMissing:
      return "it has no queue for requests, or one that is too small";
    case DeviceFault.QueueInUse:
      return "its queue is in use";
    case DeviceFault.QueueMemory:
      return "there is no memory for its queue";
    case DeviceFault.ConfigUnstable:
      return "its configuration changes each time it is read";
    case DeviceFault.NoInterrupt:
      return "its interrupt is not available";
    case DeviceFault.NeedsReset:
      return "it asks for a reset right after one";
    case DeviceFault.NotReadOnly:
      return "it can be written: readonly=on is missing";
    case DeviceFault.NoSectors:
      return "it has no sectors";
    case DeviceFault.Capacity:
      return "it says that it has more sectors than there can be";
    case DeviceFault.BlockSize:
      return "its block size is not a power of two from 512 to 4096 bytes";
    case DeviceFault.SegmentLimits:
      return "no read fits the limits of its segments";
    default:
      return "";
  }
}

/** The name of a fault as it is spelled above. */
export function faultName(fault: DeviceFault): string {
  switch (fault) {
    case DeviceFault.None:
      return "None";
    case DeviceFault.NotVirtio:
      return "NotVirtio";
    case DeviceFault.UnknownVersion:
      return "UnknownVersion";
    case DeviceFault.EmptySlot:
      return "EmptySlot";
    case DeviceFault.OtherDevice:
      return "OtherDevice";
    case DeviceFault.ResetTimeout:
      return "ResetTimeout";
    case DeviceFault.FeatureMissing:
      return "FeatureMissing";
    case DeviceFault.FeaturesRefused:
      return "FeaturesRefused";
    case DeviceFault.QueueMissing:
      return "QueueMissing";
    case DeviceFault.QueueInUse:
      return "QueueInUse";
    case DeviceFault.QueueMemory:
      return "QueueMemory";
    case DeviceFault.ConfigUnstable:
      return "ConfigUnstable";
    case DeviceFault.NoInterrupt:
      return "NoInterrupt";
    case DeviceFault.NeedsReset:
      return "NeedsReset";
    case DeviceFault.UsedIndexJump:
      return "UsedIndexJump";
    case DeviceFault.UsedIdRange:
      return "UsedIdRange";
    case DeviceFault.UsedIdFree:
      return "UsedIdFree";
    case DeviceFault.UsedLength:
      return "UsedLength";
    case DeviceFault.NotReadOnly:
      return "NotReadOnly";
    case DeviceFault.Capacity:
      return "Capacity";
    case DeviceFault.BlockSize:
      return "BlockSize";
    case DeviceFault.IdentityChanged:
      return "IdentityChanged";
    case DeviceFault.StatusMissing:
      return "StatusMissing";
    case DeviceFault.StatusUnknown:
      return "StatusUnknown";
    case DeviceFault.ReadLength:
      return "ReadLength";
    case DeviceFault.SegmentLimits:
      return "SegmentLimits";
    case DeviceFault.DeadlineMissed:
      return "DeadlineMissed";
    case DeviceFault.GivenUp:
      return "GivenUp";
    case DeviceFault.InterruptMissing:
      return "InterruptMissing";
    case DeviceFault.NoSectors:
      return "NoSectors";
    case DeviceFault.NeedsIommu:
      return "NeedsIommu";
    case DeviceFault.NotMapped:
      return "NotMapped";
    default:
      return "no known fault";
  }
}
