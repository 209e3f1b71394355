// packagefsd, running over a fake kernel, and its clients as functions of the test.

import { FakeDisk } from "./fake-disk.ts";
import { FakeKernel, FakeVmo, type Message, Right, Role, type Slot } from "./fake-kernel.ts";
import { type Fields, Wire } from "./wire.ts";

const program = `
import { Role } from "abi/startup";
import { ignoreSignal, never, serve } from "runtime/service";
import { slotOf } from "runtime/startup";
import { onRequest } from "services/packagefsd/serve";
export { main } from "services/packagefsd/main";
export function serveAgain(): void { serve(slotOf(Role.Serve), onRequest, ignoreSignal, never); }
`;

/** The service, its disk (if it has one) and its console. */
export interface Running {
  readonly kernel: FakeKernel;
  readonly disk: FakeDisk;
  /** What main returned; undefined: it serves. */
  readonly exitCode: number | undefined;
  client(badge: number): Client;
}

interface Options {
  /** What it is given: the image on a disk (if nothing is said), as fixtures, as both, or nothing at all. */
  readonly source?: "disk" | "fixtures" | "both" | "none";
  /** How often the service was started before. */
  readonly instance?: number;
  /** Called before the service runs. */
  prepare?(disk: FakeDisk): void;
}

/** Starts packagefsd on an image, and lets it mount. */
export async function start(image: Uint8Array, options: Options = {}): Promise<Running> {
  const [fs, blk] = [await Wire.of("package_fs"), await Wire.of("virtio_blk")];
  const disk = new FakeDisk(blk, image);
  options.prepare?.(disk);
  const kernel = await FakeKernel.start(program, (made) => {
    const fixtures = new FakeVmo(made, image.length);
    fixtures.content.set(image);
    const { source = "disk", instance = 0 } = options;
    const given = [
      { role: Role.Console, slot: { object: { kind: "console" }, rights: Right.Write } },
      { role: Role.Serve, slot: { object: { kind: "serve" }, rights: Right.Receive } },
      {
        role: Role.Starter,
        slot: { object: { kind: "notification" }, rights: Right.Send },
        base: 1,
        instance,
      },
      { role: Role.Audit, slot: { object: { kind: "audit" }, rights: Right.Write } },
      { role: Role.BlockService, slot: { object: disk, rights: Right.Send } },
      { role: Role.Fixtures, slot: { object: fixtures, rights: Right.Read } },
    ] as const;
    const isMissing = (role: number) =>
      (role === Role.BlockService && (source === "fixtures" || source === "none")) ||
      (role === Role.Fixtures && (source === "disk" || source === "none"));
    return given.filter(({ role }) => !isMissing(role));
  });
  const exitCode = kernel.boot();
  return { kernel, disk, exitCode, client: (badge) => new Client(kernel, fs, badge) };
}

function structPrefix(method: string): string {
  return `PackageFs${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** A client of packagefsd, told apart by its badge. */
export class Client {
  private readonly kernel: FakeKernel;
  private readonly wire: Wire;
  private readonly badge: number;

  constructor(kernel: FakeKernel, wire: Wire, badge: number) {
    this.kernel = kernel;
    this.wire = wire;
    this.badge = badge;
  }

  /** Calls a method and gives its results. */
  call(method: string, fields: Fields = {}, slot?: Slot): Fields {
    const bytes = this.encode(method, fields);
    const w0 = this.wire.method(method);
    return this.decode(method, this.raw(slot ? { w0, bytes, slot } : { w0, bytes }));
  }

  /** The message of a method's parameters. */
  encode(method: string, fields: Fields): Uint8Array {
    return this.wire.encode(`${structPrefix(method)}Params`, fields);
  }

  /** The results of a method. */
  decode(method: string, bytes: Uint8Array): Fields {
    return this.wire.decode(`${structPrefix(method)}Results`, bytes);
  }

  /** Sends any message, and gives the bytes of the answer. */
  raw(message: Message): Uint8Array {
    return this.kernel.request(this.badge, message).bytes;
  }

  /** Makes a memory object of the client's and attaches it. */
  attach(byteCount: number): FakeVmo {
    const vmo = new FakeVmo(this.kernel, byteCount);
    const rights = Right.Read | Right.Write;
    const { status } = this.call("attach", { bytes: BigInt(byteCount) }, { object: vmo, rights });
    if (status !== "ok") {
      throw new Error(`attach: ${String(status)}`);
    }
    return vmo;
  }

  /** Opens a file that is there. */
  open(path: string): number {
    const { status, file } = this.call("open", { path });
    if (status !== "ok" || typeof file !== "number") {
      throw new Error(`open ${path}: ${String(status)}`);
    }
    return file;
  }

  /** Reads to the beginning of the memory object: the status, and what was delivered. */
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
      content: vmo.content.slice(into, into + Number(results.bytes)),
    };
  }
}
