// packagefsd, running over a fake kernel, and its clients as functions of the test.

import { defined } from "../../harness/defined.ts";
import {
  FakeEndpoint,
  FakeKernel,
  FakeNotification,
  FakeVmo,
  type Message,
  Right,
  Role,
  type Slot,
  Stopped,
  TIMEBASE,
} from "../../harness/fake-kernel/kernel.ts";
import { FakeDisk } from "./fake-disk.ts";
import { type Fields, Wire } from "./wire.ts";

const program = `
import { Role } from "abi/startup";
import { ignoreSignal, serve } from "runtime/service";
import { slotOf } from "runtime/startup";
import { onTime } from "services/packagefsd/reads/resume";
import { onRequest } from "services/packagefsd/serve";
export { main } from "services/packagefsd/main";
export function serveAgain(): void { serve(slotOf(Role.Serve), onRequest, ignoreSignal, onTime); }
`;

/** As on the machine, the service has nothing in the page at address 0. */
const PAGE_BYTES = 4096;
/** The service's signal when it is ready. */
const READY = 1;
/** The badge by which the block service knows packagefsd. */
const BADGE = 3;

/** The service, its disk (if it has one) and its console. */
export interface Running {
  readonly kernel: FakeKernel;
  readonly disk: FakeDisk;
  /** The signals to its starter. */
  readonly signals: readonly bigint[];
  /** What main returned. Undefined while the service runs. */
  readonly exitCode: number | undefined;
  client(badge: number): Client;
  /** Lets so many milliseconds pass, in which the service does what is due. */
  pass(milliseconds: number): void;
}

interface Options {
  /** Where the service finds the image: on a disk (the default), as fixtures, as both, or nowhere. */
  readonly source?: "disk" | "fixtures" | "both" | "none";
  /** What packagefsd remembers of its lives before. Default: nothing, in a new memory object. */
  readonly memory?: FakeVmo | "none";
  /** How many times the service was started before. */
  readonly instance?: number;
  /** What the kernel refuses from the start. */
  readonly refuse?: FakeKernel["refuse"];
  /** Called before the service runs. */
  prepare?(disk: FakeDisk): void;
}

/** Starts packagefsd on an image, and lets it mount. */
export async function start(image: Uint8Array, options: Options = {}): Promise<Running> {
  const [fs, blk] = [await Wire.of("package_fs"), await Wire.of("virtio_blk")];
  const disk = new FakeDisk(blk, image);
  options.prepare?.(disk);
  const kernel = await FakeKernel.start({ text: program }, { flags: ["--memoryBase", String(PAGE_BYTES)] });
  disk.kernel = kernel;
  kernel.refuse = options.refuse ?? kernel.refuse;
  const serve = new FakeEndpoint();
  const starter = new FakeNotification();
  const { source = "disk", instance = 0, memory = FakeVmo.of(new Uint8Array(PAGE_BYTES)) } = options;
  const hasDisk = source === "disk" || source === "both";
  const hasFixtures = source === "fixtures" || source === "both";
  const send = Right.Send;
  kernel.writeStartup("", [
    { role: Role.Console, slot: kernel.insert({ kind: "console" }, Right.Write) },
    { role: Role.Serve, slot: kernel.insert(serve, Right.Receive) },
    { role: Role.Starter, slot: kernel.insert(starter, send, READY), base: READY, instance },
    { role: Role.Audit, slot: kernel.insert({ kind: "audit" }, Right.Write) },
    ...(memory === "none"
      ? []
      : [{ role: Role.Memory, slot: kernel.insert(memory, Right.Read | Right.Write) }]),
    ...(hasDisk ? [{ role: Role.BlockService, slot: kernel.insert(disk.endpoint, send, BADGE) }] : []),
    ...(hasFixtures ? [{ role: Role.Fixtures, slot: kernel.insert(FakeVmo.of(image), Right.Read) }] : []),
  ]);
  const exitCode = kernel.untilIdle("main");
  return {
    kernel,
    disk,
    signals: starter.signals,
    exitCode,
    client: (badge) => new Client(kernel, serve, fs, badge),
    pass: (milliseconds) => runFor(kernel, milliseconds),
  };
}

