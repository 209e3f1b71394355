/**
 * Intrinsics are written out in place; assembly is called; a symbol is its address. An i32 travels sign-extended.
 */

import { halt, switchTo } from "./machine/assembly";
import {
  fenceIo,
  hartPointer,
  multiplyHigh,
  outOfLine,
  readSstatus,
  setSie,
  sfenceVmaPage,
  trap,
  unrolled,
  usesZbb,
  volatileLoad8,
  volatileLoad64,
  volatileStore32,
  wfi,
  writeStimecmp,
} from "./machine/intrinsics";
import { __text_end } from "./machine/symbols";

export function idle(mask: u64): u64 {
  setSie(mask);
  writeStimecmp(u64.MAX_VALUE);
  wfi();
  return readSstatus();
}

export function poke(register: usize): u64 {
  volatileStore32(register, volatileLoad8(register + 4));
  fenceIo();
  return volatileLoad64(register);
}

export function here(): u32 {
  return load<u32>(hartPointer(), 8);
}

/** Says that it is not to be inlined; nothing of that is executed. */
export function rarely(word: u32): u32 {
  outOfLine();
  return word + 1;
}

/** Says that the hart has more instructions, and that its loop is to be unrolled. */
export function often(word: u32): u32 {
  usesZbb();
  unrolled();
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 3; i++) {
    sum += word;
  }
  return sum;
}

/** An instruction of its own, without a barrier. */
export function fraction(part: u64, whole: u64): u64 {
  return multiplyHigh(part, whole);
}

export function leave(context: usize): void {
  sfenceVmaPage(<u64>__text_end());
  if (switchTo(context, -1) < 0) {
    trap();
  }
  halt();
}

/* gives:
define i64 @idle(i64 %p0) #0 {
entry:
  %v.mask = alloca i64
  store i64 %p0, ptr %v.mask
  %t1 = load i64, ptr %v.mask
  call void asm sideeffect "csrs sie, $0", "r,~{memory}"(i64 %t1)
  call void asm sideeffect "csrw 0x14d, $0", "r,~{memory}"(i64 -1)
  call void asm sideeffect "wfi", "~{memory}"()
  %t2 = call i64 asm sideeffect "csrr $0, sstatus", "=r,~{memory}"()
  ret i64 %t2
}

define i64 @poke(i32 signext %p0) #0 {
entry:
  %v.register = alloca i32
  %v.register.wide = alloca i64
  store i32 %p0, ptr %v.register
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.register.wide
  %t2 = load i32, ptr %v.register
  %t3 = load i64, ptr %v.register.wide
  %t4 = load i32, ptr %v.register
  %t5 = load i64, ptr %v.register.wide
  %t6 = add i32 %t4, 4
  %t7 = add i64 %t5, 4
  %t8 = inttoptr i64 %t7 to ptr
  fence syncscope("singlethread") seq_cst
  %t9 = load volatile i8, ptr %t8, align 1
  fence syncscope("singlethread") seq_cst
  %t10 = zext i8 %t9 to i32
  %t11 = inttoptr i64 %t3 to ptr
  fence syncscope("singlethread") seq_cst
  store volatile i32 %t10, ptr %t11, align 4
  fence syncscope("singlethread") seq_cst
  call void asm sideeffect "fence iorw, iorw", "~{memory}"()
  %t12 = load i32, ptr %v.register
  %t13 = load i64, ptr %v.register.wide
  %t14 = inttoptr i64 %t13 to ptr
  fence syncscope("singlethread") seq_cst
  %t15 = load volatile i64, ptr %t14, align 8
  fence syncscope("singlethread") seq_cst
  ret i64 %t15
}

define signext i32 @here() #0 {
entry:
  %t1 = call i64 asm "mv $0, tp", "=r"() #1
  %t2 = add i64 %t1, 8
  %t3 = inttoptr i64 %t2 to ptr
  %t4 = load i32, ptr %t3, align 4
  ret i32 %t4
}

define signext i32 @rarely(i32 signext %p0) #0 noinline {
entry:
  %v.word = alloca i32
  store i32 %p0, ptr %v.word
  %t1 = load i32, ptr %v.word
  %t2 = add i32 %t1, 1
  ret i32 %t2
}

define signext i32 @often(i32 signext %p0) #2 {
entry:
  %v.word = alloca i32
  %v.sum = alloca i32
  %v.i = alloca i32
  store i32 %p0, ptr %v.word
  store i32 0, ptr %v.sum
  store i32 0, ptr %v.i
  store i32 0, ptr %v.sum
  store i32 0, ptr %v.i
  br label %loop1, !llvm.loop !1000000000
loop1:
  %t1 = load i32, ptr %v.i
  %t2 = icmp ult i32 %t1, 3
  br i1 %t2, label %then2, label %end3
then2:
  %t3 = load i32, ptr %v.sum
  %t4 = load i32, ptr %v.word
  %t5 = add i32 %t3, %t4
  store i32 %t5, ptr %v.sum
  %t6 = load i32, ptr %v.i
  %t7 = add i32 %t6, 1
  store i32 %t7, ptr %v.i
  br label %loop1, !llvm.loop !1000000000
end3:
  %t8 = load i32, ptr %v.sum
  ret i32 %t8
}

define i64 @fraction(i64 %p0, i64 %p1) #0 {
entry:
  %v.part = alloca i64
  %v.whole = alloca i64
  store i64 %p0, ptr %v.part
  store i64 %p1, ptr %v.whole
  %t1 = load i64, ptr %v.part
  %t2 = load i64, ptr %v.whole
  %t3 = zext i64 %t1 to i128
  %t4 = zext i64 %t2 to i128
  %t5 = mul nuw i128 %t3, %t4
  %t6 = lshr i128 %t5, 64
  %t7 = trunc i128 %t6 to i64
  ret i64 %t7
}

define void @leave(i32 signext %p0) #0 {
entry:
  %v.context = alloca i32
  store i32 %p0, ptr %v.context
  %t1 = ptrtoint ptr @__text_end to i32
  %t2 = zext i32 %t1 to i64
  call void asm sideeffect "sfence.vma $0, zero", "r,~{memory}"(i64 %t2)
  %t3 = load i32, ptr %v.context
  %t4 = call signext i32 @switchTo(i32 signext %t3, i64 -1)
  %t5 = icmp slt i32 %t4, 0
  br i1 %t5, label %then1, label %end2
then1:
  fence syncscope("singlethread") seq_cst
  call void @llvm.trap()
  unreachable
end2:
  call void @halt()
  ret void
}

@__text_end = external global i8
declare signext i32 @switchTo(i32 signext, i64) #0
declare void @halt() #0

!1000000000 = distinct !{!1000000000, !1000000001}
!1000000001 = !{!"llvm.loop.unroll.full"}
*/
