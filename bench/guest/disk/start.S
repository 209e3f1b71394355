// The entry of the program that reads the disk without a system: S-mode, one hart, interrupts off.
//
// The other harts are started, to sleep for good. OpenSBI 1.1 would leave them in a WFI that ends at once, because the IPI of its
// own start is still pending, and they would take the host's processors from this one.
//
// The toolchain's programs live where the low 32 bits of an address are its number, with the sign extended. So three pages of
// 1 GiB map all registers at their numbers, and RAM at its numbers and in the high half.

    .equ    HARTS_MAX, 4
    .equ    LOOKED_AT_PAGES, 20             // PAGES in reader.ts
    .equ    CODE_PAGES, 6
    .equ    BLOCKS_A_PAGE, 16
    .equ    BLOCK_SHIFT, 8                  // bytes from one block to the next

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
    la      t1, middle                      // 4 KiB pages from 0x40000000: what LOOKED_AT of reader.ts names
    srli    t1, t1, 2
    ori     t1, t1, 1                       // V
    sd      t1, 8(t0)
    la      t1, leaves
    srli    t1, t1, 2
    ori     t1, t1, 1
    la      t2, middle
    sd      t1, 0(t2)
    la      t2, leaves
    li      t1, 0x83000000 >> 2 | 0xcf
    li      t4, LOOKED_AT_PAGES
2:  sd      t1, 0(t2)
    addi    t2, t2, 8
    addi    t1, t1, 1 << 10
    addi    t4, t4, -1
    bnez    t4, 2b
    li      t3, 4096                        // and the same in the second table
    add     t3, t3, t0
    ld      t2, 0(t0)
    sd      t2, 0(t3)
    ld      t2, 8(t0)
    sd      t2, 8(t3)
    ld      t2, 16(t0)
    sd      t2, 16(t3)
    li      t1, 510 * 8
    add     t1, t1, t3
    sd      t2, 0(t1)
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

    // CODE_PAGES × BLOCKS_A_PAGE calls, each of a function that does nothing.
    .section .text
    .globl  callBlocks
callBlocks:
    addi    sp, sp, -32
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    la      s0, blocks
    li      s1, CODE_PAGES * BLOCKS_A_PAGE
1:  jalr    s0
    addi    s0, s0, 1 << BLOCK_SHIFT
    addi    s1, s1, -1
    bnez    s1, 1b
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    addi    sp, sp, 32
    ret

    .balign 4096
blocks:
    .rept   CODE_PAGES * BLOCKS_A_PAGE
    .balign 1 << BLOCK_SHIFT
    ret
    .endr

    .section .bss
    .balign 8192                            // the page number of the second table is that of the first, plus 1
table:
    .zero   2 * 4096
middle:
    .zero   4096
leaves:
    .zero   4096
    .zero   16384
stack_top:
