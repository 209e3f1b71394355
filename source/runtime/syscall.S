# The one place where a task enters the kernel. Reached from runtime/call.ts and runtime/ipc.ts; goes on in the kernel's
# arch/riscv/trap.S.
#
# A system call works like a function call (abi/syscall.ts), so the compiler already expects the caller-saved registers
# to be lost. runtime/call.ts reads the results from where they are stored here. A task has one thread, so one place is
# enough.

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
