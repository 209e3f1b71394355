# The one place where a task enters the kernel. Reached from runtime/call.ts and runtime/ipc.ts; goes on in the kernel's
# arch/riscv/trap.S.
#
# A system call is a call (abi/syscall.ts): to the compiler this is a function like any other, so it already expects
# the caller-saved registers to be lost. The results are stored for runtime/call.ts to read; a task has one thread,
# so one place for them is enough.

    .section .text
    .globl systemCall
systemCall:
    ecall
    la   t0, syscallResults
    sd   a1, 0(t0)
    sd   a2, 8(t0)
    sd   a3, 16(t0)
    sd   a4, 24(t0)
    sd   a5, 32(t0)
    sd   a6, 40(t0)
    ret

    .section .bss
    .balign 8
    .globl syscallResults
syscallResults:
    .skip 48
