/**
 * The numbers of the ABI as words, for the lines that people read: why the kernel said no, why a task ended.
 */
import { exitName } from "abi/exit";
import { Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { End } from "abi/task";
import { PRODUCTION } from "gen/profile";
import { Line } from "text/line";

/** The name of a refusal as abi/refusal.ts spells it. */
export function refusalName(status: i32): string {
  switch (status) {
    case Refusal.None:
      return "None";
    case Refusal.BadCall:
      return "BadCall";
    case Refusal.BadSlot:
      return "BadSlot";
    case Refusal.WrongKind:
      return "WrongKind";
    case Refusal.MissingRight:
      return "MissingRight";
    case Refusal.BadArgument:
      return "BadArgument";
    case Refusal.BadAddress:
      return "BadAddress";
    case Refusal.TableFull:
      return "TableFull";
    case Refusal.NoMemory:
      return "NoMemory";
    case Refusal.Overlap:
      return "Overlap";
    case Refusal.TimedOut:
      return "TimedOut";
    case Refusal.PeerGone:
      return "PeerGone";
    case Refusal.NotWaiting:
      return "NotWaiting";
    case Refusal.AlreadyBound:
      return "AlreadyBound";
    case Refusal.HartOffline:
      return "HartOffline";
    case Refusal.BadState:
      return "BadState";
    case Refusal.TryAgain:
      return "TryAgain";
    case Refusal.Quota:
      return "Quota";
    default:
      return "a status without a name";
  }
}

/** What a job is charged for, in the plural. */
export function resourceName(resource: Resource): string {
  switch (resource) {
    case Resource.Pages:
      return "pages";
    case Resource.Tasks:
      return "tasks";
    case Resource.Vmos:
      return "memory objects";
    case Resource.Endpoints:
      return "endpoints";
    case Resource.Notifications:
      return "notifications";
    case Resource.Pins:
      return "pins";
    default:
      return "jobs";
  }
}

/** What ended a task, as half a sentence: "<task> ended: …"; `sayEnd` has the other half. */
export function endName(cause: End): string {
  switch (cause) {
    case End.Exit:
      return "it left";
    case End.Killed:
      return "it was killed";
    case End.IllegalInstruction:
      return "illegal instruction";
    case End.FloatingPoint:
      return "floating-point instruction";
    case End.InstructionFault:
      return "it jumped where no code is";
    case End.LoadFault:
      return "it read where it may not";
    case End.StoreFault:
      return "it wrote where it may not";
    case End.Misaligned:
      return "misaligned access";
    case End.Breakpoint:
      return "breakpoint";
    default:
      return "no known cause";
  }
}

/**
 * How a task ended: "exit code 65(DiskRefused)", "it was killed", "it read where it may not, at 0x40"; without the address in
 * a production build.
 */
export function sayEnd(to: Line, cause: End, detail: u64): Line {
  if (cause === End.Exit) {
    return to.text("exit code ").code(<u64>(<u32>detail), exitName(<u32>detail));
  }
  to.text(endName(cause));
  return PRODUCTION || cause === End.Killed ? to : to.text(", at ").hex(detail);
}

/** The name of a role as abi/startup.ts spells it. */
export function roleName(role: Role): string {
  switch (role) {
    case Role.None:
      return "None";
    case Role.Console:
      return "Console";
    case Role.Power:
      return "Power";
    case Role.Info:
      return "Info";
    case Role.Bundle:
      return "Bundle";
    case Role.VirtioDevice:
      return "VirtioDevice";
    case Role.VirtioInterrupt:
      return "VirtioInterrupt";
    case Role.Serve:
      return "Serve";
    case Role.Starter:
      return "Starter";
    case Role.BlockService:
      return "BlockService";
    case Role.PackageService:
      return "PackageService";
    case Role.Fixtures:
      return "Fixtures";
    case Role.UartDevice:
      return "UartDevice";
    case Role.UartInterrupt:
      return "UartInterrupt";
    case Role.ConsoleOwner:
      return "ConsoleOwner";
    case Role.Audit:
      return "Audit";
    case Role.Harts:
      return "Harts";
    case Role.ConsoleService:
      return "ConsoleService";
    case Role.DeviceTree:
      return "DeviceTree";
    case Role.InitService:
      return "InitService";
    case Role.ReadOnlyFile:
      return "ReadOnlyFile";
    case Role.Job:
      return "Job";
    case Role.Memory:
      return "Memory";
    case Role.Foreground:
      return "Foreground";
    default:
      return "no known role";
  }
}
