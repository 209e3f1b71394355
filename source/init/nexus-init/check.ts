/**
 * Checks a topology before the first task exists. The table is our own, so a flaw is a mistake in topology.ts; a line
 * names it.
 */
import { Right } from "abi/handle";
import { Role } from "abi/startup";
import { TASK_NAME_BYTES } from "abi/task";
import { GRANTS_MAX, Program, Topology } from "./topology";

export const enum Flaw {
  None = 0,
  /** A name is empty or longer than a task's name may be. */
  BadName = 1,
  /** A row names more roles than it has room for. */
  TooManyGifts = 2,
  /** A row names a role twice. */
  GivenTwice = 3,
  /** Two programs would drive the same device. */
  TwoOwners = 4,
  /** No program would drive a device. */
  NoOwner = 5,
  /** One program has a device, another its interrupt. */
  InterruptApart = 6,
  /** Two programs serve the same role. */
  ServedTwice = 7,
  /** A program is given a service that starts after it, or that no program serves. */
  NotServedYet = 8,
  /** A client would be given more rights to a service than to call it. */
  MoreThanSend = 9,
  /** A program is given the power switch or the bundle, which only nexus-init may have. */
  NotToGive = 10,
  /** One program has the UART, another owns what is printed. */
  ConsoleApart = 11,
}

/** The first flaw of the table, in the order of its rows. */
export function flaw(topology: Topology): Flaw {
  for (let i: u32 = 0; i < topology.count; i++) {
    const found = flawOf(topology, i);
    if (found !== Flaw.None) {
      return found;
    }
  }
  return ownershipFlaw(topology);
}

/** A flaw as half a sentence. */
export function flawName(found: Flaw): string {
  switch (found) {
    case Flaw.BadName:
      return "a program's name is empty or too long";
    case Flaw.TooManyGifts:
      return "a program is given too many roles";
    case Flaw.GivenTwice:
      return "a program is given a role twice";
    case Flaw.TwoOwners:
      return "a device has two owners";
    case Flaw.NoOwner:
      return "a device has no owner";
    case Flaw.InterruptApart:
      return "a device and its interrupt have different owners";
    case Flaw.ServedTwice:
      return "two programs serve the same role";
    case Flaw.NotServedYet:
      return "a program is given a service that is not started before it";
    case Flaw.MoreThanSend:
      return "a client is given more of a service than to call it";
    case Flaw.NotToGive:
      return "a program is given what only nexus-init may hold";
    case Flaw.ConsoleApart:
      return "the UART and the console have different owners";
    default:
      return "no flaw";
  }
}

/** Whether a role stands for the endpoint of a service. */
export function isService(role: Role): bool {
  return role === Role.BlockService || role === Role.PackageService || role === Role.ConsoleService;
}

function flawOf(topology: Topology, index: u32): Flaw {
  const program = topology.program(index);
  if (program.nameLength === 0 || program.nameLength > TASK_NAME_BYTES) {
    return Flaw.BadName;
  }
  if (program.giftCount > GRANTS_MAX) {
    return Flaw.TooManyGifts;
  }
  if (program.service !== Role.None && isServedBefore(topology, index, program.service)) {
    return Flaw.ServedTwice;
  }
  for (let i: u32 = 0; i < program.giftCount; i++) {
    const gift = program.gift(i);
    if (gift.role === Role.Power || gift.role === Role.Bundle) {
      return Flaw.NotToGive;
    }
    if (program.gifts(gift.role) !== 1) {
      return Flaw.GivenTwice;
    }
    if (!isService(gift.role)) {
      continue;
    }
    if (gift.rights !== Right.Send) {
      return Flaw.MoreThanSend;
    }
    if (!isServedBefore(topology, index, gift.role)) {
      return Flaw.NotServedYet;
    }
  }
  return Flaw.None;
}

function ownershipFlaw(topology: Topology): Flaw {
  const found = deviceFlaw(topology, Role.VirtioDevice, Role.VirtioInterrupt);
  if (found !== Flaw.None) {
    return found;
  }
  if (owners(topology, Role.VirtioDevice) === 0) {
    return Flaw.NoOwner;
  }
  // No program has to drive the UART: the kernel prints by itself.
  const apart = deviceFlaw(topology, Role.UartDevice, Role.UartInterrupt);
  if (apart !== Flaw.None) {
    return apart;
  }
  // The program that has the UART has to own what is printed.
  const console = deviceFlaw(topology, Role.UartDevice, Role.ConsoleOwner);
  return console === Flaw.InterruptApart ? Flaw.ConsoleApart : console;
}

/** The flaw if two programs drive a kind of device, or one drives it and another has its interrupt. */
function deviceFlaw(topology: Topology, device: Role, interrupt: Role): Flaw {
  if (owners(topology, device) > 1 || owners(topology, interrupt) > 1) {
    return Flaw.TwoOwners;
  }
  for (let i: u32 = 0; i < topology.count; i++) {
    const program = topology.program(i);
    if (program.gifts(device) !== program.gifts(interrupt)) {
      return Flaw.InterruptApart;
    }
  }
  return Flaw.None;
}

function owners(topology: Topology, role: Role): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < topology.count; i++) {
    count += topology.program(i).gifts(role);
  }
  return count;
}

function isServedBefore(topology: Topology, index: u32, role: Role): bool {
  for (let i: u32 = 0; i < index; i++) {
    const earlier: Program = topology.program(i);
    if (earlier.service === role) {
      return true;
    }
  }
  return false;
}
