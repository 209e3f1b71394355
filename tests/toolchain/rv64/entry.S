// Runs one translated module on QEMU, in S-mode under OpenSBI, and says what it says on the SBI console.
//
// The module's addresses are 32 bits, sign-extended, so the first thing to do is to map the top of the address space:
// one entry of the root table makes 0xffffffff80000000 of 0x80000000. What the module traps on ends only the attempt
// that it was made in (`attempt` below), as an exception of Wasm's would in Node.

    .section .text.entry, "ax"
    .globl  _start
_start:
    la      t1, .Lhigh
    li      t2, -1
    slli    t2, t2, 32
    or      t1, t1, t2
    csrw    stvec, t1               // the fetch after satp faults, and lands at the high address
    la      t0, root_table
    srli    t0, t0, 12
    li      t1, 8 << 60             // Sv39
    or      t0, t0, t1
    sfence.vma
    csrw    satp, t0
    .balign 4
.Lhigh:
    la      sp, stack_top
    la      t0, on_trap
    csrw    stvec, t0
    li      t0, 3 << 13             // sstatus.FS off: an instruction of the FPU would trap
    csrc    sstatus, t0
    call    __wasm_start
    call    main
    li      a0, 4                   // ^D: the end was reached
    call    put
power_off:
    li      a0, 0
    li      a1, 0
    li      a6, 0
    li      a7, 0x53525354          // SRST, system reset: shutdown
    ecall
    j       power_off

    .text
    // put(byte): the legacy console extension.
    .globl  put
put:
    li      a7, 1
    ecall
    ret

    // attempt(): calls the module's `attempted`. Gives 1, or 0 if that trapped.
    .globl  attempt
attempt:
    addi    sp, sp, -112
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    sd      s2, 24(sp)
    sd      s3, 32(sp)
    sd      s4, 40(sp)
    sd      s5, 48(sp)
    sd      s6, 56(sp)
    sd      s7, 64(sp)
    sd      s8, 72(sp)
    sd      s9, 80(sp)
    sd      s10, 88(sp)
    sd      s11, 96(sp)
    la      t0, attempt_stack
    sd      sp, 0(t0)
    call    attempted
    li      a0, 1
.Lattempt_end:
    la      t0, attempt_stack
    sd      zero, 0(t0)
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    ld      s2, 24(sp)
    ld      s3, 32(sp)
    ld      s4, 40(sp)
    ld      s5, 48(sp)
    ld      s6, 56(sp)
    ld      s7, 64(sp)
    ld      s8, 72(sp)
    ld      s9, 80(sp)
    ld      s10, 88(sp)
    ld      s11, 96(sp)
    addi    sp, sp, 112
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
    .balign 4096
root_table:
    .zero   510 * 8
    .quad   (0x80000000 >> 12) << 10 | 0xcf     // V R W X A D: 1 GiB of RAM
    .quad   0
attempt_stack:
    .quad   0
    .bss
    .balign 16
    .zero   65536
stack_top:
