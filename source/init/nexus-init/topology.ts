/**
 * The system as one table: which programs run, in which order, with which capabilities. `describe` and the functions
 * after it are the table; the rest of the file defines a row. A program gets what its row names and nothing else.
 * `flaw` (check.ts) refuses a table in which a device has two owners or none, or a program uses a service that is not
 * started yet.
 *
 * Programs start in the order of the rows. A client's row comes after the rows of its services, so the table needs no
 * column for dependencies.
 */
import { Right } from "abi/handle";
import { Amounts, Resource } from "abi/job";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { Class, TASK_NAME_BYTES } from "abi/task";
import { equals } from "text/bytes";

/** Where a program's image comes from. */
export const enum Origin {
  /** The boot bundle, inside the kernel's image: what is needed to reach the disk. */
  Bundle = 0,
  /** pkg://bin/, read through packagefsd. */
  Package = 1,
}

/** In place of a limit: nearly all that is left when the program starts (jobs.ts). */
export const THE_REST: u32 = u32.MAX_VALUE;

/** The period of all budgets of time, in milliseconds: ten ticks of the scheduler. */
export const PERIOD_MILLISECONDS: u32 = 100;

/**
 * The services, in the order in which they start. The rows of programs come behind them. A service may have about twice
 * what it uses: its next life may begin before a device has let go of all that the last one pinned. Its time is what it
 * may use before all programs; what it does for a caller is on the caller's time.
 */
export function describe(topology: Topology): void {
  topology
    .run("consoled", Class.Driver, Origin.Bundle)
    .has(128, 1, 16)
    .hasTime(50)
    .serves(Role.ConsoleService)
    .gets(Role.Console, Right.Write)
    .gets(Role.ConsoleOwner, Right.Manage)
    // A Ctrl-C ends the program that the shell runs.
    .gets(Role.Foreground, Right.Send)
    .gets(Role.UartDevice, Right.Read | Right.Write)
    .gets(Role.UartInterrupt, Right.Manage);

  topology
    .run("virtioblkd", Class.Driver, Origin.Bundle)
    .has(128, 1, 24)
    .hasPins(24)
    .hasTime(50)
    .serves(Role.BlockService)
    .gets(Role.Console, Right.Write)
    // All slots of the bus: virtioblkd finds the disk itself, and drops the others.
    .gets(Role.VirtioDevice, Right.Read | Right.Write | Right.Manage)
    .gets(Role.VirtioInterrupt, Right.Manage)
    // A disk has to say that it is read-only. If it cannot say so but its file cannot be written,
    // `.gets(Role.ReadOnlyFile, Right.None)` here would vouch for it, and virtioblkd would print that. virtioblkd
    // records refused requests in the audit trail, above all writes.
    .gets(Role.Audit, Right.Write);

  topology
    .run("packagefsd", Class.Service, Origin.Bundle)
    .has(1536, 1, 32)
    .hasTime(50)
    .serves(Role.PackageService)
    .gets(Role.Console, Right.Write)
    .gets(Role.BlockService, Right.Send)
    .gets(Role.Fixtures, Right.Read)
    // The next life refuses images that are older than what this one mounted.
    .gets(Role.Memory, Right.Read | Right.Write)
    .gets(Role.Audit, Right.Write);
}

/** A program of the run, or one that the shell runs: its name comes from outside. */
export function describeProgram(topology: Topology, name: usize, nameLength: u32): Program {
  return (
    topology
      .runNamed(name, nameLength, Class.App, Origin.Package)
      .has(THE_REST, THE_REST, THE_REST)
      .hasObjects(THE_REST, THE_REST, THE_REST)
      .gets(Role.Console, Right.Write)
      .gets(Role.Info, Right.Read)
      .gets(Role.PackageService, Right.Send)
      .gets(Role.BlockService, Right.Send)
      // Its own, which it may divide.
      .gets(Role.Job, Right.Manage)
  );
}

