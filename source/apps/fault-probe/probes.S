# Single instructions that a task may not execute, each as a function. The probes that TypeScript can express are in
# probes.ts.
#
# Words are spelt out where the assembler is not told of the extension (rv64imac): no task of this system is built
# with floating point or vectors.

    .section .text

    .globl loadFrom, storeTo, jumpTo
loadFrom:                           # (address)
    ld    a0, 0(a0)
    ret
storeTo:
    sd    zero, 0(a0)
    ret
jumpTo:
    jr    a0

    .globl illegal, illegalZero
illegal:
    unimp
illegalZero:                        # what empty memory says (unprivileged ISA, 1.5)
    .half 0
    ret

    .globl floatAdd, floatLoad, floatLoadCompressed, floatStatus, vectorConfigure
floatAdd:
    .word 0x02007053                # fadd.d f0, f0, f0
    ret
floatLoad:
    .word 0x00013007                # fld f0, 0(sp)
    ret
floatLoadCompressed:
    .half 0x2002                    # c.fldsp f0, 0(sp)
    ret
floatStatus:
    .word 0x003022f3                # csrr t0, fcsr
    ret
vectorConfigure:
    .word 0x0c0072d7                # vsetvli t0, zero, e8
    ret

    .globl readTime, readCycle, readInstret, readSstatus, writeSatp, writeStimecmp
readTime:
    csrr  a0, time
    ret
readCycle:
    csrr  a0, cycle
    ret
readInstret:
    csrr  a0, instret
    ret
readSstatus:
    csrr  a0, sstatus
    ret
writeSatp:
    csrw  satp, zero
    ret
writeStimecmp:
    csrw  0x14d, zero
    ret

    .globl returnFromTrap, waitForInterrupt, flushTranslations, machineReturn, debugBreak
returnFromTrap:
    sret
machineReturn:
    mret
waitForInterrupt:
    wfi
    ret
flushTranslations:
    sfence.vma
    ret
debugBreak:
    ebreak
    ret

    .globl atomicMisaligned
atomicMisaligned:                   # (address)
    ori   a0, a0, 1
    amoadd.w a0, zero, (a0)
    ret

    .globl runOffStack
runOffStack:                        # pushes for ever
    addi  sp, sp, -64
    sd    ra, 0(sp)
    j     runOffStack

# A hog's code: an endless loop. It is copied to where it runs, so it must not depend on its address.
    .globl hogStart, hogEnd
hogStart:
    j     hogStart
hogEnd:
    nop
