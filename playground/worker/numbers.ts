// Two ways to number harts. The machine has numbers of the hardware, and any hart may be the one that boots. The kernel calls
// that one 0, and the others follow in the order of the device tree. The console and the shell speak of the kernel's numbers, so
// the picture does too.

export class HartNumbers {
  /** The machine's number of each hart, by the kernel's. */
  readonly order: readonly number[];

  /** @param bootHart the machine's number of the hart that boots; undefined if firmware chooses it, and then numbers are the machine's */
  constructor(harts: number, bootHart: number | undefined) {
    const all = Array.from({ length: harts }, (_, hart) => hart);
    this.order = bootHart === undefined ? all : [bootHart, ...all.filter((hart) => hart !== bootHart)];
  }

  /** The machine's number for the kernel's. */
  machine(hart: number): number {
    return this.order[hart] ?? hart;
  }

  /** The kernel's number for the machine's. */
  kernel(hart: number): number {
    return this.order.indexOf(hart);
  }
}