/** What the run's own `nx` gets in addition, because the person at the console administers the machine. */
export function describeShell(program: Program): void {
  program
    // The programs that it runs have jobs of their own, and the rest.
    .has(512, 4, 32)
    .hasObjects(4, 4, 0)
    .gets(Role.ConsoleService, Right.Send)
    .gets(Role.InitService, Right.Send)
    .gets(Role.Audit, Right.Read)
    .gets(Role.Harts, Right.Manage)
    .gets(Role.DeviceTree, Right.Read);
}

/** What a program gets in addition whose output is kept apart: what is typed at the console is its input. */
export function describeApart(program: Program, badge: u32): void {
  program.consoleBadge = badge;
  if (program.gifts(Role.ConsoleService) === 0) {
    program.gets(Role.ConsoleService, Right.Send);
  }
}

/** What the run's own `chaos` gets in addition, in bring-up builds. */
export function describeChaos(program: Program): void {
  program.gets(Role.InitService, Right.Send).gets(Role.Harts, Right.Manage);
}

/** The most rows: the services, the programs of the run, and one that the shell runs. */
export const PROGRAMS_MAX: u32 = 10;
/** The most roles that one row may name. */
export const GRANTS_MAX: u32 = 12;

/** How far a program has come. */
export const enum State {
  /** Not started yet. */
  Waiting = 0,
  /** Started; if it is a service, it is not ready yet. */
  Starting = 1,
  Running = 2,
  /** A service that said that it has nothing to serve, and left. */
  Absent = 3,
  /** A service that ended, and is started again when it is due. */
  Fallen = 4,
  /** A service that fell too often: its endpoint is closed. */
  GivenUp = 5,
  Ended = 6,
}

/** One role that a program is given: every capability of that role, cut to these rights. */
@unmanaged
@final
export class Gift {
  role: u32;
  rights: u32;
}

/**
 * One row.
 *
 *   0       16           20      24       28       32          36      40     44         48        52        56    64
 *   │ name  │ nameLength │ class │ origin │ serves │ giftCount │ state │ task │ endpoint │ hasServed │ restarts │ due │
 *
 *   64: limits │ 96: job │ 100: budget │ 104: memory │ 108: consoleBadge │ 112: GRANTS_MAX × 8, role and rights
 */
@unmanaged
@final
export class Program {
  /** The name's bytes, padded with zeros: as `nameTask` takes them. */
  nameLow: u64;
  nameHigh: u64;
  /** How long it is; above TASK_NAME_BYTES for one that did not fit (check.ts refuses that). */
  nameLength: u32;
  taskClass: u32;
  origin: u32;
  /** The role under which others are given its endpoint; Role.None for a program that is no service. */
  service: u32;
  giftCount: u32;
  state: u32;
  /** Its task, once it was started. */
  task: u32;
  /**
   * Its endpoint with all rights, once it was started. Only the right to call is left of a service that was given up.
   */
  endpoint: u32;
  /** Whether it was ready at least once. */
  hasServed: u32;
  /** How often it was started again. */
  restarts: u32;
  /** Starting: until when it has to be ready. Fallen: when it is started again. In ticks. */
  due: u64;
  private limits0: u64;
  private limits1: u64;
  private limits2: u64;
  private limits3: u64;
  /** Its job, while it has a task. */
  job: u32;
  /** How much time its job may use in a period, in milliseconds; 0: no limit. */
  budget: u32;
  /** Its page of Role.Memory, from its first life on; NO_SLOT before that, and if the row has no such role. */
  memory: u32;
  /** By which badge its bytes on the console are known (apart.ts); 0: they are not told from others. */
  consoleBadge: u32;

  /** What its job may have. */
  get limits(): Amounts {
    return changetype<Amounts>(changetype<usize>(this) + offsetof<Program>("limits0"));
  }

  /** The address of the name's first byte. */
  get name(): usize {
    return changetype<usize>(this);
  }

  isNamed(name: string): bool {
    return equals(this.name, this.nameLength, name);
  }

  gift(index: u32): Gift {
    return changetype<Gift>(changetype<usize>(this) + offsetof<Program>() + <usize>index * offsetof<Gift>());
  }

