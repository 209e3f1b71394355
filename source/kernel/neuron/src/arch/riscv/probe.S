# Registers and instructions that a hart may lack: tried, because a device tree can promise what is not there, or not name what
# is. An access to a register that is missing, or that the firmware keeps for itself, is an illegal instruction (privileged ISA
# 2.1), and so is an instruction of an extension that is missing; it lands right behind itself.

    .equ CSR_STIMECMP, 0x14d        # Sstc
    .equ CSR_SENVCFG, 0x10a         # privileged ISA 4.1.10
    .equ SSTATUS_SPP, 0x100         # a trap out of S-mode sets it, and a return to a task needs it clear

    # \instruction, and a0 = 1 if this hart has it, else 0. Interrupts are off.
    .macro try instruction:vararg
    la    t0, 1f
    csrrw t1, stvec, t0
    li    a0, 0
    \instruction
    li    a0, 1
    .balign 4
1:  csrw  stvec, t1
    li    t0, SSTATUS_SPP
    csrc  sstatus, t0
    ret
    .endm

    .section .text
    .globl hasStimecmp
hasStimecmp:
    try csrr t2, CSR_STIMECMP

    .globl hasZbb
hasZbb:
    .option push
    .option arch, +zbb
    try rori t2, t2, 1
    .option pop

    # What user mode may do beyond the base instructions (cache-block operations, for one): none of it.
    .globl clearSenvcfg
clearSenvcfg:
    try csrw CSR_SENVCFG, zero
