/**
 * Makes a task from a program that lies in memory as an ELF file.
 *
 * The caller fills a Launch: which file, the task's name, its capabilities. `launch` then takes these steps in order,
 * and undoes all of them when the kernel refuses one:
 *
 *   check the file ▸ create the task ▸ its segments ▸ its stack ▸ its startup page ▸ its capabilities ▸ start
 *
 * Memory comes to the new task as memory objects: mapped here at a window, filled, unmapped, mapped there with the
 * rights of the segment. So no page is ever writable and executable, and no other task holds the object afterwards.
 */
import { Right } from "abi/handle";
import { PAGE_BYTES, STACK_BYTES, STACK_TOP, STARTUP_PAGE } from "abi/layout";
import { Refusal } from "abi/refusal";
import {
  Role,
  STARTUP_ARGUMENT_BYTES,
  STARTUP_ENTRIES_MAX,
  STARTUP_MAGIC,
  Startup,
  StartupEntry,
} from "abi/startup";
import { NO_SLOT, SELF } from "abi/syscall";
import { Class } from "abi/task";
import { ElfError } from "elf/format";
import { ELF_STATE_BYTES, Executable, Segment } from "elf/reader";
import {
  createTaskIn,
  createVmoIn,
  drop,
  grant,
  killTask,
  map,
  mapInto,
  nameTask,
  result,
  startTask,
  unmap,
} from "./call";

/** The step in which a launch failed. */
export const enum Step {
  None = 0,
  /** `elfError` says what is wrong with the file. */
  CheckFile = 1,
  CreateTask = 2,
  Segment = 3,
  Stack = 4,
  StartupPage = 5,
  /** `failedRole` says which one. */
  Grant = 6,
  Start = 7,
}

/** A step as half a sentence: "<step> was refused". */
export function stepName(step: Step): string {
  switch (step) {
    case Step.CheckFile:
      return "its file";
    case Step.CreateTask:
      return "a new task";
    case Step.Segment:
      return "memory for its program";
    case Step.Stack:
      return "memory for its stack";
    case Step.StartupPage:
      return "its startup page";
    case Step.Grant:
      return "giving it a capability";
    case Step.Start:
      return "starting it";
    default:
      return "nothing";
  }
}

/**
 * One capability for the new task: our `slot` cut to `rights`, and what the startup page says of it. Its index here is
 * its slot there.
 */
@unmanaged
@final
export class Given {
  base: u64;
  size: u64;
  role: u32;
  slot: u32;
  rights: u32;
  /** Of an endpoint: names the caller. 0 leaves it as it is. */
  badge: u32;
  irq: u32;
  instance: u32;
}

/** What to start, and how it went. The capabilities follow the fields. */
@unmanaged
@final
export class Launch {
  nameLow: u64;
  nameHigh: u64;
  /** Ticks a second, for the startup page. */
  timebase: u64;
  /** What the processor offers, for the startup page. */
  extensions: u64;
  /** Signalled to `notification` when the task ends. */
  endBits: u64;
  notification: u32;
  /** The job that the task, and its memory, belongs to: a slot; SELF for this task's own. */
  job: u32;
  taskClass: Class;
  /** The ELF file: it must not change while `launch` runs. */
  file: usize;
  fileBytes: u32;
  /** What the task is to do, UTF-8; at most STARTUP_ARGUMENT_BYTES. */
  argument: usize;
  argumentBytes: u32;
  /** A free range of this task's address space, as large as the largest segment. */
  window: usize;
  count: u32;

  /** The new task's slot here, or NO_SLOT. */
  task: u32;
  failedStep: Step;
  elfError: ElfError;
  failedRole: Role;

  /** Makes it empty. This has to come first: the memory may hold anything. */
  begin(): Launch {
    memory.fill(changetype<usize>(this), 0, offsetof<Launch>());
    this.task = NO_SLOT;
    this.job = SELF;
    return this;
  }

  /** Capability `index`, which must be below STARTUP_ENTRIES_MAX. */
  given(index: u32): Given {
    return changetype<Given>(changetype<usize>(this) + offsetof<Launch>() + <usize>index * offsetof<Given>());
  }

  /** One more capability, whose other fields are still empty; null if the startup page has no room for it. */
  give(role: Role, slot: u32, rights: u32, badge: u32): Given | null {
    if (this.count === STARTUP_ENTRIES_MAX) {
      return null;
    }
    const given = this.given(this.count);
    this.count += 1;
    memory.fill(changetype<usize>(given), 0, offsetof<Given>());
    given.role = role;
    given.slot = slot;
    given.rights = rights;
    given.badge = badge;
    return given;
  }
}

/** How much memory a Launch needs, in bytes (8-byte aligned). */
export const LAUNCH_BYTES: u32 = <u32>offsetof<Launch>() + STARTUP_ENTRIES_MAX * <u32>offsetof<Given>();

const program = changetype<Executable>(memory.data(ELF_STATE_BYTES, 8));
const startupPage = changetype<Startup>(memory.data(PAGE_BYTES, 8));

/**
 * Starts the task.
 *
 * @returns 0, and `plan.task` is its slot; or the Refusal (BadArgument for a bad file), `plan.failedStep` says in which
 *   step, and nothing of the attempt is left
 */
export function launch(plan: Launch): i32 {
  plan.failedStep = Step.CheckFile;
  plan.elfError = program.open(plan.file, plan.fileBytes);
  if (plan.elfError !== ElfError.None) {
    return Refusal.BadArgument;
  }
  plan.failedStep = Step.StartupPage;
  if (plan.argumentBytes > STARTUP_ARGUMENT_BYTES) {
    return Refusal.BadArgument;
  }

  plan.failedStep = Step.CreateTask;
  let status = createTaskIn(plan.job, plan.taskClass, plan.notification, plan.endBits);
  if (status < 0) {
    return status;
  }
  plan.task = <u32>result(0);

  status = furnish(plan, program);
  if (status < 0) {
    // An unborn task that is killed gives its memory and its capabilities back.
    killTask(plan.task);
    drop(plan.task);
    plan.task = NO_SLOT;
    return status;
  }
  plan.failedStep = Step.None;
  return 0;
}

/** Everything between an empty task and a running one. */
function furnish(plan: Launch, program: Executable): i32 {
  let status = nameTask(plan.task, plan.nameLow, plan.nameHigh);
  if (status < 0) {
    return status;
  }

  plan.failedStep = Step.Segment;
  for (let i: u32 = 0; i < program.segmentCount; i++) {
    status = placeSegment(plan, program.segment(i));
    if (status < 0) {
      return status;
    }
  }

  plan.failedStep = Step.Stack;
  status = place(plan, STACK_TOP - STACK_BYTES, STACK_BYTES, Right.Read | Right.Write, 0, 0, 0);
  if (status < 0) {
    return status;
  }

  plan.failedStep = Step.StartupPage;
  writeStartup(plan, startupPage);
  status = place(plan, STARTUP_PAGE, PAGE_BYTES, Right.Read, changetype<usize>(startupPage), PAGE_BYTES, 0);
  if (status < 0) {
    return status;
  }

  plan.failedStep = Step.Grant;
  for (let i: u32 = 0; i < plan.count; i++) {
    const given = plan.given(i);
    plan.failedRole = given.role;
    status = grant(plan.task, given.slot, given.rights, given.badge, i);
    if (status < 0) {
      return status;
    }
  }

  plan.failedStep = Step.Start;
  return startTask(plan.task, program.entry, STACK_TOP);
}

function placeSegment(plan: Launch, segment: Segment): i32 {
  const bytes = segment.pagesEnd - segment.pagesStart;
  const from = plan.file + <usize>segment.fileOffset;
  const rights = segmentRights(segment);
  const at = segment.address - segment.pagesStart;
  return place(plan, segment.pagesStart, bytes, rights, from, segment.fileBytes, at);
}

/** The rights never include both Write and Execute: the ELF reader refuses such a file. */
function segmentRights(segment: Segment): u32 {
  if (segment.executable) {
    return Right.Read | Right.Execute;
  }
  return segment.writable ? Right.Read | Right.Write : Right.Read;
}

/**
 * Gives the new task `bytes` of zeroed memory at `address` with `rights`, into which `sourceBytes` from `source` were
 * copied, `at` bytes from its start.
 */
function place(
  plan: Launch,
  address: usize,
  bytes: u32,
  rights: u32,
  source: usize,
  sourceBytes: u32,
  at: u32,
): i32 {
  let status = createVmoIn(plan.job, bytes);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  if (sourceBytes !== 0) {
    status = fill(plan.window, vmo, bytes, source, sourceBytes, at);
  }
  if (status >= 0) {
    status = mapInto(plan.task, vmo, address, 0, bytes, rights);
  }
  // The mapping keeps the memory; a capability to it would outlive the mapping's rights.
  drop(vmo);
  return status;
}

function fill(window: usize, vmo: u32, bytes: u32, source: usize, sourceBytes: u32, at: u32): i32 {
  const status = map(vmo, window, 0, bytes, Right.Read | Right.Write);
  if (status < 0) {
    return status;
  }
  memory.copy(window + <usize>at, source, sourceBytes);
  return unmap(window);
}

function writeStartup(plan: Launch, page: Startup): void {
  memory.fill(changetype<usize>(page), 0, PAGE_BYTES);
  page.magic = STARTUP_MAGIC;
  page.count = plan.count;
  page.timebase = plan.timebase;
  page.extensions = plan.extensions;
  memory.copy(page.argument, plan.argument, plan.argumentBytes);
  for (let i: u32 = 0; i < plan.count; i++) {
    const given = plan.given(i);
    const entry: StartupEntry = page.entry(i);
    entry.role = given.role;
    entry.slot = i;
    entry.base = given.base;
    entry.size = given.size;
    entry.irq = given.irq;
    entry.instance = given.instance;
  }
}
