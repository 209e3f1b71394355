# Where every task begins. The kernel has set sp to the top of the stack; memory is zeroed.
#
# First the static data is put in place: records of an address, a number of bytes (both multiples of eight) and the bytes,
# up to one of no bytes (toolchain/ir/packed-data.ts).
#
# `__wasm_start` runs the top-level statements of the program's modules; `main` is the program.

    .section .text.start
    .globl _start
_start:
    la   t0, __wasm_data
1:  lwu  t1, 0(t0)              # where
    lwu  t2, 4(t0)              # how many bytes
    addi t0, t0, 8
    beqz t2, 3f
    add  t2, t2, t0
2:  ld   t3, 0(t0)
    addi t0, t0, 8
    sd   t3, 0(t1)
    addi t1, t1, 8
    bltu t0, t2, 2b
    j    1b
3:
    call __wasm_start
    call main
    li   a7, 4                  # Syscall.Exit, a0 = what main returned
    ecall
    unimp                       # Exit does not return
