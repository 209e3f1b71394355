// Runs one translated module on four harts at once, in S-mode under OpenSBI: `work(index)` on each, index 0 on the hart
// that OpenSBI began with. When that one comes back, everything ends; it is the one that prints.
//
// Addresses are as in entry.S: the top of the address space is mapped, and every hart jumps there by a fetch that faults.
// A trap on any hart ends the run without the last character, and the test says so.

    .equ HARTS, 4
    .equ STACK_SHIFT, 14                // 16 KiB a hart

    // Goes on at the high address, with Sv39. Changes t0, t1, t2.
    .macro climb
    la      t1, 1f
    li      t2, -1
    slli    t2, t2, 32
    or      t1, t1, t2
    csrw    stvec, t1                   // the fetch after satp faults, and lands at the high address
    la      t0, root_table
    srli    t0, t0, 12
    li      t1, 8 << 60                 // Sv39
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    .balign 4
1:
    la      t0, power_off
    csrw    stvec, t0
    li      t0, 3 << 13                 // sstatus.FS off: an instruction of the FPU would trap
    csrc    sstatus, t0
    .endm

    // Takes the stack of the hart whose index is in s1.
    .macro stack
    la      sp, stacks
    addi    t0, s1, 1
    slli    t0, t0, STACK_SHIFT
    add     sp, sp, t0
    .endm

    .section .text.entry, "ax"
    .globl  _start
_start:                                 // from OpenSBI, a0: this hart's number
    mv      s0, a0
    la      s4, secondary               // a physical address, as long as there is no paging
    climb
    li      s1, 0
    stack
    call    __wasm_start
    li      s2, 0                       // the number that is tried next
    li      s3, 1                       // the index that is given next
next_hart:
    beq     s2, s0, started
    mv      a0, s2
    mv      a1, s4
    mv      a2, s3
    li      a6, 0                       // HSM, hart_start
    li      a7, 0x48534d
    ecall
    bnez    a0, power_off
    addi    s3, s3, 1
started:
    addi    s2, s2, 1
    li      t0, HARTS
    bltu    s2, t0, next_hart
    li      a0, 0
    call    work
    li      a0, 4                       // ^D: the end was reached
    call    put
    .balign 4
power_off:
    li      a0, 0
    li      a1, 0
    li      a6, 0
    li      a7, 0x53525354              // SRST, system reset: shutdown
    ecall
    j       power_off

secondary:                              // from hart_start, a1: this hart's index
    mv      s1, a1
    climb
    stack
    mv      a0, s1
    call    work
idle:
    wfi
    j       idle

    .text
    // put(byte): the legacy console extension.
    .globl  put
put:
    li      a7, 1
    ecall
    ret

    .data
    .balign 4096
root_table:
    .zero   510 * 8
    .quad   (0x80000000 >> 12) << 10 | 0xcf     // V R W X A D: 1 GiB of RAM
    .quad   0
    .bss
    .balign 16
stacks:
    .zero   HARTS << STACK_SHIFT
