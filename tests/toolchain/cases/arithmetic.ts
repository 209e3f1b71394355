/**
 * Integer operations whose edge cases differ between Wasm and LLVM: division, remainder, shifts, rotation.
 */

export function quotient(a: i32, b: i32): i32 {
  return a / b;
}

export function remainder(a: i64, b: i64): i64 {
  return a % b;
}

export function byConstants(a: u32): u32 {
  return (a / 10) << 3;
}

export function shifted(a: u64, by: u64): u64 {
  return rotl<u64>(a >> by, by);
}

export function isSmall(a: u32): bool {
  return !(a > 5);
}

/* gives:
define signext i32 @quotient(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.a = alloca i32
  %v.b = alloca i32
  store i32 %p0, ptr %v.a
  store i32 %p1, ptr %v.b
  %t1 = load i32, ptr %v.a
  %t2 = load i32, ptr %v.b
  %t3 = icmp eq i32 %t2, 0
  br i1 %t3, label %trap1, label %next2
next2:
  %t4 = icmp eq i32 %t2, -1
  %t5 = icmp eq i32 %t1, -2147483648
  %t6 = and i1 %t5, %t4
  br i1 %t6, label %trap3, label %next4
next4:
  %t7 = sdiv i32 %t1, %t2
  ret i32 %t7
trap1:
  call void @llvm.trap()
  unreachable
trap3:
  call void @llvm.trap()
  unreachable
}

define i64 @remainder(i64 %p0, i64 %p1) #0 {
entry:
  %v.a = alloca i64
  %v.b = alloca i64
  store i64 %p0, ptr %v.a
  store i64 %p1, ptr %v.b
  %t1 = load i64, ptr %v.a
  %t2 = load i64, ptr %v.b
  %t3 = icmp eq i64 %t2, 0
  br i1 %t3, label %trap1, label %next2
next2:
  %t4 = icmp eq i64 %t2, -1
  %t5 = select i1 %t4, i64 1, i64 %t2
  %t6 = srem i64 %t1, %t5
  ret i64 %t6
trap1:
  call void @llvm.trap()
  unreachable
}

define signext i32 @byConstants(i32 signext %p0) #0 {
entry:
  %v.a = alloca i32
  store i32 %p0, ptr %v.a
  %t1 = load i32, ptr %v.a
  %t2 = udiv i32 %t1, 10
  %t3 = shl i32 %t2, 3
  ret i32 %t3
}

define i64 @shifted(i64 %p0, i64 %p1) #0 {
entry:
  %v.a = alloca i64
  %v.by = alloca i64
  store i64 %p0, ptr %v.a
  store i64 %p1, ptr %v.by
  %t1 = load i64, ptr %v.a
  %t2 = load i64, ptr %v.by
  %t3 = and i64 %t2, 63
  %t4 = lshr i64 %t1, %t3
  %t5 = load i64, ptr %v.by
  %t6 = call i64 @llvm.fshl.i64(i64 %t4, i64 %t4, i64 %t5)
  ret i64 %t6
}

define signext i32 @isSmall(i32 signext %p0) #0 {
entry:
  %v.a = alloca i32
  store i32 %p0, ptr %v.a
  %t1 = load i32, ptr %v.a
  %t2 = icmp ugt i32 %t1, 5
  %t3 = xor i1 %t2, true
  %t4 = zext i1 %t3 to i32
  ret i32 %t4
}
*/
