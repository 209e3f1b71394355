// The benchmark's kernel: every hart maps the same memory, drops to U-mode and works, interrupted by a timer.
//
// S-mode is in the first 2 MiB after the firmware. The program is above it, in user pages of 4 KiB. Each hart has 128 KiB of
// its own from 0x80c00000 on. The last hart that finishes turns the machine off. The bench writes the number of harts and
// the number of rounds into the two words after the first instruction.

    .equ    TICKS, 100000                   // 10 ms
    .equ    STIMECMP, 0x14d
    .section .text.entry, "ax"
    .globl  _start
_start:
    j       1f
    .balign 8
harts:  .quad 1                             // _start + 8
rounds: .quad 100                           // _start + 16
1:  mv      s0, a0                          // this hart
    la      t0, leaves
    la      t1, table_high
    li      t2, 0x80200000 >> 2 | 0xcf      // 2 MiB, V R W X A D
    sd      t2, 8(t1)
    addi    t1, t1, 16                      // 0x80400000
    li      t2, 8
2:  srli    t3, t0, 2                       // eight tables of leaves
    ori     t3, t3, 1
    sd      t3, 0(t1)
    addi    t1, t1, 8
    li      t4, 4096
    add     t0, t0, t4
    addi    t2, t2, -1
    bnez    t2, 2b
    la      t0, leaves
    li      t2, 0x80400000 >> 2 | 0xdf      // 4 KiB, V R W X U A D
    li      t4, 4096
3:  sd      t2, 0(t0)
    addi    t0, t0, 8
    addi    t2, t2, 0x400
    addi    t4, t4, -1
    bnez    t4, 3b
    la      t0, table_root
    la      t1, table_high
    srli    t1, t1, 2
    ori     t1, t1, 1
    li      t2, 510 * 8
    add     t0, t0, t2
    sd      t1, 0(t0)
    la      t0, harts
    ld      s1, 0(t0)
    li      s2, 0
4:  beq     s2, s1, hart_ready
    beq     s2, s0, 5f
    mv      a0, s2                          // HSM, hart_start
    la      a1, hart_start
    li      a2, 0
    li      a6, 0
    li      a7, 0x48534d
    ecall
5:  addi    s2, s2, 1
    j       4b

hart_start:
    mv      s0, a0
hart_ready:
    la      t1, hart_high
    li      t2, -1
    slli    t2, t2, 32
    or      t1, t1, t2
    csrw    stvec, t1                       // the fetch after satp faults, and lands at the high address
    la      t0, table_root
    srli    t0, t0, 12
    li      t1, 8 << 60
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    .balign 4
hart_high:
    la      t0, on_trap
    csrw    stvec, t0
    la      t0, saved
    slli    t1, s0, 4
    add     t0, t0, t1
    csrw    sscratch, t0
    rdtime  t0
    li      t1, TICKS
    add     t0, t0, t1
    csrw    STIMECMP, t0
    li      t0, 1 << 5
    csrw    sie, t0
    li      t0, 1 << 8 | 3 << 13            // to U-mode, without floating point
    csrc    sstatus, t0
    la      t0, user
    csrw    sepc, t0
    lui     a0, 0x80c00
    slli    t0, s0, 17
    add     a0, a0, t0
    li      t0, 0x20000
    add     sp, a0, t0
    la      t0, rounds
    ld      a1, 0(t0)
    sret

    .balign 4
on_trap:
    csrrw   t0, sscratch, t0
    sd      t1, 0(t0)
    csrr    t1, scause
    bgez    t1, done
    sd      t2, 8(t0)
    rdtime  t1
    li      t2, TICKS
    add     t1, t1, t2
    csrw    STIMECMP, t1
    ld      t2, 8(t0)
    ld      t1, 0(t0)
    csrrw   t0, sscratch, t0
    sret

done:
    csrw    sie, zero
    la      t0, harts
    li      t1, -1
    amoadd.d t1, t1, (t0)
    li      t0, 1
    bne     t1, t0, sleep
    li      a0, 0                           // SRST, shutdown
    li      a1, 0
    li      a6, 0
    li      a7, 0x53525354
    ecall
sleep:
    wfi
    j       sleep

    .section .bss.entry, "aw", @nobits
    .balign 4096
table_root: .zero 4096
table_high: .zero 4096
leaves:     .zero 8 * 4096
saved:      .zero 8 * 16

    .text
    .balign 4096
user:
    call    work
    ecall