  /** Its limits. What no row names is 0, but for one notification and one endpoint. */
  has(pages: u32, tasks: u32, vmos: u32): Program {
    this.limits.set(Resource.Pages, pages);
    this.limits.set(Resource.Tasks, tasks);
    this.limits.set(Resource.Vmos, vmos);
    return this.hasObjects(1, 1, 0);
  }

  hasObjects(endpoints: u32, notifications: u32, jobs: u32): Program {
    this.limits.set(Resource.Endpoints, endpoints);
    this.limits.set(Resource.Notifications, notifications);
    this.limits.set(Resource.Jobs, jobs);
    return this;
  }

  /** How much time of one hart it may use in each period, in milliseconds; what no row names is no limit. */
  hasTime(milliseconds: u32): Program {
    this.budget = milliseconds;
    return this;
  }

  hasPins(pins: u32): Program {
    this.limits.set(Resource.Pins, pins);
    return this;
  }

  serves(role: Role): Program {
    this.service = role;
    return this;
  }

  /** One more capability. Those beyond GRANTS_MAX are only counted: check.ts refuses such a table. */
  gets(role: Role, rights: u32): Program {
    if (this.giftCount < GRANTS_MAX) {
      const gift = this.gift(this.giftCount);
      gift.role = role;
      gift.rights = rights;
    }
    this.giftCount += 1;
    return this;
  }

  /** How many of its gifts have that role. */
  gifts(role: Role): u32 {
    let count: u32 = 0;
    for (let i: u32 = 0; i < this.giftCount; i++) {
      if (this.gift(i).role === role) {
        count += 1;
      }
    }
    return count;
  }
}

const PROGRAM_BYTES: u32 = <u32>offsetof<Program>() + GRANTS_MAX * <u32>offsetof<Gift>();

/** The number of rows, and all rows behind it. */
@unmanaged
@final
export class Topology {
  count: u32;
  reserved: u32;

  begin(): Topology {
    this.count = 0;
    return this;
  }

  /** Row `index`, which must be below PROGRAMS_MAX. */
  program(index: u32): Program {
    return changetype<Program>(
      changetype<usize>(this) + offsetof<Topology>() + <usize>(index * PROGRAM_BYTES),
    );
  }

  /** A new row for the program that the literal `name` names. */
  run(name: string, taskClass: Class, origin: Origin): Program {
    const program = this.add(taskClass, origin);
    const length = <u32>name.length;
    program.nameLength = length;
    // ASCII: one byte of each UTF-16 unit.
    for (let i: u32 = 0; i < min<u32>(length, TASK_NAME_BYTES); i++) {
      store<u8>(program.name + <usize>i, <u8>load<u16>(changetype<usize>(name) + <usize>(i << 1)));
    }
    return program;
  }

  /** A new row for the program that `length` bytes at `name` name. */
  runNamed(name: usize, length: u32, taskClass: Class, origin: Origin): Program {
    const program = this.add(taskClass, origin);
    program.nameLength = length;
    memory.copy(program.name, name, <usize>min<u32>(length, TASK_NAME_BYTES));
    return program;
  }

  /** An empty row. The table above is a part of this program, so one row too many would be our own mistake. */
  private add(taskClass: Class, origin: Origin): Program {
    assert(this.count < PROGRAMS_MAX);
    const program = this.program(this.count);
    this.count += 1;
    memory.fill(changetype<usize>(program), 0, PROGRAM_BYTES);
    program.taskClass = taskClass;
    program.origin = origin;
    program.service = Role.None;
    program.state = State.Waiting;
    program.task = NO_SLOT;
    program.endpoint = NO_SLOT;
    program.memory = NO_SLOT;
    program.job = NO_SLOT;
    return program;
  }

  /** The row that serves `role`, or null. */
  server(role: Role): Program | null {
    for (let i: u32 = 0; i < this.count; i++) {
      if (this.program(i).service === role) {
        return this.program(i);
      }
    }
    return null;
  }
}

/** How much memory a Topology needs, in bytes (8-byte aligned). */
export const TOPOLOGY_BYTES: u32 = <u32>offsetof<Topology>() + PROGRAMS_MAX * PROGRAM_BYTES;
