/**
 * What the kernel writes for the driver of a device: registers, the ring, descriptors. A device follows each address that
 * it finds there, so the driver knows none: it names memory by the numbers of its pins (abi/virtio.ts).
 *
 * A device is named by the slot of its capability. Reached from mmio.ts and queue.ts; goes on in the kernel.
 */

import { SELF, Syscall } from "abi/syscall";
import { OFFER_TELLS, PIECES_MAX, VirtioRegister } from "abi/virtio";
import { systemCall } from "./assembly";

/** Writes a register that names no memory. */
export function writeRegister(device: u32, register: VirtioRegister, value: u64): i32 {
  return <i32>systemCall(device, register, value, 0, 0, 0, 0, Syscall.WriteRegister);
}

/** Gives the device an empty ring, and maps what the device writes of it at `used`, in place of an earlier one. */
export function setUpQueue(device: u32, size: u32, used: usize): i32 {
  systemCall(SELF, used, 0, 0, 0, 0, 0, Syscall.Unmap);
  return <i32>systemCall(device, size, used, 0, 0, 0, 0, Syscall.SetUpQueue);
}

/** Offers the device the PIECES_MAX words at `pieces`, of which those from the first 0 on are none. The head, or a Refusal. */
export function offer(device: u32, order: u32, pieces: usize): i32 {
  return <i32>(
    systemCall(
      device,
      order,
      load<u64>(pieces),
      load<u64>(pieces, 8),
      load<u64>(pieces, 16),
      load<u64>(pieces, 24),
      load<u64>(pieces, 32),
      Syscall.Offer,
    )
  );
}

/** Tells the device of the chains that it was not told of yet. */
export function tell(device: u32, order: u32): i32 {
  return <i32>systemCall(device, order | OFFER_TELLS, 0, 0, 0, 0, 0, Syscall.Offer);
}

if (PIECES_MAX !== 5) {
  ERROR("an Offer has as many pieces as are loaded here");
}
