// The entry of the program that reads the disk without a system: S-mode, one hart, interrupts off.
//
// The other harts are started, to sleep for good. OpenSBI 1.1 would leave them in a WFI that ends at once, because the IPI of its
// own start is still pending, and they would take the host's processors from this one.
//
// The toolchain's programs live where the low 32 bits of an address are its number, with the sign extended. So three pages of
// 1 GiB map all registers at their numbers, and RAM at its numbers and in the high half.

    .equ    HARTS_MAX, 4

    .section .text.entry, "ax"
    .globl  _start
_start:
    mv      s0, a0                          // this hart
    li      s1, HARTS_MAX - 1
1:  mv      a0, s1                          // HSM, hart_start(hart, address, 0); an error if there is no such hart
    la      a1, sleep
    li      a2, 0
    li      a6, 0
    li      a7, 0x48534d
    ecall
    addi    s1, s1, -1
    bgez    s1, 1b
    mv      a0, s0
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

    .balign 4
sleep:
    csrw    sie, zero
    wfi
    j       sleep

    .section .bss
    .balign 4096
table:
    .zero   4096
    .zero   16384
stack_top:
