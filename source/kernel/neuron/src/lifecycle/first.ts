/**
 * The first task, nexus-init, from the kernel's image. It gets everything there is to give: the console, the power
 * switch, information, the boot bundle, and every virtio-mmio slot of the device tree with its interrupt. All others
 * get theirs from it.
 */
import { Kind, Right } from "abi/handle";
import { Resource } from "abi/job";
import { PAGE_BYTES, STACK_BYTES, STACK_TOP, STARTUP_PAGE } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Extension, Role, STARTUP_MAGIC, Startup } from "abi/startup";
import { Class } from "abi/task";
import { ElfError, elfErrorText } from "elf/format";
import { ELF_STATE_BYTES, Executable, Segment } from "elf/reader";
import { hasZbb } from "../arch/riscv/assembly";
import { PLIC_SOURCES_MAX } from "../arch/riscv/plic";
import { __bundle_end, __bundle_start, __init_end, __init_start } from "../arch/riscv/symbols";
import { timebaseHz } from "../arch/riscv/timer";
import { deviceRegion, devices, runArgument, UART_REGION } from "../boot/devices";
import { rootJob } from "../job/job";
import { createPermanentVmo, createVmo, releaseVmo, Vmo, vmoPages } from "../mm/vmo";
import { NO_BADGE, putCapability } from "../task/handles";
import { releaseTask } from "../task/life";
import { Task } from "../task/objects";
import { allocTask } from "../task/task";
import { prepareTask, startTask, TASK_PAGES } from "./create";
import { mapWhole } from "./memory";

/** Memory objects over parts of the kernel's image: the bundle, and the device tree. No job is charged for them. */
export const PERMANENT_VMOS: u32 = 2;

const program = changetype<Executable>(memory.data(ELF_STATE_BYTES, 8));

// "nexus-init", little-endian, as Task keeps names.
const NAME_LOW: u64 = 0x6e692d737578656e;
const NAME_HIGH: u64 = 0x7469;

/**
 * Makes and starts nexus-init, in the most urgent class, since no task can make one more urgent than itself. Null, or
 * what went wrong. Boot hart only, before any task runs.
 */
export function startFirstTask(): string | null {
  const error = program.open(__init_start(), <u32>(__init_end() - __init_start()));
  if (error !== ElfError.None) {
    return elfErrorText(error);
  }
  const job = rootJob();
  const task = job.take(Resource.Tasks, 1, TASK_PAGES) ? allocTask(job) : null;
  if (task === null || prepareTask(task, null, Class.Driver) !== Refusal.None) {
    return "no memory for nexus-init";
  }
  task.nameLow = NAME_LOW;
  task.nameHigh = NAME_HIGH;
  task.vital = 1;
  for (let i: u32 = 0; i < program.segmentCount; i++) {
    if (!loadSegment(task, program.segment(i))) {
      return "no memory for nexus-init's program";
    }
  }
  if (mapNew(task, STACK_TOP - STACK_BYTES, STACK_BYTES, Right.Read | Right.Write) === 0) {
    return "no memory for nexus-init's stack";
  }
  const page = mapNew(task, STARTUP_PAGE, PAGE_BYTES, Right.Read);
  if (page === 0) {
    return "no memory for nexus-init's startup page";
  }
  fillStartup(task, changetype<Startup>(page));
  if (startTask(task, program.entry, STACK_TOP) !== Refusal.None) {
    return "nexus-init cannot be started";
  }
  releaseTask(task); // no capability names it
  return null;
}

/** Maps new memory at `address` of `task`; returns its kernel address, or 0. The mapping keeps it. */
function mapNew(task: Task, address: u32, bytes: u32, rights: u32): usize {
  const job = task.job;
  const vmo = job.take(Resource.Vmos, 1, vmoPages(bytes)) ? createVmo(job, bytes) : null;
  if (vmo === null) {
    return 0;
  }
  const base = <usize>vmo.base;
  const mapped = mapWhole(task, vmo, address, bytes, rights);
  releaseVmo(vmo);
  return mapped === Refusal.None ? base : 0;
}

