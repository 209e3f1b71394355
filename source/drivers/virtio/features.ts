/**
 * Feature bits, and the choice among them. Pure: bits in, bits out (virtio 1.2, 2.2 and 6).
 *
 * A driver says what it must have and what it would like; the device says what it offers. The driver accepts only bits
 * that were offered and that this code names: an unknown feature may change the meaning of everything else.
 */

import { VERSION_MODERN, VIRTIO_F_VERSION_1 } from "abi/virtio";

/** The device wants translated addresses. Not accepted: there is no IOMMU here, a bus address is a physical one. */
export const VIRTIO_F_ACCESS_PLATFORM: u64 = 1 << 33;

/** A legacy device has 32 feature bits; the register for the others does not exist. */
const LEGACY_BITS: u64 = 0xffff_ffff;

/** The features that a device of this version has to offer: `required`, and on version 2 VERSION_1 (6.1). */
export function requiredFeatures(required: u64, version: u32): u64 {
  return version === VERSION_MODERN ? required | VIRTIO_F_VERSION_1 : required;
}

/** Whether every bit of `required` is among `offered`. */
export function offersAll(offered: u64, required: u64): bool {
  return (offered & required) === required;
}

/** The bits to accept: the offered ones among those that are required or wanted. */
export function acceptedFeatures(offered: u64, required: u64, wanted: u64, version: u32): u64 {
  const known = required | wanted;
  const reachable: u64 = version === VERSION_MODERN ? known : known & LEGACY_BITS;
  return offered & reachable;
}
