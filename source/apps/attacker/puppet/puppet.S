# What the attacker's children run: code that is copied, as it stands here, into the text of a task that the attacker
# makes. It depends on no address but SCRIPT, where the child finds memory that it shares with the attacker.
#
#   puppetStart     does system call after system call from a list of records at SCRIPT:
#
#                     0 number │ 8 a0 … 56 a6 │ 64 status │ 72 a1 … 112 a6 of the results │ 120 times done
#
#                   number -1 ends the task with code 0, -2 goes back to the first record, -3 reads a2 words from address a0
#                   on, a1 bytes apart, and notes as status how many of them faulted, -4 goes to the record at a0 if the step
#                   before it went well (a1 is 0) or was refused (a1 is 1), -5 yields until a0 is above how often it was done,
#                   -6 puts the last result of the step before it into a0 of the next one
#   echoStart       answers every call at its endpoint, after some work of its own, for ever
#   holderStart     HELD_ROUNDS times: reads the word at HELD with LR, yields, and writes back with SC what it had read
#   rivalStart      HELD_ROUNDS times: adds one to the word, does LR of it if told to, and yields. Both end with code 0
#
#                     0 the word │ 8 additions │ 16 whether the rival does LR
#
#   faulterStart    FAULTS times: reads from the address in its script, which faults. Ends with what is then in a0
#
#   crimes          a table: CRIME_BYTES each; one crime, then Exit with code CRIME_DONE if nothing stopped it. SCRIPT
#                   holds a word that it may need: an address
#
# The attacker itself never calls this code.

    .equ SCRIPT_PAGE, 0x20          # lui's operand for SCRIPT = 0x2_0000 (puppet.ts)
    .equ SYSCALL_EXIT, 4
    .equ SYSCALL_YIELD, 0
    .equ SYSCALL_RECEIVE, 6
    .equ SYSCALL_REPLY_RECEIVE, 8
    .equ ECHO_ENDPOINT, 1           # puppet.ts
    .equ ECHO_WORK, 2000            # turns of a loop: most of the time passes there
    .equ HELD_PAGE, 0x60            # lui's operand for HELD = 0x6_0000 (reservations.ts)
    .equ HELD_ROUNDS, 200           # reservations.ts
    .equ FAULTS, 100                # rights/faults.ts
    .equ CRIME_DONE, 77             # puppet.ts
    .equ CRIME_SHIFT, 6             # 64 bytes each (puppet.ts)

    .section .text
    .option norvc
    .balign 8
    .globl puppetStart, puppetEnd
puppetStart:
    lui  s0, SCRIPT_PAGE
1:
    ld   a7, 0(s0)
    bltz a7, 2f
    ld   a0, 8(s0)
    ld   a1, 16(s0)
    ld   a2, 24(s0)
    ld   a3, 32(s0)
    ld   a4, 40(s0)
    ld   a5, 48(s0)
    ld   a6, 56(s0)
    ecall
    sd   a0, 64(s0)
    sd   a1, 72(s0)
    sd   a2, 80(s0)
    sd   a3, 88(s0)
    sd   a4, 96(s0)
    sd   a5, 104(s0)
    sd   a6, 112(s0)
3:
    ld   t0, 120(s0)
    addi t0, t0, 1
    sd   t0, 120(s0)
    addi s0, s0, 128
    j    1b
2:
    addi t0, a7, 2
    beqz t0, puppetStart
    addi t0, a7, 3
    beqz t0, 4f
    addi t0, a7, 4
    beqz t0, 6f
    addi t0, a7, 5
    beqz t0, 7f
    addi t0, a7, 6
    beqz t0, 8f
    li   a0, 0
    li   a7, SYSCALL_EXIT
    ecall
4:
    ld   t0, 8(s0)
    ld   t1, 16(s0)
    ld   t2, 24(s0)
    li   a0, 0
5:  lw   t3, 0(t0)                  # if it faults, a debugger adds one to a0, and goes on behind it
    add  t0, t0, t1
    addi t2, t2, -1
    bnez t2, 5b
    sd   a0, 64(s0)
    j    3b
6:
    ld   t0, 64 - 128(s0)
    slti t0, t0, 0
    ld   t1, 16(s0)
    bne  t0, t1, 3b
    ld   s0, 8(s0)
    j    1b
7:
    ld   t0, 8(s0)
    ld   t1, 120(s0)
    bltu t1, t0, 3b
    li   a7, SYSCALL_YIELD
    ecall
    j    7b
8:
    ld   t0, 112 - 128(s0)
    sd   t0, 128 + 8(s0)
    j    3b
puppetEnd:

    .globl echoStart, echoEnd
