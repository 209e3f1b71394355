// Runs one translated module on four harts at once, in S-mode under OpenSBI: `work(index)` on each, index 0 on the hart
// that OpenSBI began with. When that one comes back, everything ends; it is the one that prints.
//
// Addresses are as in entry.S: every hart climbs to the top of the address space.
// A trap on any hart ends the run without the last character, and the test says so.

    .include "tools/test/wast/rv64/bare.inc"

    .equ HARTS, 4
    .equ STACK_SHIFT, 14                // 16 KiB a hart

    // From OpenSBI to where code of the module can run. Changes t0, t1, t2.
    .macro begin
    climb
    la      t0, power_off
    csrw    stvec, t0
    floats_off
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
    begin
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
    finish

secondary:                              // from hart_start, a1: this hart's index
    mv      s1, a1
    begin
    stack
    mv      a0, s1
    call    work
idle:
    wfi
    j       idle

    .text
    put_by_firmware

    .data
    map_top
    .bss
    .balign 16
stacks:
    .zero   HARTS << STACK_SHIFT
