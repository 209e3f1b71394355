/**
 * Starts the program of one row: creates its endpoint, gathers the capabilities that the row names, and hands both to
 * the loader. Reached from main.ts; goes on in runtime/loader.ts.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { ElfError, elfErrorText } from "elf/format";
import { create, createVmo, now, result } from "runtime/call";
import { LAUNCH_BYTES, Launch, launch, Step, stepName } from "runtime/loader";
import { print } from "runtime/log";
import { roleName } from "runtime/names";
import { entryOf, slotOf, startup } from "runtime/startup";
import { BundledFile, copyOfFile, findImageInBundle } from "./bundle";
import { isService } from "./check";
import {
  absentBit,
  endedBit,
  eventsSlot,
  initEndpoint,
  interruptBit,
  listenToSignals,
  readyBit,
  take,
} from "./events";
import { closeJob, openJob } from "./jobs";
import { LOADER_WINDOW } from "./limits";
import { because, sayOf } from "./say";
import { Program, State, Topology } from "./topology";

const launched = changetype<Launch>(memory.data(LAUNCH_BYTES, 8));

/** The badge by which services know the program of row `index`. Zero names no program. */
export function badgeOf(index: u32): u32 {
  return index + 1;
}

/**
 * Starts the program of row `index` from its ELF file in memory.
 *
 * @returns false, after printing what was refused, if that fails
 */
export function start(
  topology: Topology,
  index: u32,
  file: usize,
  length: u32,
  argument: usize,
  argumentBytes: u32,
): bool {
  const program = topology.program(index);
  if (!openJob(program)) {
    return false;
  }
  if (launchIn(topology, program, index, file, length, argument, argumentBytes)) {
    return true;
  }
  closeJob(program);
  return false;
}

/** Starts a program in its job. */
function launchIn(
  topology: Topology,
  program: Program,
  index: u32,
  file: usize,
  length: u32,
  argument: usize,
  argumentBytes: u32,
): bool {
  const what = launched.begin();
  what.job = program.job;
  what.nameLow = program.nameLow;
  what.nameHigh = program.nameHigh;
  what.taskClass = program.taskClass;
  what.timebase = startup().timebase;
  what.extensions = startup().extensions;
  what.notification = eventsSlot();
  what.endBits = endedBit(index);
  what.file = file;
  what.fileBytes = length;
  what.argument = argument;
  what.argumentBytes = argumentBytes;
  what.window = LOADER_WINDOW;

  if (program.service !== Role.None && !giveEndpoint(what, program, index)) {
    return false;
  }
  for (let i: u32 = 0; i < program.giftCount; i++) {
    const gift = program.gift(i);
    if (giveRole(what, topology, index, gift.role, gift.rights)) {
      continue;
    }
    print(sayOf("cannot gather the capabilities of ", program));
    return false;
  }

  const status = launch(what);
  if (status < 0) {
    sayRefused(program, what, status);
    // The kernel has signalled the end of the task that failed to start. That is not the end of a program, so the
    // signal is taken here.
    listenToSignals(now());
    take(endedBit(index));
    return false;
  }
  program.task = what.task;
  program.state = program.service === Role.None ? State.Running : State.Starting;
  return true;
}

/**
 * Gives a service what only services get: the endpoint that it receives on, the same in every life, and the
 * notification to report to, with bits of its own.
 */
function giveEndpoint(what: Launch, program: Program, index: u32): bool {
  const status = program.endpoint === NO_SLOT ? create(Kind.Endpoint) : 0;
  if (status < 0) {
    print(because(sayOf("an endpoint was refused for ", program), status));
    return false;
  }
  if (program.endpoint === NO_SLOT) {
    program.endpoint = <u32>result(0);
  }
  what.give(Role.Serve, program.endpoint, Right.Receive, 0);
  const own = <u32>(readyBit(index) | absentBit(index));
  const starter = what.give(Role.Starter, eventsSlot(), Right.Send, own);
  if (starter === null) {
    return false;
  }
  starter.base = readyBit(index);
  starter.size = absentBit(index);
  starter.instance = program.restarts;
  return true;
}

/** Gives every capability of that role, cut to `rights`. False if there is no room, or no such capability. */
function giveRole(what: Launch, topology: Topology, index: u32, role: Role, rights: u32): bool {
  if (isService(role)) {
    const server = topology.server(role);
    // The endpoint of an absent service is not given: the program finds no such role. The endpoint of a service that
    // was given up is given: the kernel refuses every call to it. That endpoint takes no badge any more, and no
    // receiver would see one.
    if (server === null || server.state === State.Absent || server.endpoint === NO_SLOT) {
      return true;
    }
    const badge = server.state === State.GivenUp ? 0 : badgeOf(index);
    return what.give(role, server.endpoint, rights, badge) !== null;
  }
  if (role === Role.Job) {
    return what.give(role, topology.program(index).job, rights, 0) !== null;
  }
  const badge = topology.program(index).consoleBadge;
  if (role === Role.Console && badge !== 0) {
    // Only the right to own the console allows a badge.
    return what.give(role, slotOf(Role.ConsoleOwner), rights, badge) !== null;
  }
  if (role === Role.InitService) {
    return what.give(role, initEndpoint(), rights, badgeOf(index)) !== null;
  }
  if (role === Role.Foreground) {
    return giveForeground(what, rights);
  }
  if (role === Role.Memory) {
    return giveMemory(what, topology.program(index), rights);
  }
  if (role === Role.Fixtures) {
    return giveFixtures(what, rights);
  }
  // This role allows nothing: its presence is the information.
  if (role === Role.ReadOnlyFile) {
    return what.give(role, eventsSlot(), Right.None, 0) !== null;
  }
  return giveOwn(what, role, rights);
}

/** Gives consoled our notification for Ctrl-C, with one bit that has no other use. */
function giveForeground(what: Launch, rights: u32): bool {
  const given = what.give(Role.Foreground, eventsSlot(), rights, <u32>interruptBit());
  if (given === null) {
    return false;
  }
  given.base = interruptBit();
  return true;
}

/** Gives all capabilities that the kernel gave us under that role. */
function giveOwn(what: Launch, role: Role, rights: u32): bool {
  let nth: u32 = 0;
  let entry = entryOf(role, nth);
  while (entry !== null) {
    const given = what.give(role, entry.slot, rights, 0);
    if (given === null) {
      return false;
    }
    given.base = entry.base;
    given.size = entry.size;
    given.irq = entry.irq;
    nth += 1;
    entry = entryOf(role, nth);
  }
  return true;
}

/** Gives a service the page that all of its lives have. */
function giveMemory(what: Launch, program: Program, rights: u32): bool {
  if (program.memory === NO_SLOT) {
    if (createVmo(PAGE_BYTES) !== Refusal.None) {
      return false;
    }
    program.memory = <u32>result(0);
  }
  return what.give(Role.Memory, program.memory, rights, 0) !== null;
}

/** The fixtures' own memory, made once. No task can write it, so the next life of a service can have it again. */
let fixtures: u32 = NO_SLOT;
const fixturesFile = changetype<BundledFile>(memory.data(offsetof<BundledFile>(), 8));

function giveFixtures(what: Launch, rights: u32): bool {
  if (fixtures === NO_SLOT) {
    if (!findImageInBundle("fixtures.img", fixturesFile)) {
      return false;
    }
    fixtures = copyOfFile(fixturesFile);
    if (fixtures === NO_SLOT) {
      return false;
    }
  }
  const given = what.give(Role.Fixtures, fixtures, rights & ~(<u32>Right.Write), 0);
  if (given === null) {
    return false;
  }
  given.size = fixturesFile.bytes;
  return true;
}

function sayRefused(program: Program, what: Launch, status: i32): void {
  const words = sayOf("cannot start ", program).text(": ");
  if (what.failedStep === Step.CheckFile && what.elfError !== ElfError.None) {
    print(words.text(elfErrorText(what.elfError)));
    return;
  }
  words.text(stepName(what.failedStep));
  if (what.failedStep === Step.Grant) {
    words.text(" of role ").code(what.failedRole, roleName(what.failedRole));
  }
  print(because(words.text(" was refused"), status));
}
