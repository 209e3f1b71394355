/**
 * The startup page: what a task finds, read-only, at STARTUP_PAGE when it starts.
 *
 *   0    magic        u32   STARTUP_MAGIC
 *   4    count        u32   entries that are in use (0 to STARTUP_ENTRIES_MAX)
 *   8    timebase     u64   ticks a second of every deadline
 *   16   extensions   u64   bits of Extension: what the processor can do beyond rv64imac, on every hart
 *   24   argument     128   what the task is to do, UTF-8, zero-padded ("hw smp")
 *   152  entries            STARTUP_ENTRIES_MAX × 32 bytes:
 *          0   role   u32   Role
 *          4   slot   u32   where the capability is in the task's table
 *          8   base   u64   Device: physical address. Starter: the bit that says "ready". Foreground: the bit that says "Ctrl-C"
 *          16  size   u64   Device: bytes. Memory object: bytes. Starter: the bit that says "nothing to serve"
 *          24  irq    u32   Device, Interrupt: the interrupt's number at the PLIC
 *          28  instance u32 Starter: how often this service was started before
 */
export const STARTUP_MAGIC: u32 = 0x4e52_5553;
export const STARTUP_ARGUMENT_BYTES: u32 = 128;
export const STARTUP_ENTRIES_MAX: u32 = 48;

/** Extensions of the instruction set that a task may use where they are offered. */
export const enum Extension {
  /** Basic bit manipulation: rotations among others. */
  Zbb = 1,
}

/** What a capability is for. */
export const enum Role {
  None = 0,
  Console = 1,
  Power = 2,
  Info = 3,
  /** The boot bundle, a memory object (nexus-init only). */
  Bundle = 4,
  /** The registers of a virtio-mmio slot. */
  VirtioDevice = 5,
  /** Its interrupt (same `irq`). */
  VirtioInterrupt = 6,
  /** The endpoint that this service receives on. */
  Serve = 7,
  /** Where the service signals that it is ready, or has nothing to serve. The entry says which bits are its own. */
  Starter = 8,
  /** virtioblkd's endpoint, to call. */
  BlockService = 9,
  /** packagefsd's endpoint, to call. */
  PackageService = 10,
  /** The image of in-memory fixtures, a memory object. */
  Fixtures = 11,
  /** The registers of the console's UART. */
  UartDevice = 12,
  /** Its interrupt. */
  UartInterrupt = 13,
  /** The right to own the console (Right.Manage on Kind.Console). */
  ConsoleOwner = 14,
  /** The audit trail: to read it, to add to it. */
  Audit = 15,
  /** Stopping and restarting harts. */
  Harts = 16,
  /** consoled's endpoint, to call. */
  ConsoleService = 17,
  /** The device tree as the firmware handed it over, a memory object. */
  DeviceTree = 18,
  /** nexus-init's own endpoint, to have programs run (init.capnp). */
  InitService = 19,
  /**
   * The topology vouches that the file behind the disk cannot be written, even if the device does not say so. The
   * capability allows nothing: its presence alone counts.
   */
  ReadOnlyFile = 20,
  /** consoled's: where it signals a Ctrl-C that was typed while no task reads a line. The entry says with which bit. */
  Foreground = 21,
  /** The task's own job: to divide it. nexus-init's is the root, which has everything. */
  Job = 22,
  /** A memory object of one page that a service finds again in its next life. It is zero before the first. */
  Memory = 23,
}

@unmanaged
@final
export class StartupEntry {
  role: u32;
  slot: u32;
  base: u64;
  size: u64;
  irq: u32;
  instance: u32;
}

@unmanaged
@final
export class Startup {
  magic: u32;
  count: u32;
  timebase: u64;
  extensions: u64;

  /** The address of the argument's first byte. */
  get argument(): usize {
    return changetype<usize>(this) + STARTUP_ARGUMENT_OFFSET;
  }

  /** Entry `index`, which must be below STARTUP_ENTRIES_MAX. */
  entry(index: u32): StartupEntry {
    return changetype<StartupEntry>(
      changetype<usize>(this) + STARTUP_ENTRIES_OFFSET + index * offsetof<StartupEntry>(),
    );
  }
}

export const STARTUP_ARGUMENT_OFFSET: u32 = 24;
const STARTUP_ENTRIES_OFFSET: u32 = STARTUP_ARGUMENT_OFFSET + STARTUP_ARGUMENT_BYTES;

if (offsetof<StartupEntry>() !== 32) {
  ERROR("StartupEntry is 32 bytes in the drawing above");
}
if (STARTUP_ENTRIES_OFFSET + STARTUP_ENTRIES_MAX * offsetof<StartupEntry>() > 4096) {
  ERROR("the startup page overflows");
}
