# Entry point in front of musl's, which wants what Linux leaves at sp: argc, argv, envp and the auxiliary vector. A
# Vouch guest starts with zeros there. Under Linux this hides what there is, so that a guest runs alike on both.
    .text
    .globl vouch_start
    .type vouch_start, @function
vouch_start:
    lla t0, __ehdr_start
    lw t1, 28(t0)           # e_phoff
    add t1, t1, t0
    lhu t2, 42(t0)          # e_phentsize
    lhu t3, 44(t0)          # e_phnum
    lla t4, name
    lui t5, 1
    addi sp, sp, -64
    li t0, 1
    sw t0, 0(sp)            # argc
    sw t4, 4(sp)            # argv
    sw zero, 8(sp)
    sw zero, 12(sp)         # envp
    li t0, 3                # AT_PHDR: where thread-local data is described
    sw t0, 16(sp)
    sw t1, 20(sp)
    li t0, 4                # AT_PHENT
    sw t0, 24(sp)
    sw t2, 28(sp)
    li t0, 5                # AT_PHNUM
    sw t0, 32(sp)
    sw t3, 36(sp)
    li t0, 6                # AT_PAGESZ
    sw t0, 40(sp)
    sw t5, 44(sp)
    sw zero, 48(sp)         # AT_NULL
    sw zero, 52(sp)
    tail _start
    .size vouch_start, . - vouch_start

    .section .rodata
name:
    .asciz "guest"
