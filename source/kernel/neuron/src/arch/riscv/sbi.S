# sbiEcall(extension, function, a0, a1, a2, a3, a4, valueAddress) -> error
#
# One SBI call (SBI 3, binary encoding): a7 extension, a6 function, a0-a4 arguments; back come a0 error and a1 value,
# and every other register is kept by the firmware. The value is stored where the eighth argument points.

    .section .text
    .globl sbiEcall
sbiEcall:
    mv    t0, a7
    mv    a7, a0
    mv    t1, a1
    mv    a0, a2
    mv    a1, a3
    mv    a2, a4
    mv    a3, a5
    mv    a4, a6
    mv    a6, t1
    ecall
    sd    a1, 0(t0)
    ret