/** Runs the service until there is nothing for it to do within so many milliseconds, which then have passed. */
function runFor(kernel: FakeKernel, milliseconds: number): void {
  const until = kernel.time + (BigInt(milliseconds) * TIMEBASE) / 1000n;
  kernel.onIdle = ({ deadline }) => {
    if (deadline > until) {
      throw new Stopped("hang");
    }
  };
  kernel.untilIdle("serveAgain");
  kernel.onIdle = () => {};
  kernel.time = kernel.time > until ? kernel.time : until;
}

function structPrefix(method: string): string {
  return `PackageFs${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** A client of packagefsd, with a badge. */
export class Client {
  private readonly kernel: FakeKernel;
  private readonly endpoint: FakeEndpoint;
  private readonly wire: Wire;
  private readonly badge: number;

  constructor(kernel: FakeKernel, endpoint: FakeEndpoint, wire: Wire, badge: number) {
    this.kernel = kernel;
    this.endpoint = endpoint;
    this.wire = wire;
    this.badge = badge;
  }

  /** Calls a method. Returns its results. */
  call(method: string, fields: Fields = {}, sent?: Omit<Slot, "badge">): Fields {
    const slot = sent && { ...sent, badge: 0 };
    const message = { w0: this.wire.method(method), bytes: this.encode(method, fields), slot };
    return this.decode(method, this.raw(message));
  }

  /**
   * Calls a method, and lets the service do what it can do at once. Returns a function that gives the results, or undefined
   * while there are none.
   */
  ask(method: string, fields: Fields = {}, sent?: Omit<Slot, "badge">): () => Fields | undefined {
    const slot = sent && { ...sent, badge: 0 };
    const bytes = this.encode(method, fields);
    const answer = this.endpoint.send({ w0: this.wire.method(method), bytes, slot, badge: this.badge });
    runFor(this.kernel, 0);
    return () => {
      const results = answer();
      return results && this.decode(method, results);
    };
  }

  /** The message of a method's parameters. */
  encode(method: string, fields: Fields): Uint8Array {
    return this.wire.encode(`${structPrefix(method)}Params`, fields);
  }

  /** The results of a method. */
  decode(method: string, bytes: Uint8Array): Fields {
    return this.wire.decode(`${structPrefix(method)}Results`, bytes);
  }

  /** Sends any message. Returns the bytes of the answer, for which as much time passes as it takes. */
  raw(message: Omit<Message, "badge">): Uint8Array {
    const answer = this.endpoint.send({ ...message, badge: this.badge });
    this.kernel.onIdle = () => {
      if (answer() !== undefined) {
        throw new Stopped("hang");
      }
    };
    this.kernel.untilIdle("serveAgain");
    this.kernel.onIdle = () => {};
    return defined(answer(), "the answer of a service that waits again");
  }

  /** Makes a memory object of the client and attaches it. */
  attach(byteCount: number): FakeVmo {
    const vmo = new FakeVmo(byteCount);
    const rights = Right.Read | Right.Write;
    const { status } = this.call("attach", { bytes: BigInt(byteCount) }, { object: vmo, rights });
    if (status !== "ok") {
      throw new Error(`attach: ${String(status)}`);
    }
    return vmo;
  }

  /** Opens a file that exists. */
  open(path: string): number {
    const { status, file } = this.call("open", { path });
    if (status !== "ok" || typeof file !== "number") {
      throw new Error(`open ${path}: ${String(status)}`);
    }
    return file;
  }

  /** The capability that came with the last answer. */
  get shared(): Slot | undefined {
    return this.endpoint.received;
  }

  /** Shares a piece of a file. Returns the status, how many bytes, and the capability that came along. */
  share(file: number, offset: number): { status: unknown; bytes: number; slot: Slot | undefined } {
    this.endpoint.received = undefined;
    const { status, bytes } = this.call("share", { file, offset: BigInt(offset) });
    return { status, bytes: Number(bytes), slot: this.endpoint.received };
  }

  /** Reads to the beginning of the memory object. Returns the status and the delivered bytes. */
  read(
    vmo: FakeVmo,
    file: number,
    offset: number,
    length: number,
    into = 0,
  ): { status: unknown; content: Uint8Array } {
    const results = this.call("read", { file, offset: BigInt(offset), length, into: BigInt(into) });
    return {
      status: results.status,
      content: vmo.read(into, Number(results.bytes)),
    };
  }
}
