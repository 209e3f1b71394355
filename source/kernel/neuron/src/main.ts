/**
 * Neuron's boot. OpenSBI starts one hart of its choice, which becomes hart 0 and runs `bootMain`; it starts the others
 * one after another, and each runs `secondaryMain`. Both return to entry.S, which goes on in the scheduler (trap.ts).
 */

import { Audit } from "abi/audit";
import { hasStimecmp } from "./arch/riscv/assembly";
import { limitUser, sendTrapsToUs, takeIpisOnly } from "./arch/riscv/control";
import { useFinisher } from "./arch/riscv/finisher";
import { hartAt, initHart, setHartCount, thisHart } from "./arch/riscv/hart";
import { IPI_BURST_MAX, setSswiIndex, useSswi } from "./arch/riscv/ipi";
import { DEVICE_WINDOW } from "./arch/riscv/paging";
import { plicInit, plicStartHart, setPlicContext } from "./arch/riscv/plic";
import { parkHart, startHart, stopThisHart } from "./arch/riscv/smp";
import { timerInit, timerStartHart } from "./arch/riscv/timer";
import { uartInit } from "./arch/riscv/uart";
import { devices, discover, hartNode, parkedHart, usableRamEnd, virtioNode } from "./boot/devices";
import { askFirmware, hasSmp } from "./boot/firmware";
import { memoryInit } from "./boot/memory";
import { audit, auditInit, NO_TASK } from "./diag/audit";
import {
  bootFailed,
  bootStarted,
  hartMissing,
  hartOnline,
  hartsParked,
  memoryClipped,
  smpMissing,
} from "./diag/markers";
import { turnOff } from "./diag/panic";
import { printInit } from "./diag/print";
import { PINS_MAX, pinsInit } from "./dma/pins";
import { consoleInit } from "./ipc/console";
import { interruptsInit } from "./irq/interrupts";
import { jobsInit } from "./job/job";
import { debugInit } from "./lifecycle/debug";
import { PERMANENT_VMOS, startFirstTask } from "./lifecycle/first";
import { freeFrameCount, RAM_END } from "./mm/frames";
import { activateKernelMap, buildKernelMap, kernelSpaceSatp, mapKernelDevice } from "./mm/kernelmap";
import { VMOS_MAX, vmosInit } from "./mm/vmo";
import { queuesInit } from "./sched/queue";
import { admit } from "./sched/retire";
import { ENDPOINTS_MAX, endpointsInit, NOTIFICATIONS_MAX } from "./task/endpoint";
import { handlesInit } from "./task/handles";
import { lifeInit } from "./task/life";
import { TASKS_MAX, tasksInit } from "./task/task";

export { kernelFault } from "./diag/panic";
export { leaveHandle, scheduleFirst, switchHandle, syscallHandle, trapHandle } from "./trap";

/** From entry.S: `hartid` is physical, `treeAddress` the physical address of the device tree. */
export function bootMain(hartid: u64, treeAddress: u64): void {
  initHart(0, hartid);
  sendTrapsToUs();
  printInit();
  const problem = discover(treeAddress, hartid);
  if (devices().finisher !== 0) {
    useFinisher(DEVICE_WINDOW + devices().finisher);
  }
  orFail(problem);
  if (devices().uart !== 0) {
    uartInit(DEVICE_WINDOW + devices().uart);
  }
  setHartCount(devices().hartCount);
  bootStarted(devices().hartCount);
  if (devices().parkedCount > 0) {
    hartsParked(devices().parkedCount);
  }
  orFail(memoryInit(<usize>treeAddress));
  if (devices().ramBytes > <u64>(RAM_END - <u32>devices().ramBase)) {
    memoryClipped(devices().ramBytes);
  }
  buildKernelMap(usableRamEnd());
  mapDevices();
  activateKernelMap();
  initTables();
  askFirmware();
  timerInit(devices().timebase, devices().sstc && hasStimecmp());
  startThisHart();
  startOtherHarts();
  orFail(startFirstTask());
}

/** From entry.S, on every other hart: paging is on, `tp` points to its structure. */
export function secondaryMain(): void {
  sendTrapsToUs();
  startThisHart();
}

/** What every hart does to take part. */
function startThisHart(): void {
  const hart = thisHart();
  hart.satp = kernelSpaceSatp();
  hart.ipiTokens = IPI_BURST_MAX;
  limitUser();
  takeIpisOnly();
  timerStartHart(hart);
  plicStartHart(hart);
  if (!admit(hart)) {
    stopThisHart(hart);
  }
  audit(Audit.HartStarted, NO_TASK, hart.index, hart.hartid);
  hartOnline(hart.index);
}

function startOtherHarts(): void {
  const self = thisHart();
  if (!hasSmp()) {
    return smpMissing();
  }
  for (let i: u32 = 1; i < devices().hartCount; i++) {
    initHart(i, hartNode(i).hartid);
    if (!startHart(self, i)) {
      hartMissing(i, hartAt(i).hartid);
    }
  }
  for (let i: u32 = 0; i < devices().parkedCount; i++) {
    parkHart(parkedHart(i));
  }
}

/**
 * The devices that the kernel writes: UART, PLIC, those of virtio, and the ACLINT's software interrupts where the tree offers
 * them.
 */
function mapDevices(): void {
  const d = devices();
  if (d.uart !== 0) {
    mapKernelDevice(d.uart, UART_BYTES);
  }
  if (d.finisher !== 0) {
    mapKernelDevice(d.finisher, FINISHER_BYTES);
  }
  if (d.plic !== 0) {
    plicInit(mapKernelDevice(d.plic, min<u32>(d.plicBytes, PLIC_BYTES_MAX)));
  }
  if (d.sswi !== 0) {
    useSswi(mapKernelDevice(d.sswi, min<u32>(d.sswiBytes, SSWI_BYTES_MAX)));
  }
  for (let i: u32 = 0; i < d.virtioCount; i++) {
    mapKernelDevice(virtioNode(i).base, VIRTIO_BYTES);
  }
  for (let i: u32 = 0; i < d.hartCount; i++) {
    setPlicContext(i, hartNode(i).plicContext);
    setSswiIndex(i, hartNode(i).sswiIndex);
  }
}

/** The UART's page, the finisher's, and the one of each virtio device. */
const UART_BYTES: u32 = 4096;
const FINISHER_BYTES: u32 = 4096;
const VIRTIO_BYTES: u32 = 4096;
/** All that the PLIC's specification lays out. */
const PLIC_BYTES_MAX: u32 = 0x400_0000;
const SSWI_BYTES_MAX: u32 = 0x4000;

function initTables(): void {
  auditInit();
  // The bundle and the device tree are memory objects that no job is charged for.
  jobsInit(
    freeFrameCount(),
    TASKS_MAX,
    VMOS_MAX - PERMANENT_VMOS,
    ENDPOINTS_MAX,
    NOTIFICATIONS_MAX,
    PINS_MAX,
  );
  vmosInit();
  pinsInit();
  tasksInit();
  handlesInit();
  lifeInit();
  debugInit();
  endpointsInit();
  interruptsInit();
  consoleInit();
  queuesInit();
}

/** Says why the machine cannot be brought up, and turns it off. */
function orFail(problem: string | null): void {
  if (problem === null) {
    return;
  }
  bootFailed(problem);
  turnOff(true);
}
