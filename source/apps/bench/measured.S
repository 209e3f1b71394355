# The labels that the host watches while a path is measured, and the tasks at the path's other end.
#
# The host (bench/kernel/) has breakpoints at every symbol that begins with `benchBegin` or `benchEnd`: it notes how
# many instructions each hart has executed there, which costs no instruction of the guest. A path lies between a Begin
# and the next End, so most labels are right before and right behind an `ecall`.
#
# All of this is one page. Children get a copy at the same address, so the labels are the same in every task.

    .equ SYSCALL_YIELD, 0           # source/abi/syscall.ts
    .equ SYSCALL_SLEEP, 2
    .equ SYSCALL_EXIT, 4
    .equ SYSCALL_CALL, 5
    .equ SYSCALL_RECEIVE, 6
    .equ SYSCALL_REPLY, 7
    .equ SYSCALL_REPLY_RECEIVE, 8
    .equ SYSCALL_SIGNAL, 9
    .equ SYSCALL_WAIT, 10
    .equ SYSCALL_DROP, 14
    .equ SYSCALL_MAP, 17
    .equ SYSCALL_UNMAP, 18
    .equ SYSCALL_CREATE_TASK, 20
    .equ SYSCALL_START_TASK, 22
    .equ SELF, 0xffff
    .equ CLASS_APP, 2               # source/abi/task.ts
    .equ RIGHT_READ, 1              # source/abi/handle.ts
    .equ RIGHTS_CODE, 5
    .equ PIECE_INFO, (2 << 16) | (RIGHT_READ << 24)     # slot 1, to be read (source/abi/message.ts)
    .equ OFFER_INFO, (1 << 16) | (2 << 24)              # slot 0, to be written
    .equ SLEEP_SHIFT, 10            # stretches/stretches.ts
    .equ SHARE_WORK, 600            # instructions
    .equ PIECE_BYTES, 131072
    .equ PIECE_ADDRESS, 0x10300000
    .equ GATE_SLOT, 0               # what a worker is given (workers.ts)
    .equ WORK_SLOT, 1
    .equ CODE_SLOT, 2
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

# Answers every message with a capability to read the piece, and works as long as packagefsd does before it.
    .globl childShare
childShare:
    li   a0, CHILD_SLOT
    li   a1, -1
    li   a7, SYSCALL_RECEIVE
    ecall
1:
    li   t0, SHARE_WORK / 2
2:
    addi t0, t0, -1
    bnez t0, 2b
    li   a0, CHILD_SLOT
    li   a1, PIECE_INFO
    li   a7, SYSCALL_REPLY_RECEIVE
    ecall
    j    1b

# Answers in two calls, so that its caller is woken while it runs on.
    .globl childAnswer, benchEndAnswer
childAnswer:
    li   a0, CHILD_SLOT
    li   a1, -1
    li   a7, SYSCALL_RECEIVE
    ecall
    mv   a0, a6
    li   a1, 0
    li   a7, SYSCALL_REPLY
    ecall
benchEndAnswer:
    j    childAnswer

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

# Takes every message and answers none.
    .globl childHoard
childHoard:
    li   a0, CHILD_SLOT
    li   a1, -1
    li   a7, SYSCALL_RECEIVE
    ecall
    j    childHoard

# Calls once, and waits for the answer.
    .globl childCall
childCall:
    li   a0, CHILD_SLOT
    li   a1, 0
    li   a6, -1
    li   a7, SYSCALL_CALL
    ecall
    j    childLeave

# The same with a capability to the server itself, which therefore has to have a free slot.
    .globl childOffer
childOffer:
    li   a0, CHILD_SLOT
    li   a1, OFFER_INFO
    li   a6, -1
    li   a7, SYSCALL_CALL
    ecall
    j    childLeave

# Sleeps until the time that its stack pointer says, in units of 1 << SLEEP_SHIFT ticks; then it ends.
    .globl childSleep
childSleep:
    slli a0, sp, SLEEP_SHIFT
    li   a7, SYSCALL_SLEEP
    ecall
    j    childLeave

# Workers, which do the same on each hart (workers.ts). Each calls the gate when it is ready, and begins when its call is
# answered. How many rounds it makes before it ends by itself is in sp, because it needs no stack.
    .macro pass_gate
    mv   s1, sp
    li   a0, GATE_SLOT
    li   a1, 0
    li   a6, -1
    li   a7, SYSCALL_CALL
    ecall
    .endm
    .macro next_round
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, 0
    li   a7, SYSCALL_EXIT
    ecall
    .endm

# Calls a server of its own.
    .globl workerCalls
workerCalls:
    pass_gate
1:
    li   a0, WORK_SLOT
    li   a1, 0
    li   a6, -1
    li   a7, SYSCALL_CALL
    ecall
    next_round

# Makes tasks that end at once, and reaps them. WORK_SLOT is the notification of their end, CODE_SLOT this page.
    .globl workerLives
workerLives:
    pass_gate
1:
    li   a0, CLASS_APP
    li   a1, WORK_SLOT
    li   a2, 1
    li   a3, SELF
    li   a7, SYSCALL_CREATE_TASK
    ecall
    mv   s2, a1
    mv   a0, s2
    li   a1, CODE_SLOT
    lla  a2, measuredPage
    li   a3, 0
    li   a4, 4096
    li   a5, RIGHTS_CODE
    li   a7, SYSCALL_MAP
    ecall
    mv   a0, s2
    lla  a1, childLeave
    li   a2, 0
    li   a7, SYSCALL_START_TASK
    ecall
    li   a0, WORK_SLOT
    li   a1, -1
    li   a7, SYSCALL_WAIT
    ecall
    mv   a0, s2
    li   a7, SYSCALL_DROP
    ecall
    next_round

# Has a piece shared, as a client of packagefsd does: workerAsks reads a word of each of its pages, workerReads all of it.
    .macro begin_piece
    li   a0, WORK_SLOT
    li   a1, 0
    li   a6, -1
    li   a7, SYSCALL_CALL
    ecall
    srli s2, a1, 16                 # infoSlotPlusOne
    andi s2, s2, 0xff
    addi s2, s2, -1
    li   a0, SELF
    mv   a1, s2
    li   a2, PIECE_ADDRESS
    li   a3, 0
    li   a4, PIECE_BYTES
    li   a5, RIGHT_READ
    li   a7, SYSCALL_MAP
    ecall
    li   t0, PIECE_ADDRESS
    li   t1, PIECE_ADDRESS + PIECE_BYTES
    .endm
    .macro end_piece
    li   a0, SELF
    li   a1, PIECE_ADDRESS
    li   a7, SYSCALL_UNMAP
    ecall
    mv   a0, s2
    li   a7, SYSCALL_DROP
    ecall
    .endm

    .globl workerAsks
workerAsks:
    pass_gate
1:
    begin_piece
    li   t2, 4096
2:
    ld   t3, 0(t0)
    add  t0, t0, t2
    bltu t0, t1, 2b
    end_piece
    next_round

    .globl workerReads
workerReads:
    pass_gate
1:
    begin_piece
2:
    ld   t3, 0(t0)
    ld   t4, 8(t0)
    ld   t5, 16(t0)
    ld   t6, 24(t0)
    addi t0, t0, 32
    bltu t0, t1, 2b
    end_piece
    next_round
measuredPageEnd:
