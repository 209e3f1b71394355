// Runs one translated module on QEMU, in S-mode under OpenSBI, and says what it says on the SBI console.
//
// The module's addresses are 32 bits, sign-extended, so the first thing to do is to climb to the top of the address space.
// What the module traps on ends only the attempt that it was made in (`attempt` below), as an exception of Wasm's would in
// Node.

    .include "tools/test/wast/rv64/bare.inc"

    .section .text.entry, "ax"
    .globl  _start
_start:
    climb
    la      sp, stack_top
    la      t0, on_trap
    csrw    stvec, t0
    floats_off
    call    __wasm_start
    call    main
    finish

    .text
    put_by_firmware

    // attempt(): calls the module's `attempted`. Gives 1, or 0 if that trapped.
    .globl  attempt
attempt:
    save_registers attempt_stack
    call    attempted
    li      a0, 1
.Lattempt_end:
    restore_registers attempt_stack
    ret

    .balign 4
on_trap:
    la      t0, attempt_stack
    ld      sp, 0(t0)
    li      a0, 0
    bnez    sp, .Lattempt_end
    j       power_off               // outside of an attempt: the end is missing, and the test says so

    .weak   attempted
attempted:
    ret

    .data
    map_top
attempt_stack:
    .quad   0
    .bss
    .balign 16
    .zero   65536
stack_top:
