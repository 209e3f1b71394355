# Into the kernel and back to a task. Reached from whatever a task does that traps: its ecalls are in runtime/syscall.S.
#
# Every trap of a task arrives at trapEntry (stvec, direct mode) with interrupts off, sp and all registers the task's,
# and sscratch = this hart's HartContext. A system call (scause 8) goes to syscallHandle in trap.ts with its arguments
# where the C ABI wants them; everything else saves all registers and goes to trapHandle in trap.ts. Both return here,
# at `resume`, with the frame of the task to run in HartContext.frame, which may be another one.
#
# A trap while sscratch is 0 is the kernel's own fault: kernelFault in diag/panic.ts, on a stack of its own.
#
# A debugger goes on from the kernel's functions to the task's: the frame says where all that it had is (DWARF 5, 6.4).

    .include "frame.inc"

    .cfi_sections .eh_frame

    # Column 64 is where to go on: sepc, which is no register of the task's (RISC-V psABI, DWARF register numbers).
    #
    # The canonical frame address is what HartContext.frame says: DW_CFA_def_cfa_expression { breg4 (tp) HART_FRAME;
    # deref_size 4; const1u 32; shl; const1u 32; shra }.
    .macro inFrame
    .cfi_escape 0x0f, 11, 0x74, (HART_FRAME & 0x7f) | 0x80, HART_FRAME >> 7, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26
    .cfi_offset 64, FRAME_SEPC
    .cfi_offset ra, FRAME_RA
    .cfi_offset sp, FRAME_SP
    .cfi_offset gp, FRAME_GP
    .cfi_offset tp, FRAME_TP
    .cfi_offset s0, FRAME_S0
    .cfi_offset s1, FRAME_S1
    .cfi_offset s2, FRAME_S2
    .cfi_offset s3, FRAME_S3
    .cfi_offset s4, FRAME_S4
    .cfi_offset s5, FRAME_S5
    .cfi_offset s6, FRAME_S6
    .cfi_offset s7, FRAME_S7
    .cfi_offset s8, FRAME_S8
    .cfi_offset s9, FRAME_S9
    .cfi_offset s10, FRAME_S10
    .cfi_offset s11, FRAME_S11
    .endm

    # Beside those, what a frame with every register has.
    .macro allInFrame
    inFrame
    .cfi_offset t0, FRAME_T0
    .cfi_offset t1, FRAME_T1
    .cfi_offset t2, FRAME_T2
    .cfi_offset a0, FRAME_A0
    .cfi_offset a1, FRAME_A1
    .cfi_offset a2, FRAME_A2
    .cfi_offset a3, FRAME_A3
    .cfi_offset a4, FRAME_A4
    .cfi_offset a5, FRAME_A5
    .cfi_offset a6, FRAME_A6
    .cfi_offset a7, FRAME_A7
    .cfi_offset t3, FRAME_T3
    .cfi_offset t4, FRAME_T4
    .cfi_offset t5, FRAME_T5
    .cfi_offset t6, FRAME_T6
    .endm

    .section .text
    .balign 4
    .globl trapEntry
trapEntry:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_return_column 64
    csrrw tp, sscratch, tp          # tp = hart, sscratch = the task's tp
    beqz  tp, ownFault
    sd    t0, HART_SCRATCH(tp)
    csrr  t0, scause
    addi  t0, t0, -8                # 8: environment call from U-mode (privileged ISA, table 4.2)
    bnez  t0, saveAll

    # A system call is a call: the stub expects a callee's promise and no more (abi/syscall.ts).
    lw    t0, HART_FRAME(tp)
    sd    ra, FRAME_RA(t0)
    sd    sp, FRAME_SP(t0)
    sd    gp, FRAME_GP(t0)
    csrrw t1, sscratch, zero        # from here on a trap is our own
    sd    t1, FRAME_TP(t0)
    sd    s0, FRAME_S0(t0)
    sd    s1, FRAME_S1(t0)
    sd    s2, FRAME_S2(t0)
    sd    s3, FRAME_S3(t0)
    sd    s4, FRAME_S4(t0)
    sd    s5, FRAME_S5(t0)
    sd    s6, FRAME_S6(t0)
    sd    s7, FRAME_S7(t0)
    sd    s8, FRAME_S8(t0)
    sd    s9, FRAME_S9(t0)
    sd    s10, FRAME_S10(t0)
    sd    s11, FRAME_S11(t0)
    csrr  t1, sepc
    addi  t1, t1, 4                 # go on behind the ecall
    sd    t1, FRAME_SEPC(t0)
    sw    zero, FRAME_KIND(t0)      # FRAME_CALL
    lw    sp, HART_STACK_TOP(tp)
    .cfi_remember_state
    inFrame
    call  syscallHandle
    j     resume

saveAll:
    .cfi_restore_state
    lw    t0, HART_FRAME(tp)
    sd    ra, FRAME_RA(t0)
    sd    sp, FRAME_SP(t0)
    sd    gp, FRAME_GP(t0)
    sd    t1, FRAME_T1(t0)
    sd    t2, FRAME_T2(t0)
    sd    s0, FRAME_S0(t0)
    sd    s1, FRAME_S1(t0)
    sd    a0, FRAME_A0(t0)
    sd    a1, FRAME_A1(t0)
    sd    a2, FRAME_A2(t0)
    sd    a3, FRAME_A3(t0)
    sd    a4, FRAME_A4(t0)
    sd    a5, FRAME_A5(t0)
    sd    a6, FRAME_A6(t0)
    sd    a7, FRAME_A7(t0)
    sd    s2, FRAME_S2(t0)
    sd    s3, FRAME_S3(t0)
    sd    s4, FRAME_S4(t0)
    sd    s5, FRAME_S5(t0)
    sd    s6, FRAME_S6(t0)
    sd    s7, FRAME_S7(t0)
    sd    s8, FRAME_S8(t0)
    sd    s9, FRAME_S9(t0)
    sd    s10, FRAME_S10(t0)
    sd    s11, FRAME_S11(t0)
    sd    t3, FRAME_T3(t0)
    sd    t4, FRAME_T4(t0)
    sd    t5, FRAME_T5(t0)
    sd    t6, FRAME_T6(t0)
    ld    t1, HART_SCRATCH(tp)
    sd    t1, FRAME_T0(t0)
    csrrw t1, sscratch, zero
    sd    t1, FRAME_TP(t0)
    csrr  t1, sepc
    sd    t1, FRAME_SEPC(t0)
    li    t1, FRAME_FULL
    sw    t1, FRAME_KIND(t0)
    lw    sp, HART_STACK_TOP(tp)
    csrr  a0, scause
    csrr  a1, stval
    allInFrame
    call  trapHandle
    .cfi_endproc

# From trapHandle, syscallHandle, and enterScheduler below: run the task of HartContext.frame.
resume:
    lw    t0, HART_FRAME(tp)
    ld    t1, FRAME_SEPC(t0)
    csrw  sepc, t1
    csrw  sscratch, tp
    ld    ra, FRAME_RA(t0)
    ld    sp, FRAME_SP(t0)
    ld    gp, FRAME_GP(t0)
    ld    s0, FRAME_S0(t0)
    ld    s1, FRAME_S1(t0)
    ld    s2, FRAME_S2(t0)
    ld    s3, FRAME_S3(t0)
    ld    s4, FRAME_S4(t0)
    ld    s5, FRAME_S5(t0)
    ld    s6, FRAME_S6(t0)
    ld    s7, FRAME_S7(t0)
    ld    s8, FRAME_S8(t0)
    ld    s9, FRAME_S9(t0)
    ld    s10, FRAME_S10(t0)
    ld    s11, FRAME_S11(t0)
    ld    a0, FRAME_A0(t0)
    ld    a1, FRAME_A1(t0)
    ld    a2, FRAME_A2(t0)
    ld    a3, FRAME_A3(t0)
    ld    a4, FRAME_A4(t0)
    ld    a5, FRAME_A5(t0)
    ld    a6, FRAME_A6(t0)
    lw    t1, FRAME_KIND(t0)
    bnez  t1, restoreRest
    ld    tp, FRAME_TP(t0)
    mv    a7, zero                  # nothing of the kernel's leaks
    mv    t0, zero
    mv    t1, zero
    mv    t2, zero
    mv    t3, zero
    mv    t4, zero
    mv    t5, zero
    mv    t6, zero
    sret

restoreRest:
    # A task that was interrupted finds no reservation of its own, which whoever interrupts need not mind (unprivileged
    # ISA, 8.2). Those of other tasks end where tasks are switched (runOn in sched/schedule.ts).
    .if HART_SCRATCH
    .error "the scratch word is not at tp"
    .endif
    sc.d  zero, zero, (tp)
    ld    tp, FRAME_TP(t0)
    ld    a7, FRAME_A7(t0)
    ld    t1, FRAME_T1(t0)
    ld    t2, FRAME_T2(t0)
    ld    t3, FRAME_T3(t0)
    ld    t4, FRAME_T4(t0)
    ld    t5, FRAME_T5(t0)
    ld    t6, FRAME_T6(t0)
    ld    t0, FRAME_T0(t0)
    sret

# From entry.S's last step on each hart: the first time there is no frame to go back to.
    .globl enterScheduler
enterScheduler:
    lw    sp, HART_STACK_TOP(tp)
    call  scheduleFirst
    j     resume

# A trap while the kernel ran. tp is 0 and sscratch the kernel's tp. Does not return.
ownFault:
    csrrw tp, sscratch, zero
    mv    a3, sp
    mv    a4, ra
    lw    sp, HART_PANIC_STACK_TOP(tp)
    csrr  a0, scause
    csrr  a1, stval
    csrr  a2, sepc
    call  kernelFault
1:  wfi
    j     1b
