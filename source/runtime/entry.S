# Where every task begins. The kernel has set sp to the top of the stack; memory is zeroed.
# `__wasm_start` runs the top-level statements of the program's modules; `main` is the program.

    .section .text.start
    .globl _start
_start:
    call __wasm_start
    call main
    li   a7, 4                  # Syscall.Exit, a0 = what main returned
    ecall
    unimp                       # Exit does not return