function loadSegment(task: Task, segment: Segment): bool {
  const bytes = segment.pagesEnd - segment.pagesStart;
  let rights: u32 = Right.Read;
  if (segment.writable) {
    rights |= Right.Write;
  }
  if (segment.executable) {
    rights |= Right.Execute;
  }
  const base = mapNew(task, segment.pagesStart, bytes, rights);
  if (base === 0) {
    return false;
  }
  memory.copy(
    base + (segment.address - segment.pagesStart),
    __init_start() + segment.fileOffset,
    segment.fileBytes,
  );
  return true;
}

/** Gives a capability under the next slot, and says so in the startup page. */
function give(task: Task, page: Startup, role: Role, kind: Kind, object: u32, rights: u32): u32 {
  const slot = page.count;
  putCapability(task, slot, kind, object, rights | Right.Transfer, NO_BADGE);
  const entry = page.entry(slot);
  entry.role = role;
  entry.slot = slot;
  page.count = slot + 1;
  return slot;
}

function objectOf(vmo: Vmo): u32 {
  return <u32>changetype<usize>(vmo);
}

function fillStartup(task: Task, page: Startup): void {
  page.magic = STARTUP_MAGIC;
  page.timebase = timebaseHz();
  page.extensions = devices().zbb && hasZbb() ? Extension.Zbb : 0;
  memory.copy(page.argument, runArgument(), devices().runBytes);
  give(task, page, Role.Console, Kind.Console, 0, Right.Write);
  give(task, page, Role.Power, Kind.Power, 0, Right.Manage);
  give(task, page, Role.Info, Kind.Info, 0, Right.Read);

  const bytes = <u32>(__bundle_end() - __bundle_start());
  const bundle = createPermanentVmo(__bundle_start(), bytes);
  page.entry(give(task, page, Role.Bundle, Kind.Vmo, objectOf(bundle), Right.Read)).size = bytes;
  giveTree(task, page);

  give(task, page, Role.ConsoleOwner, Kind.Console, 0, Right.Write | Right.Manage);
  give(task, page, Role.Audit, Kind.Audit, 0, Right.Read | Right.Write);
  give(task, page, Role.Harts, Kind.Harts, 0, Right.Manage);
  task.job.retain();
  give(task, page, Role.Job, Kind.Job, <u32>changetype<usize>(task.job), Right.Manage);
  if (devices().uart !== 0) {
    giveDevice(task, page, Role.UartDevice, Role.UartInterrupt, UART_REGION);
  }
  for (let i: u32 = 0; i < devices().virtioCount; i++) {
    giveDevice(task, page, Role.VirtioDevice, Role.VirtioInterrupt, i);
  }
}

/**
 * The device tree, where it lies on pages of its own: it was written by the firmware, and RAM around it is not shown.
 */
function giveTree(task: Task, page: Startup): void {
  const d = devices();
  if ((d.treeAddress & (PAGE_BYTES - 1)) !== 0) {
    return;
  }
  const vmo = createPermanentVmo(d.treeAddress, d.treeBytes);
  page.entry(give(task, page, Role.DeviceTree, Kind.Vmo, objectOf(vmo), Right.Read)).size = d.treeBytes;
}

/** The registers and the interrupt of device region `index`. */
function giveDevice(task: Task, page: Startup, role: Role, interruptRole: Role, index: u32): void {
  const region = deviceRegion(index);
  const all: u32 = Right.Read | Right.Write | Right.Manage;
  const device = page.entry(give(task, page, role, Kind.Device, index, all));
  device.base = region.base;
  device.size = region.size;
  device.irq = region.irq;
  if (region.irq === 0 || region.irq >= PLIC_SOURCES_MAX) {
    return;
  }
  page.entry(give(task, page, interruptRole, Kind.Interrupt, region.irq, Right.Manage)).irq = region.irq;
}
