// QEMU's `virt` as a machine: the command line, and one child process, which is ended by its id.
//
// The one idea: the command line is a pure function of the run's options, so it can be tested, printed and pasted.
// The console is a chardev without signals: every byte reaches the guest, and Ctrl-C stays with the runner.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { connectText, freePort, HOST, listensOn } from "../../../machine/host/gdb/port.ts";
import type { Machine, MachineEnd, MachineOptions, RunningMachine } from "./machine.ts";
import { OTHER_MACHINE, QEMU_PROGRAM, QEMU_VARIABLE, requireQemu } from "./qemu-facts.ts";

/** After a request to end, QEMU has this long before it is killed. */
const KILL_DELAY_MS = 2000;

/** QEMU's complaints are kept up to this many characters. */
const COMPLAINTS_MAX = 16384;

/** The QEMU program to use. */
export function qemuProgram(environment: NodeJS.ProcessEnv = process.env): string {
  return environment[QEMU_VARIABLE] || QEMU_PROGRAM;
}

/** Whether that program exists, by its path or on the PATH. */
export function hasQemu(environment: NodeJS.ProcessEnv = process.env): boolean {
  const program = qemuProgram(environment);
  if (program.includes("/")) {
    return isExecutable(program);
  }
  const folders = (environment.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** QEMU's arguments for a run. With `gdbPort` its own stub waits there for gdb. */
export function qemuArguments(options: MachineOptions, gdbPort?: number): string[] {
  const { disk, tree } = options;
  const args = [
    ["-machine", options.aclint ? "virt,aclint=on" : "virt"],
    ["-cpu", ["rv64", ...(options.sstc ? [] : ["sstc=off"]), `zbb=${options.zbb ? "on" : "off"}`].join(",")],
    ["-smp", String(options.smp)],
    ["-m", `${options.memoryMebibytes}M`],
    ["-display", "none", "-monitor", "none"],
    ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    // A guest that restarts the machine has failed: the run ends instead of booting again.
    ["-no-reboot"],
    ["-kernel", options.kernel],
  ];
  if (gdbPort !== undefined) {
    args.push(["-gdb", `tcp:${HOST}:${gdbPort}`, "-S"]);
  }
  if (options.firmware !== undefined) {
    args.push(["-bios", options.firmware]);
  }
  if (tree !== undefined) {
    args.push(["-dtb", tree.path()]);
  }
  if (disk !== undefined) {
    const bus = disk.slot === "last" ? "" : `,bus=virtio-mmio-bus.${disk.slot}`;
    args.push(
      ["-global", `virtio-mmio.force-legacy=${disk.legacy}`],
      // A comma inside a QEMU option is written twice.
      ["-drive", `if=none,id=pkgfs,format=raw,readonly=on,file=${disk.file.replaceAll(",", ",,")}`],
      ["-device", `virtio-blk-device,drive=pkgfs${bus}`],
    );
  }
  return args.flat();
}

/** QEMU as a machine, run by `program`. */
export function qemuMachine(program: string = qemuProgram()): Machine {
  return {
    name: "qemu",
    start: async (options, onBytes) => {
      await requireQemu(program, OTHER_MACHINE);
      const { gdb, kernel } = options;
      if (gdb === undefined) {
        return await start(program, qemuArguments(options), onBytes);
      }
      const port = await freePort(gdb.port);
      const running = await start(program, qemuArguments(options, port), onBytes);
      // If it does not listen, its complaints say why.
      if (await listensOn(port, running.ended)) {
        gdb.tell(connectText(kernel, port));
      }
      return running;
    },
  };
}

async function start(
  program: string,
  args: string[],
  onBytes: (bytes: Uint8Array) => void,
): Promise<RunningMachine> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  await started(child);

  let complaints = "";
  let stopped = false;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINTS_MAX);
  });
  child.stdout?.on("data", onBytes);

  let killTimer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  // The machine ends with this process, however that ends.
  process.on("exit", kill);
  const ended = new Promise<MachineEnd>((resolve) => {
    child.on("close", (status) => {
      clearTimeout(killTimer);
      process.off("exit", kill);
      // QEMU reports the signal that ended it, which is no complaint.
      const own = stopped ? complaints.replace(/^.*terminating on signal \d+.*\n?/m, "") : complaints;
      resolve({ status: status ?? undefined, complaints: own });
    });
  });
  const stop = (): void => {
    if (stopped) {
      return;
    }
    stopped = true;
    child.kill("SIGTERM");
    killTimer = setTimeout(kill, KILL_DELAY_MS);
  };
  // Bytes for a machine that has just ended are lost with it.
  child.stdin?.on("error", () => {});
  const send = (bytes: Uint8Array): void => {
    child.stdin?.write(bytes);
  };
  return { ended, stop, send };
}

/** Waits until the program runs. */
async function started(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}
