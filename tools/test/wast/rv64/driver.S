// Runs a table of commands in S-mode under OpenSBI, one after another, and prints the result of each.
//
// The table (wasm_commands, wasm_command_count) and the functions that it names come from board.ts. A command is three
// words: a thunk, its target, and its arguments. The thunk is called with the last two. It reports
// through wasm_event. A trap ends its command, and no other.
//
// The console gets one line for each command. A quiet program prints only its digests:
//
//     02:0000000000000005 01:ffffffffffffffff .      events (kind, value), then the end
//     02:0000000000000005 !03                        a trap: the number of its reason, or 0x40 + scause
//     #0badf00d 12345678                             a digest: of the events since the last one, and of memory
//
// Addresses: RAM at its physical address in 1-GiB pages; 0x280000000 + p is device register p. wasm_map chooses the
// memory of the lowest 2 MiB, where a guest's memory begins.

    .include "tools/test/wast/rv64/bare.inc"

    .equ DEVICES_HIGH, 0x28             // << 28: where devices are mapped
    .equ UART, 0x10000000
    .equ LINE_STATUS, 5
    .equ HOLDING_EMPTY, 1 << 5
    .equ PTE_RAM, 0xcf                  // V R W X A D
    .equ STACK_BYTES, 32 << 20          // 1,000 calls deep with 1,000 locals each
    .equ HASH_FACTOR, 0x01000193

    .section .text.entry, "ax"
    .globl  _start
_start:
    la      sp, stack_top
    la      t0, root_table
    srli    t0, t0, 12
    li      t1, 8 << 60                 // Sv39
    or      t0, t0, t1
    la      t1, low_table
    srli    t1, t1, 12
    slli    t1, t1, 10
    ori     t1, t1, 1
    la      t2, root_table
    sd      t1, 0(t2)
    sfence.vma
    csrw    satp, t0
    sfence.vma
    la      t0, on_trap
    csrw    stvec, t0
    csrw    sie, zero
    floats_off

    la      s0, wasm_commands
    la      s1, wasm_command_count
    ld      s1, 0(s1)
next_command:
    beqz    s1, finished
    ld      a0, 0(s0)
    ld      a1, 8(s0)
    ld      a2, 16(s0)
    addi    s0, s0, 24
    addi    s1, s1, -1
    call    attempt
    la      t0, wasm_depth
    sd      zero, 0(t0)
    mv      s2, a0
    snez    a0, a0
    la      t0, hash
    call    mix                         // the trap is part of the digest
    la      t0, wasm_quiet
    ld      t0, 0(t0)
    bnez    t0, next_command
    bnez    s2, trapped
    li      a0, '.'
    call    put
    j       end_of_line
trapped:
    li      a0, '!'
    call    put
    mv      a0, s2
    li      a1, 2
    call    put_hex
end_of_line:
    li      a0, '\n'
    call    put
    j       next_command

finished:
    finish

    // attempt(thunk, target, arguments): 0, or the reason of the trap that ended it.
attempt:
    save_registers attempt_stack
    mv      t0, a0
    mv      a0, a1
    mv      a1, a2
    jalr    t0
    li      a0, 0
attempt_end:
    restore_registers attempt_stack
    ret

    // An exception, straight from the code under test.
    .balign 4
on_trap:
    csrr    a0, scause
    addi    a0, a0, 0x40
    // wasm_trap(reason): called by code under test, does not return.
    .globl  wasm_trap
wasm_trap:
    la      t0, attempt_stack
    ld      sp, 0(t0)
    bnez    sp, attempt_end
    j       power_off                   // outside of a command: board.ts misses the end

    // wasm_event(kind, value)
    .globl  wasm_event
wasm_event:
    addi    sp, sp, -32
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    mv      s0, a0
    mv      s1, a1
    la      t0, hash
    call    mix
    mv      a0, s1
    call    mix
    srli    a0, s1, 32
    call    mix
    la      t0, wasm_quiet
    ld      t0, 0(t0)
    bnez    t0, .Levent_end
    mv      a0, s0
    li      a1, 2
    call    put_hex
    li      a0, ':'
    call    put
    mv      a0, s1
    li      a1, 16
    call    put_hex
    li      a0, ' '
    call    put
