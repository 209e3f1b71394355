/**
 * A copy of a small constant length asks whether both addresses are aligned: LLVM copies by words where they are, without a
 * call.
 */

export function moveHash(to: usize, from: usize): void {
  memory.copy(to, from, 32);
}

export function clear(at: usize): void {
  memory.fill(at, 0, 24);
}

export function long(to: usize, from: usize): void {
  memory.copy(to, from, 4096);
}

/* gives:
define void @moveHash(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.to = alloca i32
  %v.to.wide = alloca i64
  %v.from = alloca i32
  %v.from.wide = alloca i64
  store i32 %p0, ptr %v.to
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.to.wide
  store i32 %p1, ptr %v.from
  %t2 = sext i32 %p1 to i64
  store i64 %t2, ptr %v.from.wide
  %t3 = load i32, ptr %v.to
  %t4 = load i64, ptr %v.to.wide
  %t5 = load i32, ptr %v.from
  %t6 = load i64, ptr %v.from.wide
  %t7 = inttoptr i64 %t6 to ptr
  %t8 = inttoptr i64 %t4 to ptr
  %t9 = ptrtoint ptr %t8 to i64
  %t10 = ptrtoint ptr %t7 to i64
  %t11 = or i64 %t9, %t10
  %t12 = and i64 %t11, 7
  %t13 = icmp eq i64 %t12, 0
  %t14 = call i1 @llvm.expect.i1(i1 %t13, i1 true)
  br i1 %t14, label %aligned1, label %any2
aligned1:
  call void @llvm.memmove.p0.p0.i64(ptr align 8 %t8, ptr align 8 %t7, i64 32, i1 false)
  br label %next3
any2:
  call ptr @memmove(ptr %t8, ptr %t7, i64 32) nobuiltin
  br label %next3
next3:
  ret void
}

define void @clear(i32 signext %p0) #0 {
entry:
  %v.at = alloca i32
  %v.at.wide = alloca i64
  store i32 %p0, ptr %v.at
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.at.wide
  %t2 = load i32, ptr %v.at
  %t3 = load i64, ptr %v.at.wide
  %t4 = inttoptr i64 %t3 to ptr
  %t5 = ptrtoint ptr %t4 to i64
  %t6 = and i64 %t5, 7
  %t7 = icmp eq i64 %t6, 0
  %t8 = call i1 @llvm.expect.i1(i1 %t7, i1 true)
  br i1 %t8, label %aligned1, label %any2
aligned1:
  call void @llvm.memset.p0.i64(ptr align 8 %t4, i8 0, i64 24, i1 false)
  br label %next3
any2:
  call ptr @memset(ptr %t4, i32 0, i64 24) nobuiltin
  br label %next3
next3:
  ret void
}

define void @long(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.to = alloca i32
  %v.to.wide = alloca i64
  %v.from = alloca i32
  %v.from.wide = alloca i64
  store i32 %p0, ptr %v.to
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.to.wide
  store i32 %p1, ptr %v.from
  %t2 = sext i32 %p1 to i64
  store i64 %t2, ptr %v.from.wide
  %t3 = load i32, ptr %v.to
  %t4 = load i64, ptr %v.to.wide
  %t5 = load i32, ptr %v.from
  %t6 = load i64, ptr %v.from.wide
  %t7 = inttoptr i64 %t6 to ptr
  %t8 = inttoptr i64 %t4 to ptr
  call void @llvm.memmove.p0.p0.i64(ptr %t8, ptr %t7, i64 4096, i1 false)
  ret void
}

declare ptr @memmove(ptr, ptr, i64)
declare ptr @memset(ptr, i32, i64)
*/
