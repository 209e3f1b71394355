/** What scause says, as words (privileged ISA 4.1.8). */
export const CAUSE_INTERRUPT: u64 = 1 << 63;

export const enum Interrupt {
  SupervisorSoftware = 1,
  SupervisorTimer = 5,
  SupervisorExternal = 9,
}

export const enum Exception {
  InstructionMisaligned = 0,
  InstructionAccess = 1,
  IllegalInstruction = 2,
  Breakpoint = 3,
  LoadMisaligned = 4,
  LoadAccess = 5,
  StoreMisaligned = 6,
  StoreAccess = 7,
  UserEcall = 8,
  SupervisorEcall = 9,
  InstructionPage = 12,
  LoadPage = 13,
  StorePage = 15,
}

/** The name of an exception, for people. */
export function exceptionName(cause: u64): string {
  switch (<u32>cause) {
    case Exception.InstructionMisaligned:
      return "instruction address misaligned";
    case Exception.InstructionAccess:
      return "instruction access fault";
    case Exception.IllegalInstruction:
      return "illegal instruction";
    case Exception.Breakpoint:
      return "breakpoint";
    case Exception.LoadMisaligned:
      return "load address misaligned";
    case Exception.LoadAccess:
      return "load access fault";
    case Exception.StoreMisaligned:
      return "store address misaligned";
    case Exception.StoreAccess:
      return "store access fault";
    case Exception.InstructionPage:
      return "instruction page fault";
    case Exception.LoadPage:
      return "load page fault";
    case Exception.StorePage:
      return "store page fault";
    default:
      return "unknown exception";
  }
}