.Levent_end:
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    addi    sp, sp, 32
    ret

    // mix: folds the low half of a0 into the word at t0. Changes t1, t2.
mix:
    lw      t1, 0(t0)
    xor     t1, t1, a0
    li      t2, HASH_FACTOR
    mulw    t1, t1, t2
    srliw   t2, t1, 15
    xor     t1, t1, t2
    sw      t1, 0(t0)
    ret

    // wasm_map(physical): the lowest 2 MiB of addresses become this memory. A thunk.
    .globl  wasm_map
wasm_map:
    srli    a0, a0, 12
    slli    a0, a0, 10
    ori     a0, a0, PTE_RAM
    la      t0, low_table
    sd      a0, 0(t0)
    sfence.vma
    ret

    // wasm_digest(start, size): prints the hash of all events so far and of a memory (its words that are not zero,
    // with their places), and starts a new hash. A thunk.
    .globl  wasm_digest
wasm_digest:
    addi    sp, sp, -32
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    sd      s2, 24(sp)
    mv      s0, a0
    add     s1, a0, a1
    mv      s2, a0
    la      t0, memory_hash
    sw      zero, 0(t0)
.Lwords:
    bgeu    s0, s1, .Lwords_end
    lw      t3, 0(s0)
    beqz    t3, .Lword_next
    sub     a0, s0, s2
    srli    a0, a0, 2
    call    mix
    mv      a0, t3
    call    mix
.Lword_next:
    addi    s0, s0, 4
    j       .Lwords
.Lwords_end:
    li      a0, '#'
    call    put
    la      t0, hash
    lwu     a0, 0(t0)
    sw      zero, 0(t0)
    li      a1, 8
    call    put_hex
    li      a0, ' '
    call    put
    la      t0, memory_hash
    lwu     a0, 0(t0)
    li      a1, 8
    call    put_hex
    li      a0, '\n'
    call    put
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    ld      s2, 24(sp)
    addi    sp, sp, 32
    ret

    // put_hex(value, digits). Changes a2, a3.
put_hex:
    addi    sp, sp, -16
    sd      ra, 0(sp)
    mv      a2, a0
    slli    a3, a1, 2
.Ldigit:
    addi    a3, a3, -4
    srl     a0, a2, a3
    andi    a0, a0, 15
    addi    a0, a0, '0'
    sltiu   t0, a0, '9' + 1
    bnez    t0, .Ldecimal
    addi    a0, a0, 'a' - '9' - 1
.Ldecimal:
    call    put
    bnez    a3, .Ldigit
    ld      ra, 0(sp)
    addi    sp, sp, 16
    ret

    // put(byte): waits for the UART. QEMU's UART holds back a byte while its pipe is full.
put:
    li      t0, DEVICES_HIGH
    slli    t0, t0, 28
    li      t1, UART
    add     t0, t0, t1
.Lfull:
    lbu     t1, LINE_STATUS(t0)
    andi    t1, t1, HOLDING_EMPTY
    beqz    t1, .Lfull
    sb      a0, 0(t0)
    ret

    .data
    .balign 4096
root_table:
    .quad   0                           // 0x000000000: low_table, set above
    .quad   0
    .quad   0x080000 << 10 | PTE_RAM    // 0x080000000 …
    .quad   0x0c0000 << 10 | PTE_RAM
    .quad   0x100000 << 10 | PTE_RAM
    .quad   0x140000 << 10 | PTE_RAM
    .quad   0x180000 << 10 | PTE_RAM
    .quad   0x1c0000 << 10 | PTE_RAM
    .quad   0x200000 << 10 | PTE_RAM
    .quad   0x240000 << 10 | PTE_RAM    // … 0x27fffffff
    .quad   0 << 10 | PTE_RAM           // 0x280000000: devices
    .zero   501 * 8
low_table:
    .zero   512 * 8
attempt_stack:
    .quad   0
    .globl  wasm_depth
wasm_depth:
    .quad   0
hash:
    .word   0
memory_hash:
    .word   0

    .bss
    .balign 16
    .zero   STACK_BYTES
stack_top:
