# The first instructions of every hart.
#
# OpenSBI jumps to _start on one hart (its own choice) with a0 = hart id, a1 = physical address of the device tree,
# paging off. sbi_hsm_hart_start (arch/riscv/smp.ts) sends the others to secondaryEntry, or to parkEntry, which stops them
# again.
#
# Only a0 of what firmware says to a started hart is believed. OpenSBI before 1.3 lets the hart go before it has stored the
# entry and the opaque word: a hart that looks in between begins at _start once more, or with the device tree in a1, or with
# the words of its last start. So _start lets one hart in, and every other one finds its structure by its number in
# `expectedHart`, or parks.
#
# The kernel is linked at 0xffffffff_80200000 and loaded at 0x80200000. `la` is relative to pc, so before paging is on
# it gives physical addresses. Paging comes on by a trap: stvec holds the high address of the next step, the write of
# satp makes the next fetch fault, and the fault lands there. So no identity mapping is needed.

    .include "frame.inc"

    .equ HIGH_HALF, 0xffffffff
    .equ VIRT_UART, 0x10000000      # where `virt` has its 16550 and its test finisher: no device tree is read yet
    .equ VIRT_FINISHER, 0x100000

    .section .text.start
    .globl _start
_start:
    csrw  sie, zero
    la    t0, entered
    li    t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez  t1, secondaryEntry
    la    t0, underFirmware
    csrw  stvec, t0
    csrr  t0, mhartid               # illegal in S-mode, where firmware starts kernels (privileged ISA 2.1)
    j     withoutFirmware
    .balign 4
underFirmware:
    csrw  sscratch, zero
    la    t0, __bss_start
    la    t1, __bss_end
1:  sd    zero, 0(t0)
    addi  t0, t0, 8
    bltu  t0, t1, 1b

    la    t0, bootTable
    srli  t0, t0, 12
    li    t1, MODE_SV39
    or    t0, t0, t1
    la    t1, bootHigh
    li    t2, HIGH_HALF
    slli  t2, t2, 32
    or    t1, t1, t2
    csrw  stvec, t1
    sfence.vma
    csrw  satp, t0
    .balign 4
bootHigh:                           # with paging, on hart 0
    li    t0, STATUS_SPP
    csrc  sstatus, t0
    la    sp, kernelStacks + STACK_GUARD_BYTES + KERNEL_STACK_BYTES
    la    tp, harts                 # hart 0's structure is the first (hart.ts)
    mv    s0, a0
    mv    s1, a1
    call  __wasm_start
    mv    a0, s0
    mv    a1, s1
    call  bootMain
    j     enterScheduler

    .balign 4
    .globl secondaryEntry
secondaryEntry:                     # a0 = hart id
    csrw  sie, zero
    csrw  sscratch, zero
    fence rw, rw                    # behind what made the firmware let this hart go: smp.ts wrote before it asked
    la    t0, expectedHart
    ld    t1, EXPECTED_HARTID(t0)
    bne   t1, a0, parkEntry
    ld    a1, EXPECTED_STRUCTURE(t0)
    la    t0, kernelSatp
    ld    t0, 0(t0)
    la    t1, secondaryHigh
    li    t2, HIGH_HALF
    slli  t2, t2, 32
    or    t1, t1, t2
    csrw  stvec, t1
    sfence.vma
    csrw  satp, t0
    .balign 4
secondaryHigh:
    li    t0, STATUS_SPP
    csrc  sstatus, t0
    mv    tp, a1
    lw    sp, HART_STACK_TOP(tp)
    call  secondaryMain
    j     enterScheduler

# The first hart runs in M-mode: the kernel was loaded with no firmware below it, and nothing is known yet of the machine. So
# the addresses are those of `virt`: its UART, and the test finisher.
withoutFirmware:
    la    t0, noFirmwareText
    li    t1, VIRT_UART
1:  lbu   t2, 0(t0)
    beqz  t2, 3f
2:  lbu   t3, UART_LSR(t1)
    andi  t3, t3, UART_LSR_THRE
    beqz  t3, 2b
    sb    t2, 0(t1)
    addi  t0, t0, 1
    j     1b
3:  lbu   t3, UART_LSR(t1)
    andi  t3, t3, UART_LSR_TEMT
    beqz  t3, 3b
    li    t0, VIRT_FINISHER
    li    t1, FINISHER_FAILURE
    sw    t1, 0(t0)
4:  wfi
    j     4b

    .balign 4
    .globl parkEntry
parkEntry:                          # a hart that is not wanted: one that was never started spins in OpenSBI
    csrw  sie, zero
    li    a7, SBI_HSM
    li    a6, SBI_HART_STOP
    ecall
1:  wfi
    j     1b

    .section .rodata
noFirmwareText:
    .asciz "neuron: cannot boot: it was started in M-mode, and needs firmware below it (OpenSBI)\r\n"

    .section .data
    .balign 8
    .globl kernelSatp
kernelSatp:                         # what the other harts load: written by mm/kernelmap.ts before the first is started
    .dword 0

    .globl expectedHart
expectedHart:                       # ExpectedHart in context.ts; no hart has this number
    .dword -1
    .dword 0
entered:                            # 1 once a hart has come in at _start; not in .bss, which that hart clears
    .word 0

# Only until the kernel's own tables are on: two gigapages (privileged ISA 4.4, Sv39).
# 0xcf = V R W X A D: RAM at its own address in the high half. 0xc7 = V R W A D: devices at 0xc0000000 + address.
    .balign 4096
    .globl bootTable
bootTable:
    .skip 510 * 8
    .dword (0x80000000 >> 2) | 0xcf
    .dword 0xc7

    .section .bss
    .balign 64
    .globl harts
harts:                              # drawn in hart.ts
    .skip HART_STRIDE * HARTS_MAX

    .section .stacks, "aw", @nobits
    .balign 4096
    .globl kernelStacks
kernelStacks:                       # a guard and a stack for each hart, then the same for the panic stacks
    .skip (STACK_GUARD_BYTES + KERNEL_STACK_BYTES) * HARTS_MAX
    .globl panicStacks
panicStacks:
    .skip (STACK_GUARD_BYTES + PANIC_STACK_BYTES) * HARTS_MAX
