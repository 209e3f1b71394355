/**
 * The numbers of the ABI as words, for the lines that people read: why the kernel said no, why a task ended.
 */
import { Refusal } from "abi/refusal";
import { End } from "abi/task";

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
    default:
      return "a status without a name";
  }
}

/** What ended a task, as half a sentence: "<task> ended: …". */
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
