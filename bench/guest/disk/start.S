// The entry of the program that reads the disk without a system: S-mode, one hart, interrupts off.
//
// The toolchain's programs live where the low 32 bits of an address are its number, with the sign extended. So three pages of
// 1 GiB map all registers at their numbers, and RAM at its numbers and in the high half.

    .section .text.entry, "ax"
    .globl  _start
_start:
    la      t0, table
    li      t1, 0xcf                        // V R W X A D, from 0
    sd      t1, 0(t0)
    li      t1, 0x80000000 >> 2 | 0xcf      // from 0x80000000
    sd      t1, 16(t0)
    li      t2, 510 * 8
    add     t2, t2, t0
    sd      t1, 0(t2)
    srli    t0, t0, 12
    li      t1, 8 << 60
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    la      t1, high
    li      t2, -1
    slli    t2, t2, 32
    or      t1, t1, t2
    jr      t1
high:
    la      sp, stack_top
    csrw    sie, zero
    csrci   sstatus, 2                      // SIE: an interrupt ends a WFI, and nothing else
    call    main                            // main(hart)
    li      a0, 0                           // SRST, shutdown
    li      a1, 0
    li      a6, 0
    li      a7, 0x53525354
    ecall
1:  j       1b

    .section .bss
    .balign 4096
table:
    .zero   4096
    .zero   16384
stack_top:
