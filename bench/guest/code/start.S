// Runs a measured program: in S-mode at the addresses of a guest, on one hart, without interrupts.
//
// RAM is mapped at the sign-extended Wasm addresses, with one page of 1 GiB. The bench writes the addresses of the program's
// two parts into the words after the first instruction. It stops the machine at codeBegin and at codeEnd. At codeEnd, a0 has
// the result.

    .equ    MEMORY, 0x81000000              // the program's memory, after its code and its data
    .section .text.entry, "ax"
    .globl  _start, codeBegin, codeEnd
_start:
    j       1f
    .balign 8
prepare: .quad 0                            // _start + 8
work:    .quad 0                            // _start + 16
1:  la      t0, table
    li      t1, 0x80000000 >> 2 | 0xcf      // 1 GiB, V R W X A D
    li      t2, 510 * 8
    add     t2, t2, t0
    sd      t1, 0(t2)
    la      t1, high
    li      t2, -1
    slli    t2, t2, 32
    or      t1, t1, t2
    csrw    stvec, t1                       // the fetch after satp faults, and lands at the high address
    srli    t0, t0, 12
    li      t1, 8 << 60
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    .balign 4
high:
    la      t0, wrong
    csrw    stvec, t0
    la      sp, stack_end
    lui     s0, MEMORY >> 12                // sign-extended
    mv      a0, s0
    ld      t0, prepare
    jalr    t0
    mv      a0, s0
    ld      t0, work
codeBegin:
    jalr    t0
codeEnd:
    j       codeEnd

    .balign 4
wrong:                                      // a trap: SRST, shutdown, reason 1
    li      a0, 0
    li      a1, 1
    li      a6, 0
    li      a7, 0x53525354
    ecall

    .section .bss.entry, "aw", @nobits
    .balign 4096
table:  .zero 4096
    .zero 65536
stack_end:
