# Into the kernel and back to a task. Reached from every trap of a task: its ecalls are in runtime/syscall.S.
#
# Every trap of a task arrives at trapEntry (stvec, direct mode) with interrupts off, sp and all registers the task's,
# and sscratch = this hart's HartContext. The functions that it goes to are in trap.ts.
#
#   system call    saves what a call clobbers ── syscallHandle ──▶ Same: that task goes on at once
#   (scause 8)                                        └─ else: saves what a callee keeps ─┬─ Other: switchHandle ──▶ resumeCall
#                                                                                         └─ Leave: leaveHandle ──▶ resume
#   other traps    saves every register ── trapHandle ──▶ resume
#
# Each of these functions is given the hart, which tp holds.
#
# `resume` runs the task whose frame is in HartContext.frame, which may be another one. While a task runs, and until its
# frame is saved, the frame's kind is KIND_OPEN: a hart that wants to run the task waits for that (sched/schedule.ts).
#
# A trap while sscratch is 0 is the kernel's own fault: kernelFault in diag/panic.ts, on a stack of its own.
#
# A debugger goes on from the kernel's functions to the task's: the frame says where all that it had is (DWARF 5, 6.4).

    .include "frame.inc"

    .cfi_sections .eh_frame

    # Registers by number (RISC-V psABI). Register xN stands at N × REGISTER_BYTES of a frame.

    # What a callee keeps: gp, s0, s1, s2 to s11. (ra and sp are saved in any case.)
    .macro forKept what:vararg
    .irp  x, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    \what \x
    .endr
    .endm

    # Arguments, the number of the system call (a7), and results: a0 to a7.
    .macro forArguments what:vararg
    .irp  x, 10, 11, 12, 13, 14, 15, 16, 17
    \what \x
    .endr
    .endm

    # The other temporaries: t1, t2, t3 to t6. (t0 is saved in any case.)
    .macro forTemporaries what:vararg
    .irp  x, 6, 7, 28, 29, 30, 31
    \what \x
    .endr
    .endm

    # t0 is the frame.
    .macro save x
    sd    x\x, REGISTER_BYTES * \x(t0)
    .endm

    .macro restore x
    ld    x\x, REGISTER_BYTES * \x(t0)
    .endm

    # All of a task's registers but the temporaries, from the frame at t0, which is then KIND_OPEN.
    .macro resumeKept
    # A reservation that another task made on this hart dies here (unprivileged ISA, 8.2): into HART_SCRATCH.
    sc.d  zero, zero, (tp)
    ld    t1, FRAME_SEPC(t0)
    csrw  sepc, t1
    csrw  sscratch, tp
    sw    zero, FRAME_KIND(t0)
    restore 1
    restore 2
    forKept restore
    forArguments restore
    restore 4
    .endm

    .macro wipe x
    mv    x\x, zero
    .endm

    .macro isInFrame x
    .cfi_offset \x, REGISTER_BYTES * \x
    .endm

    # Column 64 is where to go on: sepc, which is no register of the task's (RISC-V psABI, DWARF register numbers).
    #
    # The canonical frame address is what HartContext.frame says: DW_CFA_def_cfa_expression { breg4 (tp) HART_FRAME;
    # deref_size 4; const1u 32; shl; const1u 32; shra }.
    .macro inFrame
    .cfi_escape 0x0f, 11, 0x74, (HART_FRAME & 0x7f) | 0x80, HART_FRAME >> 7, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26
    .cfi_offset 64, FRAME_SEPC
    .irp  x, 1, 2, 4
    isInFrame \x
    .endr
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
    addi  t0, t0, -CAUSE_USER_ECALL
    bnez  t0, saveAll

    # A system call is a call: the stub expects a callee's promise and no more (abi/syscall.ts).
    lw    t0, HART_FRAME(tp)
    save  1
    save  2
    csrrw t1, sscratch, zero        # from here on a trap is our own
    sd    t1, REGISTER_BYTES * 4(t0)
    forArguments save
    csrr  t1, sepc
    addi  t1, t1, 4                 # go on behind the ecall
    sd    t1, FRAME_SEPC(t0)
    lw    sp, HART_STACK_TOP(tp)
    mv    a0, tp
    mv    a1, a7
    .cfi_remember_state
    inFrame
    call  syscallHandle
    bnez  a0, notTheSame

    # The same task: what a callee keeps is as it was.
    lw    t0, HART_FRAME(tp)
    ld    t1, FRAME_SEPC(t0)
    csrw  sepc, t1
    csrw  sscratch, tp
    restore 1
    restore 2
    restore 4
    forArguments restore
    forTemporaries wipe             # nothing of the kernel's leaks
    mv    t0, zero
    sret

    # The rest of what a system call has to save, in the frame at t0.
    .macro saveKept
    forKept save
    li    t1, KIND_CALL
    fence rw, w                     # before another hart may run it
    sw    t1, FRAME_KIND(t0)
    .endm

notTheSame:
    lw    t0, HART_FRAME(tp)
    addi  a0, a0, -AFTER_OTHER
    bnez  a0, leaving
    saveKept
    mv    a0, tp
    .cfi_remember_state
    forKept isInFrame
    call  switchHandle
    .cfi_restore_state
    lw    t0, HART_FRAME(tp)
    j     resumeCall

leaving:
    beqz  t0, 1f                    # the task has ended
    saveKept
    forKept isInFrame
1:  mv    a0, tp
    call  leaveHandle
    j     resume

saveAll:
    .cfi_restore_state
    lw    t0, HART_FRAME(tp)
    save  1
    save  2
    forKept save
    forArguments save
    forTemporaries save
    ld    t1, HART_SCRATCH(tp)
    sd    t1, REGISTER_BYTES * 5(t0)
    csrrw t1, sscratch, zero
    sd    t1, REGISTER_BYTES * 4(t0)
    csrr  t1, sepc
    sd    t1, FRAME_SEPC(t0)
    li    t1, KIND_FULL
    sw    t1, FRAME_KIND(t0)
    lw    sp, HART_STACK_TOP(tp)
    mv    a0, tp
    csrr  a1, scause
    csrr  a2, stval
    inFrame
    isInFrame 5
    forKept isInFrame
    forArguments isInFrame
    forTemporaries isInFrame
    call  trapHandle
    .cfi_endproc

# From trapHandle and leaveHandle above, and from enterScheduler below: run the task of HartContext.frame.
resume:
    lw    t0, HART_FRAME(tp)
    lw    t1, FRAME_KIND(t0)
    addi  t1, t1, -KIND_FULL
    beqz  t1, resumeFull

# The frame at t0 has what a system call leaves.
resumeCall:
    resumeKept
    forTemporaries wipe
    mv    t0, zero
    sret

# It has every register.
resumeFull:
    resumeKept
    forTemporaries restore
    restore 5
    sret

# From entry.S's last step on each hart: the first time there is no frame to go back to.
    .globl enterScheduler
enterScheduler:
    lw    sp, HART_STACK_TOP(tp)
    mv    a0, tp
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
