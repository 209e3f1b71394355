// The guest of the target `gdb-session`: a program for supervisor mode, on two harts, that ends by itself after some thousand
// instructions. The one hart starts the other; both count in the same word of memory.

/** Where it begins, and where its words are. */
export const PROGRAM = 0x8020_0000;
export const DATA = PROGRAM + 0x1000;
/** Where the harts come by again and again: the loop, and the function that it calls. */
export const LOOP = PROGRAM + 0x24;
export const FUNCTION = PROGRAM + 0x6c;

const words: readonly number[] = [
  0x0000_1417, // start:    auipc s0, 1
  0x0048_58b7,
  0x34d8_889b, // li a7, 0x48534d     HSM
  0x0000_0813, //           li a6, 0               start
  0x0015_4513, //           xori a0, a0, 1         the other hart
  0x0000_0597,
  0x0605_8593, // la a1, other
  0x0000_0073, //           ecall
  0x03c0_0293, //           li t0, 60
  0x0073_0313, // loop:     addi t1, t1, 7
  0x0064_3423, //           sd t1, 8(s0)
  0x0054_302f, //           amoadd.d zero, t0, (s0)
  0x03c0_00ef, //           jal ra, function
  0xfff2_8293, //           addi t0, t0, -1
  0xfe02_96e3, //           bnez t0, loop
  0x0010_0893, //           li a7, 1               console
  0x0780_0513, //           li a0, 'x'
  0x0000_0073, //           ecall
  0x0104_3383, // wait:     ld t2, 16(s0)
  0xfe03_8ee3, //           beqz t2, wait
  0x5352_58b7,
  0x3548_889b, // li a7, 0x53525354   SRST
  0x0000_0813, //           li a6, 0
  0x0000_0513, //           li a0, 0               off
  0x0000_0593, //           li a1, 0
  0x0000_0073, //           ecall
  0x0000_006f, // end:      j end
  0x0019_0913, // function: addi s2, s2, 1
  0x0000_8067, //           ret
  0x0000_1417,
  0xf8c4_0413, // other: la s0, start + 0x1000
  0x0320_0293, //           li t0, 50
  0x0054_302f, // add:      amoadd.d zero, t0, (s0)
  0xfff2_8293, //           addi t0, t0, -1
  0xfe02_9ce3, //           bnez t0, add
  0x0010_0313, //           li t1, 1
  0x0064_3823, //           sd t1, 16(s0)
  0x1050_0073, // rest:     wfi
  0xffdf_f06f, //           j rest
];

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;

/** The program as an ELF file with one segment. */
export function programFile(): Uint8Array {
  const code = words.length * 4;
  const bytes = new Uint8Array(HEADER_BYTES + SEGMENT_BYTES + code);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, 243, true); // RISC-V
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(PROGRAM), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, SEGMENT_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint32(HEADER_BYTES, 1, true); // loaded
  view.setBigUint64(HEADER_BYTES + 8, BigInt(HEADER_BYTES + SEGMENT_BYTES), true);
  for (const at of [16, 24]) {
    view.setBigUint64(HEADER_BYTES + at, BigInt(PROGRAM), true);
  }
  for (const at of [32, 40]) {
    view.setBigUint64(HEADER_BYTES + at, BigInt(code), true);
  }
  words.forEach((word, index) => {
    view.setUint32(HEADER_BYTES + SEGMENT_BYTES + 4 * index, word, true);
  });
  return bytes;
}
