# The labels that the host watches while a path is measured, and the tasks at the path's other end.
#
# The host (bench/kernel/) has breakpoints at every symbol that begins with `benchBegin` or `benchEnd`: it notes how
# many instructions each hart has executed there, which costs no instruction of the guest. A path lies between a Begin
# and the next End, so most labels are right before and right behind an `ecall`.
#
# All of this is one page. Children get a copy at the same address, so the labels are the same in every task.

    .equ SYSCALL_YIELD, 0           # source/abi/syscall.ts
    .equ SYSCALL_EXIT, 4
    .equ SYSCALL_RECEIVE, 6
    .equ SYSCALL_REPLY_RECEIVE, 8
    .equ SYSCALL_SIGNAL, 9
    .equ SYSCALL_WAIT, 10
    .equ CHILD_SLOT, 0              # the one capability that a child is given (children.ts)
    .equ INFO_BYTES, 0x1fff         # source/abi/message.ts

    .section .text
    .balign 4096
    .globl measuredPage, measuredPageEnd
measuredPage:

# benchOperation(name, warm rounds): what follows is measured under this name.
    .globl benchOperation
benchOperation:
    ret

# A stretch of the program's own: everything between these two, the program's instructions too.
    .globl benchBeginStretch, benchEndStretch
benchBeginStretch:
    ret
benchEndStretch:
    ret

# measuredCall(a0 … a6, number): a system call, from its ecall to the instruction behind it.
    .globl measuredCall, benchBeginCall, benchEndCall
measuredCall:
benchBeginCall:
    ecall
benchEndCall:
    j    keepResults

# awaitedCall(a0 … a6, number): a system call that ends a measurement that another task has begun.
    .globl awaitedCall, benchEndAwaited
awaitedCall:
    ecall
benchEndAwaited:
keepResults:
    la   t0, syscallResults
    sd   a1, 0(t0)
    sd   a2, 8(t0)
    sd   a3, 16(t0)
    sd   a4, 24(t0)
    sd   a5, 32(t0)
    sd   a6, 40(t0)
    ret

# Children. Each is entered where its life begins; s1 is what it does.

# Answers every message with the same words and as many bytes.
    .globl childEcho
childEcho:
    li   a0, CHILD_SLOT
    li   a1, -1                     # FOREVER
    li   a7, SYSCALL_RECEIVE
    ecall
1:
    li   t0, INFO_BYTES
    and  a1, a1, t0
    li   a0, CHILD_SLOT
    li   a7, SYSCALL_REPLY_RECEIVE
    ecall
    j    1b

# Yields again and again.
    .globl childYield, benchBeginYield, benchEndYield
childYield:
    li   a7, SYSCALL_YIELD
benchBeginYield:
    ecall
benchEndYield:
    j    childYield

# Signals again and again.
    .globl childSignal, benchBeginSignal
childSignal:
    li   a0, CHILD_SLOT
    li   a1, 1
    li   a7, SYSCALL_SIGNAL
benchBeginSignal:
    ecall
    j    childSignal

# Waits to be signalled, again and again.
    .globl childWait, benchEndWait
childWait:
    li   a0, CHILD_SLOT
    li   a1, -1
    li   a7, SYSCALL_WAIT
    ecall
benchEndWait:
    j    childWait

# Ends at once.
    .globl childLeave
childLeave:
    li   a0, 0
    li   a7, SYSCALL_EXIT
    ecall
measuredPageEnd:
