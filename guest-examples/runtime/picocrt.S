# Entry point of a picolibc program. sp is the loader's. Thread-local data is used where it is linked: one thread.
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la tp, __tls_base
    call __libc_init_array
    li a0, 1
    la a1, arguments
    addi a2, a1, 4
    call main
    call exit
    .size _start, . - _start

    .section .rodata
    .balign 4
arguments:
    .word name, 0
name:
    .asciz "guest"
