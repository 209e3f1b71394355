// ./nx hw: questions about the machine, answered by a guest that was booted to answer them.

import type { Command } from "commander";
import { addMachineOptions } from "../boot/boot.ts";
import type { MachineWords } from "../boot/words.ts";

export function register(program: Command): void {
  const hw = program.command("hw").description("boot a machine and ask the guest about its hardware");
  addMachineOptions(
    hw.command("smp").description("the harts that are online, with their ticks and interrupts"),
  ).action(async (words: MachineWords) => {
    const { smp } = await import("./smp.ts");
    process.exitCode = await smp(words);
  });

  const vblk = hw.command("vblk").description("the virtio disk");
  addMachineOptions(vblk.command("info").description("its size, and a checksum of its first bytes")).action(
    async (words: MachineWords) => {
      const { vblkInfo } = await import("./vblk.ts");
      process.exitCode = await vblkInfo(words);
    },
  );
}
