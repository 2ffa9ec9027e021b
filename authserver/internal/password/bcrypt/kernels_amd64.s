// SPDX-License-Identifier: Apache-2.0

//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// A round takes as long as its chain of steps: find the bytes of a word, look up
// four words, add them up. BEXTR takes a byte out of the middle in one step, where
// the compiler uses two. And compiled, four ciphers need more registers than there
// are: halves of blocks move to the stack and back in every round, and between two
// blocks in any case. Here they stay in registers from the first block of a schedule
// to the last.

// The halves of each lane's block, and how far the schedules are replaced.
#define l0 R8
#define r0 R9
#define l1 R10
#define r1 R11
#define l2 R12
#define r2 R13
#define l3 R15
#define r3 SI
#define done R14

// The second and the third byte of a word, from the left, as BEXTR is told: how many
// bits, and from which one on.
#define second BX
#define third CX
#define OPERANDS \
	MOVL $0x0810, second; \
	MOVL $0x0808, third

// Where expand4 finds its ciphers, from one address.
#define c0 (0*Computation__size+Computation_schedule)
#define c1 (1*Computation__size+Computation_schedule)
#define c2 (2*Computation__size+Computation_schedule)
#define c3 (3*Computation__size+Computation_schedule)

// ROUND is y ^= f(x) ^ p[i] with the cipher that lies at offset c from base. It
// spoils AX and DX.
#define ROUND(c, base, x, y, i) \
	BEXTRL  second, x, AX; \
	MOVL    x, DX; \
	SHRL    $24, DX; \
	MOVL    (c+cipher_s0)(base)(DX*4), DX; \
	ADDL    (c+cipher_s1)(base)(AX*4), DX; \
	BEXTRL  third, x, AX; \
	XORL    (c+cipher_p+4*i)(base), y; \
	XORL    (c+cipher_s2)(base)(AX*4), DX; \
	MOVBLZX x, AX; \
	ADDL    (c+cipher_s3)(base)(AX*4), DX; \
	XORL    DX, y

// BEGIN and END are what encipher does before and after its rounds. END replaces
// the next two words of the schedule by the block.
#define BEGIN(c, base, l) \
	XORL (c+cipher_p)(base), l

#define END(c, base, l, r) \
	XORL  (c+cipher_p+4*17)(base), r; \
	XCHGL l, r; \
	MOVL  l, (c+0)(base)(done*1); \
	MOVL  r, (c+4)(base)(done*1)

#define TWO_ROUNDS_OF_1(i) \
	ROUND(0, DI, l0, r0, i); \
	ROUND(0, DI, r0, l0, (i+1))

#define TWO_ROUNDS_OF_2(i) \
	ROUND(0, DI, l0, r0, i); \
	ROUND(0, SI, l1, r1, i); \
	ROUND(0, DI, r0, l0, (i+1)); \
	ROUND(0, SI, r1, l1, (i+1))

#define TWO_ROUNDS_OF_4(i) \
	ROUND(c0, DI, l0, r0, i); \
	ROUND(c1, DI, l1, r1, i); \
	ROUND(c2, DI, l2, r2, i); \
	ROUND(c3, DI, l3, r3, i); \
	ROUND(c0, DI, r0, l0, (i+1)); \
	ROUND(c1, DI, r1, l1, (i+1)); \
	ROUND(c2, DI, r2, l2, (i+1)); \
	ROUND(c3, DI, r3, l3, (i+1))

// SIXTEEN is all rounds, by a macro for two of them.
#define SIXTEEN(TWO) \
	TWO(1); \
	TWO(3); \
	TWO(5); \
	TWO(7); \
	TWO(9); \
	TWO(11); \
	TWO(13); \
	TWO(15)

// func expand1BMI1(c *cipher)
TEXT ·expand1BMI1(SB), NOSPLIT, $0-8
	MOVQ c+0(FP), DI
	OPERANDS
	XORL done, done
	XORL l0, l0
	XORL r0, r0

block:
	BEGIN(0, DI, l0)
	SIXTEEN(TWO_ROUNDS_OF_1)
	END(0, DI, l0, r0)
	ADDL $8, done
	CMPL done, $cipher__size
	JLT  block
	RET

// func expand2BMI1(a, b *cipher)
TEXT ·expand2BMI1(SB), NOSPLIT, $0-16
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), SI
	OPERANDS
	XORL done, done
	XORL l0, l0
	XORL r0, r0
	XORL l1, l1
	XORL r1, r1

block:
	BEGIN(0, DI, l0)
	BEGIN(0, SI, l1)
	SIXTEEN(TWO_ROUNDS_OF_2)
	END(0, DI, l0, r0)
	END(0, SI, l1, r1)
	ADDL $8, done
	CMPL done, $cipher__size
	JLT  block
	RET

// func expand4BMI1(lanes *[Lanes]Computation)
TEXT ·expand4BMI1(SB), NOSPLIT, $0-8
	MOVQ lanes+0(FP), DI
	OPERANDS
	XORL done, done
	XORL l0, l0
	XORL r0, r0
	XORL l1, l1
	XORL r1, r1
	XORL l2, l2
	XORL r2, r2
	XORL l3, l3
	XORL r3, r3

block:
	BEGIN(c0, DI, l0)
	BEGIN(c1, DI, l1)
	BEGIN(c2, DI, l2)
	BEGIN(c3, DI, l3)
	SIXTEEN(TWO_ROUNDS_OF_4)
	END(c0, DI, l0, r0)
	END(c1, DI, l1, r1)
	END(c2, DI, l2, r2)
	END(c3, DI, l3, r3)
	ADDL $8, done
	CMPL done, $cipher__size
	JLT  block
	RET
