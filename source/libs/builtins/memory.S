// memcpy, memmove and memset for RV64: what LLVM calls for Wasm's memory.copy and memory.fill, and for loops that it
// recognises as one of them.
//
// All three work in aligned 8-byte words, 64 bytes a round where there is enough (a copy 256). Where source and destination are
// aligned differently, each word is put together from two aligned loads by shifts: a misaligned access would work too,
// but firmware may emulate it, at a thousand times the cost. Every word that is loaded holds at least one byte that is
// asked for, so no load touches a page beyond the source.
//
// C convention: a0 destination (returned as it came), a1 source or byte, a2 length in bytes. Only t and a registers
// are changed, no stack is used.

    .text

    // Below this many bytes, aligning costs more than it gains.
    .equ SHORT_BYTES, 16

    .globl  memmove
    .type   memmove, @function
    .balign 4
memmove:
    sub     t0, a0, a1
    bgeu    t0, a2, memcpy          // destination before the source, or behind its end: forwards is right
    beqz    t0, .Lmove_done         // the same place

    // Backwards: a3 and a1 point behind the next byte of destination and source.
    add     a3, a0, a2
    add     a1, a1, a2
    sltiu   t0, a2, SHORT_BYTES
    bnez    t0, .Lback_bytes
.Lback_align:
    andi    t0, a3, 7
    beqz    t0, .Lback_aligned
    addi    a1, a1, -1
    lbu     t1, 0(a1)
    addi    a3, a3, -1
    sb      t1, 0(a3)
    addi    a2, a2, -1
    j       .Lback_align

.Lback_aligned:
    andi    a4, a2, -8
    sub     a4, a3, a4              // where the last whole word goes
    andi    a2, a2, 7               // bytes that are left after the words
    andi    t0, a1, 7
    bnez    t0, .Lback_shifted
    beq     a3, a4, .Lback_bytes
.Lback_words:
    ld      t1, -8(a1)
    addi    a1, a1, -8
    addi    a3, a3, -8
    sd      t1, 0(a3)
    bne     a3, a4, .Lback_words
.Lback_bytes:
    beq     a3, a0, .Lmove_done
    addi    a1, a1, -1
    lbu     t1, 0(a1)
    addi    a3, a3, -1
    sb      t1, 0(a3)
    j       .Lback_bytes
.Lmove_done:
    ret

    // t0: how far the source is off; t1, t2: shifts right and left (a shift by register takes six bits, so the
    // negative is 64 minus it); t3: the word above, already loaded.
.Lback_shifted:
    slli    t1, t0, 3
    neg     t2, t1
    andi    a5, a1, -8
    ld      t3, 0(a5)
    beq     a3, a4, .Lback_shifted_done
.Lback_shifted_words:
    ld      t4, -8(a5)
    srl     t5, t4, t1
    sll     t6, t3, t2
    or      t5, t5, t6
    mv      t3, t4
    addi    a5, a5, -8
    addi    a3, a3, -8
    sd      t5, 0(a3)
    bne     a3, a4, .Lback_shifted_words
.Lback_shifted_done:
    add     a1, a5, t0
    j       .Lback_bytes
    .size   memmove, . - memmove

    .globl  memcpy
    .type   memcpy, @function
    .balign 4
memcpy:
    mv      a3, a0                  // a3 walks, a0 is the result
    add     a6, a0, a2              // one past the last byte to write
    sltiu   t0, a2, SHORT_BYTES
    bnez    t0, .Lcopy_bytes
.Lcopy_align:
    andi    t0, a3, 7
    beqz    t0, .Lcopy_aligned
    lbu     t1, 0(a1)
    addi    a1, a1, 1
    sb      t1, 0(a3)
    addi    a3, a3, 1
    j       .Lcopy_align

.Lcopy_aligned:
    andi    a7, a6, -8              // one past the last whole word
    andi    t0, a1, 7
    bnez    t0, .Lcopy_shifted
    sub     t0, a7, a3
    andi    t1, t0, -256
    add     a4, a3, t1              // one past the last whole large round
    beq     a3, a4, .Lcopy_rounds
.Lcopy_large:
    .irp    at, 0, 64, 128, 192
    ld      t0, \at(a1)
    ld      t1, \at + 8(a1)
    ld      t2, \at + 16(a1)
    ld      t3, \at + 24(a1)
    ld      t4, \at + 32(a1)
    ld      t5, \at + 40(a1)
    ld      t6, \at + 48(a1)
    ld      a5, \at + 56(a1)
    sd      t0, \at(a3)
    sd      t1, \at + 8(a3)
    sd      t2, \at + 16(a3)
    sd      t3, \at + 24(a3)
    sd      t4, \at + 32(a3)
    sd      t5, \at + 40(a3)
    sd      t6, \at + 48(a3)
    sd      a5, \at + 56(a3)
    .endr
    addi    a1, a1, 256
    addi    a3, a3, 256
    bne     a3, a4, .Lcopy_large
    sub     t0, a7, a3
.Lcopy_rounds:
    andi    t0, t0, -64
    add     a4, a3, t0              // one past the last whole round
    beq     a3, a4, .Lcopy_words
.Lcopy_round:
    ld      t0, 0(a1)
    ld      t1, 8(a1)
    ld      t2, 16(a1)
    ld      t3, 24(a1)
    ld      t4, 32(a1)
    ld      t5, 40(a1)
    ld      t6, 48(a1)
    ld      a5, 56(a1)
    addi    a1, a1, 64
    sd      t0, 0(a3)
    sd      t1, 8(a3)
    sd      t2, 16(a3)
    sd      t3, 24(a3)
    sd      t4, 32(a3)
    sd      t5, 40(a3)
    sd      t6, 48(a3)
    sd      a5, 56(a3)
    addi    a3, a3, 64
    bne     a3, a4, .Lcopy_round
.Lcopy_words:
    beq     a3, a7, .Lcopy_bytes
    ld      t0, 0(a1)
    addi    a1, a1, 8
    sd      t0, 0(a3)
    addi    a3, a3, 8
    j       .Lcopy_words
.Lcopy_bytes:
    beq     a3, a6, .Lcopy_done
    lbu     t0, 0(a1)
    addi    a1, a1, 1
    sb      t0, 0(a3)
    addi    a3, a3, 1
    j       .Lcopy_bytes
.Lcopy_done:
    ret

.Lcopy_shifted:
    slli    t1, t0, 3
    neg     t2, t1
    andi    a5, a1, -8
    ld      t3, 0(a5)
    beq     a3, a7, .Lcopy_shifted_done
.Lcopy_shifted_words:
    ld      t4, 8(a5)
    srl     t5, t3, t1
    sll     t6, t4, t2
    or      t5, t5, t6
    mv      t3, t4
    addi    a5, a5, 8
    sd      t5, 0(a3)
    addi    a3, a3, 8
    bne     a3, a7, .Lcopy_shifted_words
.Lcopy_shifted_done:
    add     a1, a5, t0
    j       .Lcopy_bytes
    .size   memcpy, . - memcpy

    .globl  memset
    .type   memset, @function
    .balign 4
memset:
    mv      a3, a0
    add     a6, a0, a2
    sltiu   t0, a2, SHORT_BYTES
    bnez    t0, .Lset_bytes
    andi    a1, a1, 0xff            // the byte eight times over
    slli    t0, a1, 8
    or      a1, a1, t0
    slli    t0, a1, 16
    or      a1, a1, t0
    slli    t0, a1, 32
    or      a1, a1, t0
.Lset_align:
    andi    t0, a3, 7
    beqz    t0, .Lset_aligned
    sb      a1, 0(a3)
    addi    a3, a3, 1
    j       .Lset_align

.Lset_aligned:
    andi    a7, a6, -8
    sub     t0, a7, a3
    andi    t0, t0, -64
    add     a4, a3, t0
    beq     a3, a4, .Lset_words
.Lset_round:
    sd      a1, 0(a3)
    sd      a1, 8(a3)
    sd      a1, 16(a3)
    sd      a1, 24(a3)
    sd      a1, 32(a3)
    sd      a1, 40(a3)
    sd      a1, 48(a3)
    sd      a1, 56(a3)
    addi    a3, a3, 64
    bne     a3, a4, .Lset_round
.Lset_words:
    beq     a3, a7, .Lset_bytes
    sd      a1, 0(a3)
    addi    a3, a3, 8
    j       .Lset_words
.Lset_bytes:
    beq     a3, a6, .Lset_done
    sb      a1, 0(a3)
    addi    a3, a3, 1
    j       .Lset_bytes
.Lset_done:
    ret
    .size   memset, . - memset
