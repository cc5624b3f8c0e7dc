# Entry point. The loader has zeroed .bss; the host sets sp too, but a guest that sets its own runs under any loader.
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top
    call main
    li a7, 93
    ecall
    .size _start, . - _start