echoStart:
    li   a0, ECHO_ENDPOINT
    li   a1, -1                     # FOREVER
    li   a7, SYSCALL_RECEIVE
    ecall
1:  li   t0, ECHO_WORK
2:  addi t0, t0, -1
    bnez t0, 2b
    li   a0, ECHO_ENDPOINT          # a6 holds the caller's token
    li   a1, 0
    li   a7, SYSCALL_REPLY_RECEIVE
    ecall
    j    1b
echoEnd:

    .globl holderStart, holderEnd
holderStart:
    lui  s0, HELD_PAGE
    li   s1, HELD_ROUNDS
1:  lr.d s2, (s0)
    li   a7, SYSCALL_YIELD
    ecall
    sc.d t0, s2, (s0)
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, 0
    li   a7, SYSCALL_EXIT
    ecall
holderEnd:

    .globl rivalStart, rivalEnd
rivalStart:
    lui  s0, HELD_PAGE
    li   s1, HELD_ROUNDS
    li   s2, 1
1:  amoadd.d t0, s2, (s0)
    addi t1, s0, 8
    amoadd.d t0, s2, (t1)
    ld   t0, 16(s0)
    beqz t0, 2f
    lr.d t1, (s0)
2:  li   a7, SYSCALL_YIELD
    ecall
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, 0
    li   a7, SYSCALL_EXIT
    ecall
rivalEnd:

    .globl faulterStart, faulterEnd
faulterStart:
    lui  s0, SCRIPT_PAGE
    ld   t0, 0(s0)                  # an address that is not mapped
    li   s1, FAULTS
    li   a0, 0
1:  lw   t1, 0(t0)                  # its debugger adds one to a0, and goes on behind it
    addi s1, s1, -1
    bnez s1, 1b
    li   a7, SYSCALL_EXIT
    ecall
faulterEnd:

    # Opens entry \name; the next one closes it.
    .macro crime
    .balign (1 << CRIME_SHIFT)
    .endm
    .macro done
    li   a0, CRIME_DONE
    li   a7, SYSCALL_EXIT
    ecall
    .endm
    .macro address
    lui  t0, SCRIPT_PAGE
    ld   t0, 0(t0)
    .endm

    .globl crimes, crimesEnd
    crime
crimes:                             # the order is that of `Crime` in puppet.ts
    address                         # Load
    lw   t1, 0(t0)
    done
    crime
    address                         # Store
    sw   zero, 0(t0)
    done
    crime
    address                         # Jump
    jalr ra, 0(t0)
    done
    crime
    li   t1, -1                     # WriteStimecmp: this hart's timer would never come
    csrw 0x14d, t1
    done
    crime
    csrr t1, 0x14d                  # ReadStimecmp
    done
    crime
    rdcycle t1                      # ReadCycle
    done
    crime
    csrw sie, zero                  # WriteSie: no timer, no interrupt
    done
    crime
    csrw sip, zero                  # WriteSip
    done
    crime
    csrsi sip, 2                    # RaiseOwnIpi: SSIP
    done
    crime
    csrw satp, zero                 # WriteSatp
    done
    crime
    csrw stvec, zero                # WriteStvec
    done
    crime
    csrr t1, sscratch               # ReadSscratch: where the hart's structure is
    done
    crime
    csrr t1, 0xf14                  # ReadMhartid
    done
    crime
    sret                            # Sret
    done
    crime
    wfi                             # Wfi
    done
    crime
    sfence.vma                      # SfenceVma
    done
    crime
    lui  a1, 0x80200                # EcallHartStart: SBI HSM, hart 1 at the kernel's first address, 0x8020_0000
    slli a1, a1, 32
    srli a1, a1, 32
    li   a0, 1
    li   a2, 0
    li   a6, 0
    li   a7, 0x48534d
    ecall
    li   a7, SYSCALL_EXIT           # with the status as code
    ecall
    crime
    li   a6, 1                      # EcallHartStop: SBI HSM
    li   a7, 0x48534d
    ecall
    li   a7, SYSCALL_EXIT
    ecall
    crime
    li   a0, -1                     # EcallSendIpi: SBI IPI, to all harts
    li   a1, 0
    li   a6, 0
    li   a7, 0x735049
    ecall
    li   a7, SYSCALL_EXIT
    ecall
    crime
    li   a0, -1                     # EcallSetTimer: SBI TIME
    li   a6, 0
    li   a7, 0x54494d45
    ecall
    li   a7, SYSCALL_EXIT
    ecall
    crime
    li   a0, 0                      # EcallReset: SBI SRST
    li   a1, 0
    li   a6, 0
    li   a7, 0x53525354
    ecall
    li   a7, SYSCALL_EXIT
    ecall
    crime
crimesEnd:
