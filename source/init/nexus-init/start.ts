/**
 * Starts the program of one row: makes its endpoint, gathers what the row says it gets, hands both to the loader.
 * Reached from main.ts; goes on in runtime/loader.ts.
 */
import { Kind, Right } from "abi/handle";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { ElfError, elfErrorText } from "elf/format";
import { create, now, result } from "runtime/call";
import { LAUNCH_BYTES, Launch, launch, Step, stepName } from "runtime/loader";
import { print } from "runtime/log";
import { roleName } from "runtime/names";
import { entryOf, startup } from "runtime/startup";
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
import { LOADER_WINDOW } from "./limits";
import { because, sayOf } from "./say";
import { Program, State, Topology } from "./topology";

const launched = changetype<Launch>(memory.data(LAUNCH_BYTES, 8));

/** By which badge services know the program of row `index`. Zero is nobody. */
export function badgeOf(index: u32): u32 {
  return index + 1;
}

/**
 * Starts the program of row `index` from its ELF file in memory.
 *
 * @returns false, after a line that says what was refused
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
  const what = launched.begin();
  what.nameLow = program.nameLow;
  what.nameHigh = program.nameHigh;
  what.taskClass = program.taskClass;
  what.timebase = startup().timebase;
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
    print(sayOf("there is not what it takes to start ", program));
    return false;
  }

  const status = launch(what);
  if (status < 0) {
    sayRefused(program, what, status);
    // The task that was made in vain has ended, and we were told: that is nobody's end.
    listenToSignals(now());
    take(endedBit(index));
    return false;
  }
  program.task = what.task;
  program.state = program.service === Role.None ? State.Running : State.Starting;
  return true;
}

/**
 * What a service has and others do not: the endpoint that it receives on, the same in every life, and whom to tell that it
 * is ready, with bits that are its own.
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

/** Every capability of that role, cut to `rights`. False if there is no room, or the role cannot be had. */
function giveRole(what: Launch, topology: Topology, index: u32, role: Role, rights: u32): bool {
  if (isService(role)) {
    const server = topology.server(role);
    // A service that is absent is not given: the program finds no such role, and knows. One that was given up is: whoever
    // calls it is told so. That endpoint takes no badge any more, and nobody would see it.
    if (server === null || server.state === State.Absent || server.endpoint === NO_SLOT) {
      return true;
    }
    const badge = server.state === State.GivenUp ? 0 : badgeOf(index);
    return what.give(role, server.endpoint, rights, badge) !== null;
  }
  if (role === Role.InitService) {
    return what.give(role, initEndpoint(), rights, badgeOf(index)) !== null;
  }
  if (role === Role.Foreground) {
    return giveForeground(what, rights);
  }
  if (role === Role.Fixtures) {
    return giveFixtures(what, rights);
  }
  // It says something by being there, and allows nothing.
  if (role === Role.ReadOnlyFile) {
    return what.give(role, eventsSlot(), Right.None, 0) !== null;
  }
  return giveOwn(what, role, rights);
}

/** Where a Ctrl-C is signalled: to us, by one bit that is good for nothing else. */
function giveForeground(what: Launch, rights: u32): bool {
  const given = what.give(Role.Foreground, eventsSlot(), rights, <u32>interruptBit());
  if (given === null) {
    return false;
  }
  given.base = interruptBit();
  return true;
}

/** What the kernel gave to us under that role, all of it. */
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

/** The fixtures' own memory, made once: nobody can write it, so the next life of a service may have the same. */
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
