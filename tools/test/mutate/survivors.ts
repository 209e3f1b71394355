// The checks that no test misses, each with the reason why. `./nx test --mutate` fails for a check that survives and is not
// here, and for one that is here and is missed by a test, or is gone.

/** Checks that survive for one reason. */
interface Explanation {
  readonly why: string;
  /** Names and conditions, as in caught.txt. */
  readonly checks: readonly string[];
}

const explanations: readonly Explanation[] = [
  {
    why: "Only a production build makes it refuse. Attack 8 boots one and reads its whole console.",
    checks: [
      "source/kernel/neuron/src/diag/markers.ts#hartOnline#1: PRODUCTION",
      "source/kernel/neuron/src/diag/markers.ts#hartStopping#1: PRODUCTION",
      "source/kernel/neuron/src/diag/markers.ts#hartTicked#1: PRODUCTION",
      "source/kernel/neuron/src/diag/markers.ts#ipiTaken#1: PRODUCTION",
    ],
  },
  {
    why: "Only a production build leaves the order of locks unchecked, and there nothing else depends on it.",
    checks: [
      "source/kernel/neuron/src/sync/order.ts#enterRank#1: !CHECKED",
      "source/kernel/neuron/src/sync/order.ts#leaveRank#1: !CHECKED",
    ],
  },
  {
    why: "It runs where the machine starts, before Node's tests of the kernel begin. tests/system/ladder.test.ts and platforms.test.ts boot it.",
    checks: [
      "source/kernel/neuron/src/arch/riscv/sbi/base.ts#probeExtension#1: sbiQuery(EXTENSION_BASE, PROBE_EXTENSION, extension, value) === 0",
      "source/kernel/neuron/src/lifecycle/first.ts#startFirstTask#1: error !== ElfError.None",
      "source/kernel/neuron/src/lifecycle/first.ts#mapNew#1: vmo === null",
      "source/kernel/neuron/src/lifecycle/first.ts#loadSegment#1: base === 0",
      "source/kernel/neuron/src/lifecycle/first.ts#giveTree#1: (d.treeAddress & (PAGE_BYTES - 1)) !== 0",
      "source/kernel/neuron/src/lifecycle/first.ts#giveDevice#1: region.irq === 0",
      "source/kernel/neuron/src/lifecycle/first.ts#giveDevice#2: region.irq >= PLIC_SOURCES_MAX",
      "source/kernel/neuron/src/main.ts#orFail#1: problem === null",
    ],
  },
  {
    why: "It runs where a hart is started or stopped through the firmware. tests/system/harts.test.ts does so on the machine, again and again.",
    checks: [
      "source/kernel/neuron/src/arch/riscv/ipi.ts#stopOthers#2: !isOnline(i)",
      "source/kernel/neuron/src/arch/riscv/sbi/hsm.ts#hartStatus#1: error < 0",
      "source/kernel/neuron/src/arch/riscv/smp.ts#startHart#1: !beginStart()",
      "source/kernel/neuron/src/arch/riscv/smp.ts#leaveOnline#1: !hart.online.move(Online.Yes, Online.Stopping)",
      "source/kernel/neuron/src/lifecycle/hart.ts#stopHart#1: !beginStop(hart)",
    ],
  },
  {
    why: "It looks for return addresses on the stack of a kernel that has panicked. tests/system/panic.test.ts compares the trace.",
    checks: [
      "source/kernel/neuron/src/diag/panic.ts#isBehindCall#1: address < __text_start() + INSTRUCTION_BYTES",
      "source/kernel/neuron/src/diag/panic.ts#isBehindCall#2: address >= __text_end()",
      "source/kernel/neuron/src/diag/panic.ts#isBehindCall#3: (address & 1) !== 0",
      "source/kernel/neuron/src/diag/panic.ts#printTrace#1: sp >= top",
      "source/kernel/neuron/src/diag/panic.ts#printTrace#2: sp < bottom - STACK_GUARD_BYTES",
      "source/kernel/neuron/src/diag/panic.ts#printTrace#3: word >> 32 !== 0xffff_ffff",
      "source/kernel/neuron/src/diag/panic.ts#printTrace#4: !isBehindCall(<usize>word)",
    ],
  },
  {
    why: "Another hart would have to come between two instructions. In Node harts take turns at whole traps; ./nx explore and attack 16 interleave them on the machine.",
    checks: [
      "source/kernel/neuron/src/ipc/timeout.ts#expire#3: kind === Wait.Claimed",
      "source/kernel/neuron/src/ipc/timeout.ts#expire#5: !claim(task, word)",
      "source/kernel/neuron/src/sched/queue.ts#withdraw#2: queue >= table + HARTS_MAX * QUEUE_STRIDE",
      "source/kernel/neuron/src/sched/wake.ts#sendTo#1: !isOnline(target)",
      "source/kernel/neuron/src/ipc/call.ts#claimReplier#5: !claim(caller, word)",
      "source/kernel/neuron/src/ipc/console.ts#tellConsoleOwner#2: told === null",
      "source/kernel/neuron/src/ipc/timeout.ts#isBlocked#1: kind >= Wait.Sending",
      "source/kernel/neuron/src/lifecycle/kill.ts#endIfIdle#2: kind === Wait.Claimed",
      "source/kernel/neuron/src/lifecycle/kill.ts#endIfIdle#3: kind === Wait.Ended",
      "source/kernel/neuron/src/lifecycle/kill.ts#endIfIdle#4: !claim(task, word)",
      "source/kernel/neuron/src/syscall/fast.ts#fastCall#5: !claimWait(receiver, Wait.Receiving)",
      "source/kernel/neuron/src/task/task.ts#claimWait#2: claim(task, word)",
    ],
  },
  {
    why: "A second check stands behind it: the mask of a token gives no index beyond the table, and the compiler checks that it does not.",
    checks: ["source/kernel/neuron/src/ipc/call.ts#claimReplier#1: index >= TASKS_MAX"],
  },
  {
    why: "A second check stands behind it: an address beyond user space leads to an entry that is not the user's, and each page of user space is readable.",
    checks: [
      "source/kernel/neuron/src/mm/user.ts#readable#1: address >= USER_END",
      "source/kernel/neuron/src/mm/user.ts#readable#3: (entry.flags & (PTE_U | PTE_R)) !== (PTE_U | PTE_R)",
      "source/kernel/neuron/src/mm/user.ts#copyFromUser#1: at < address",
    ],
  },
  {
    why: "The limits of all jobs together are the sizes of the tables, so the charge before it is refused first.",
    checks: [
      "source/kernel/neuron/src/syscall/capabilities.ts#create#4: object === 0",
      "source/kernel/neuron/src/syscall/task.ts#createTask#6: made === null",
      "source/kernel/neuron/src/task/endpoint.ts#allocEndpoint#1: endpoint === null",
      "source/kernel/neuron/src/task/endpoint.ts#allocNotification#1: notification === null",
      "source/kernel/neuron/src/task/task.ts#allocTask#1: task === null",
    ],
  },
  {
    why: "Without it the same is found out a little later, under the lock: it only saves the way there.",
    checks: [
      "source/kernel/neuron/src/ipc/timeout.ts#expireDeadlines#1: taken === 0",
      "source/kernel/neuron/src/task/life.ts#nextEnding#1: !hasItems(endings)",
      "source/kernel/neuron/src/task/life.ts#nextToKill#1: !hasItems(kills)",
      "source/kernel/neuron/src/ipc/console.ts#tellConsoleOwner#1: owner.value === 0",
      "source/kernel/neuron/src/job/job.ts#Job.tryRetain#1: this.account === 0",
      "source/kernel/neuron/src/sched/queue.ts#RunQueue.hasBefore#1: waiting !== 0",
      "source/kernel/neuron/src/sched/queue.ts#RunQueue.hasBefore#2: (waiting & ((1 << taskClass) - 1)) !== 0",
      "source/kernel/neuron/src/sched/queue.ts#RunQueue.steal#1: (this.classes & (1 << taskClass)) === 0",
      "source/kernel/neuron/src/trap.ts#readMail#1: mail === 0",
    ],
  },
  {
    why: "Without it work is done that changes nothing: the space that is in force is entered again, a wait without a deadline is looked after, the tasks of a job that was closed are asked to end once more, an empty slot is emptied, a task that has time is judged.",
    checks: [
      "source/kernel/neuron/src/arch/riscv/satp.ts#enterSpace#1: hart.isIn(satp)",
      "source/kernel/neuron/src/ipc/timeout.ts#expire#2: deadline === FOREVER",
      "source/kernel/neuron/src/lifecycle/job.ts#closeNext#1: !mayHaveToEnd(task, other)",
      "source/kernel/neuron/src/lifecycle/reap.ts#emptySlots#1: capability.kind === <u8>Kind.Empty",
      "source/kernel/neuron/src/sched/time.ts#stepsBack#1: !isDoubtful(task)",
    ],
  },
  {
    why: "A second check stands behind it: tellEnd needs more units than are left, and leaves the end to the next piece, too.",
    checks: ["source/kernel/neuron/src/lifecycle/reap.ts#giveBackMore#4: left <= 0"],
  },
  {
    why: "It keeps a piece of an end short, and what is given back is the same. ./nx bench kernel holds a limit to the longest way with interrupts off.",
    checks: ["source/kernel/neuron/src/lifecycle/reap.ts#destroyTables#1: left <= 0 && most !== PIECE"],
  },
  {
    why: "A second check stands behind it: once the hart has said that it works, it looks again whether all others stand.",
    checks: ["source/kernel/neuron/src/sched/standstill.ts#standStill#2: !areOthersStanding(hart)"],
  },
  {
    why: "It tells the compiler what always holds: a task in an endpoint's queue has an endpoint, and the root job, which alone has no parent, never ends.",
    checks: [
      "source/kernel/neuron/src/ipc/endpoint.ts#leaveQueue#1: endpoint === null",
      "source/kernel/neuron/src/job/job.ts#releaseJob#1: parent === null",
    ],
  },
  {
    why: "Without it the kernel reads at address 0, where the machine has nothing: the first idle hart and the first call of a busy server would stop it. Wasm has memory there, and what is read leads to the same.",
    checks: [
      "source/kernel/neuron/src/sched/schedule.ts#pullMoreUrgent#1: hart.running === 0",
      "source/kernel/neuron/src/syscall/fast.ts#fastCall#4: receiver === null",
    ],
  },
  {
    why: "A second check stands behind it: the text ends with a zero, and no name of an extension has one.",
    checks: ["source/kernel/neuron/src/boot/isa.ts#isName#1: behind > end"],
  },
  {
    why: "Each half follows from the other: eight times a point of the curve has x = 0 exactly if it has y = 1, as the curve has no point of order 16.",
    checks: [
      "source/libs/ed25519/point.ts#Point.isNeutral#1: this.x.isZero()",
      "source/libs/ed25519/point.ts#Point.isNeutral#2: this.y.equals(this.z)",
    ],
  },
  {
    why: "A second check stands behind it: offset 0 is before the structure block, so step refuses it.",
    checks: [
      "source/libs/fdt/nodes.ts#Nodes.firstChild#1: node === NONE",
      "source/libs/fdt/reader.ts#Tree.property#1: node === NONE",
    ],
  },
  {
    why: "A second check stands behind it: a node's name ends with a zero, and no path has one, so the comparison ends there.",
    checks: ["source/libs/fdt/nodes.ts#Nodes.nameIsPart#1: length < count"],
  },
  {
    why: "A second check stands behind it: verify prepares the tree again, and is refused for the same reason.",
    checks: [
      "source/libs/pkgimg/blocks.ts#ImageBlocks.block#3: verifiedHere && this.prepare(block) !== ImageError.None",
    ],
  },
  {
    why: "A second check stands behind it: checkIndex refuses an entry with an empty path by the same name, so none is found either.",
    checks: [
      "source/libs/pkgimg/index.ts#find#1: length === 0",
      "source/libs/pkgimg/reader.ts#Image.pick#3: length === 0",
    ],
  },
  {
    why: "The last block of the index and that of the strings are held from the pass that has just ended, so neither is read.",
    checks: [
      "source/libs/pkgimg/index.ts#paddingError#1: heldIndex === 0",
      "source/libs/pkgimg/index.ts#paddingError#3: heldStrings === 0",
    ],
  },
  {
    why: "A second check stands behind it: adopt compares the number of tree blocks with what the tree has, and refuses by the same name.",
    checks: ["source/libs/pkgimg/superblock.ts#regionsError#11: treeBlocks > BLOCKS_MAX"],
  },
  {
    why: "The copy has room for a page, which is 512 words, and the generator refuses a struct of more than 64.",
    checks: ["source/libs/capnp/adapt.ts#adaptMessage#1: to === 0"],
  },
  {
    why: "Without it the shift for the element's size, which is -2 then, leaves 0 in the lower 32 bits.",
    checks: ["source/libs/capnp/pointer.ts#listWords#1: elementSize === ElementSize.Void"],
  },
  {
    why: "It only chooses the quickest of three ways to write the same bytes.",
    checks: [
      "source/libs/lz4/lz4.ts#repeat#1: length < LONG_BYTES",
      "source/libs/lz4/lz4.ts#repeat#2: distance === 1",
    ],
  },
  {
    why: "A second check stands behind it: the kernel maps neither what is no memory object, nor 0 bytes, nor pages beyond an object's end.",
    checks: [
      "source/services/packagefsd/clients.ts#attach#1: bytes === 0",
      "source/services/packagefsd/clients.ts#attach#3: vmoSize(slot) !== Refusal.None",
      "source/services/packagefsd/clients.ts#attach#4: result(0) < bytes",
      "source/services/packagefsd/fixtures.ts#mapFixtures#1: vmoSize(slot) !== Refusal.None",
      "source/services/packagefsd/fixtures.ts#mapFixtures#2: size === 0",
    ],
  },
  {
    why: "A second check stands behind it: without an answer the size of a sector stays 0, and no other than 512 is taken.",
    checks: [
      "source/services/packagefsd/disk.ts#learnSize#1: blockInfo(endpoint, disk) !== <i32>BlkStatus.ok",
    ],
  },
  {
    why: "Without it a bad block of the fixtures, which do not change, is looked at once more before it is refused.",
    checks: ["source/services/packagefsd/blocks.ts#ensure#2: !onDisk"],
  },
  {
    why: "Without it the service reads at address 0, where the machine has nothing: a malformed answer, or the late end of a read that was given up, would end it. Wasm has memory there, and what is read leads to the same.",
    checks: [
      "source/services/packagefsd/reads/reads.ts#ask#1: results === null",
      "source/services/packagefsd/reads/reads.ts#noteEnding#1: read === null",
    ],
  },
  {
    why: "A second check stands behind it: only a read that is active ends (endIfActive), only one under way is asked for again, and what it brought is verified like all else.",
    checks: ["source/services/packagefsd/reads/reads.ts#noteEnding#2: !read.isUnderWay"],
  },
  {
    why: "Without it the same is found out a little later: each place of the table is free.",
    checks: ["source/services/packagefsd/reads/table.ts#readOf#1: taken === 0"],
  },
  {
    why: "Only when all places are taken, and between the end of a read and the turn of its request: without it another read gets that place, and the request reads its block anew.",
    checks: ["source/services/packagefsd/reads/table.ts#Read.isIdle#2: this.waiters === 0"],
  },
  {
    why: "Without it the root is looked for in the index, which has no empty path, and then found to be a directory: the answer is the same.",
    checks: ["source/services/packagefsd/serve.ts#onOpen#3: pathLength === 0"],
  },
  {
    why: "A second check stands behind it: the kernel pins neither what is no memory object, nor 0 bytes, nor bytes beyond an object's end.",
    checks: [
      "source/services/virtioblkd/requests.ts#attach#3: slot === NO_SLOT",
      "source/services/virtioblkd/requests.ts#attach#4: byteCount === 0",
      "source/services/virtioblkd/requests.ts#attach#6: vmoSize(slot) !== Refusal.None",
      "source/services/virtioblkd/requests.ts#attach#7: result(0) < byteCount",
    ],
  },
  {
    why: "A second check stands behind it: the kernel offers no piece that reaches beyond its pin, and the client is told the same.",
    checks: [
      "source/services/virtioblkd/requests.ts#readFor#4: offset > client.byteCount",
      "source/services/virtioblkd/requests.ts#readFor#5: byteCount > client.byteCount - offset",
    ],
  },
  {
    why: "The kernel refuses a feature only where a driver asks for one that changes the ring, and this driver asks for none.",
    checks: [
      "source/drivers/virtio/mmio.ts#negotiate#2: writeRegister(transport.device, Register.DriverFeatures, accepted) !== Refusal.None",
    ],
  },
  {
    why: "The kernel gives the head of a chain that was free. It is another one only if the device changes an answer between the kernel's look and the driver's.",
    checks: [
      "source/drivers/virtio/queue.ts#Queue.publish#1: <u32>head >= this.size",
      "source/drivers/virtio/queue.ts#Queue.publish#2: this.shadow(head).isInFlight",
    ],
  },
  {
    why: "Between the request for a task's end and the end itself is a step of another hart only. If a debugger comes first there, the task ends all the same, at its next trap.",
    checks: ["source/kernel/neuron/src/lifecycle/debug.ts#claimStanding#2: !isKilled(task)"],
  },
  {
    why: "Two checks of the number of sectors: readFor and the driver's checkRange refuse the same ones by the same name, so either may go.",
    checks: [
      "source/services/virtioblkd/reads.ts#submit#3: refusal === SubmitRefusal.SectorCount",
      "source/services/virtioblkd/requests.ts#readFor#1: sectorCount === 0",
    ],
  },
  {
    why: "A second check stands behind it: reads are lost only with a device that is given up, and then the driver is not ready.",
    checks: ["source/services/virtioblkd/reads.ts#statusOf#4: outcome === Outcome.Lost"],
  },
  {
    why: "It tells the compiler what the loop before it has made sure of: there is a read.",
    checks: ["source/services/virtioblkd/reads.ts#readFirstBlock#2: read !== null"],
  },
  {
    why: "The kernel wakes a task for a notification only if a bit of it is set.",
    checks: ["source/services/virtioblkd/main.ts#onInterrupt#1: bits === 0"],
  },
  {
    why: "Without it the kernel refuses to unmap where nothing is mapped, and to drop a slot that does not exist: nothing changes.",
    checks: ["source/services/virtioblkd/device.ts#forgetMemory#1: dmaVmo === NO_SLOT"],
  },
];

/** The reason by the check's name and condition. */
export const survivors: ReadonlyMap<string, string> = new Map(
  explanations.flatMap(({ why, checks }) => checks.map((check) => [check, why])),
);
