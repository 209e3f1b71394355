/**
 * Addresses follow their 64-bit twin: the loop below has no sign extension before its loads. What the twin does not
 * follow is `frame`: a page number, shifted up to an address of the kernel, must be sign-extended.
 */

export function sum(bytes: usize, count: i32): u64 {
  let total: u64 = 0;
  for (let i = 0; i < count; i++) {
    total += load<u32>(bytes + ((<usize>i) << 2), 8);
  }
  return total;
}

export function frame(page: u32): u32 {
  return load<u32>(page << 12);
}

export function packed(at: usize): u64 {
  return load<u64>(at, 3, 1);
}

/* gives:
define i64 @sum(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.bytes = alloca i32
  %v.bytes.wide = alloca i64
  %v.count = alloca i32
  %v.total = alloca i64
  %v.i = alloca i32
  %v.i.wide = alloca i64
  store i32 %p0, ptr %v.bytes
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.bytes.wide
  store i32 %p1, ptr %v.count
  store i64 0, ptr %v.total
  store i32 0, ptr %v.i
  store i64 0, ptr %v.i.wide
  store i64 0, ptr %v.total
  store i32 0, ptr %v.i
  store i64 0, ptr %v.i.wide
  br label %loop1
loop1:
  %t2 = load i32, ptr %v.i
  %t3 = load i64, ptr %v.i.wide
  %t4 = load i32, ptr %v.count
  %t5 = icmp slt i32 %t2, %t4
  br i1 %t5, label %then2, label %end3
then2:
  %t6 = load i64, ptr %v.total
  %t7 = load i32, ptr %v.bytes
  %t8 = load i64, ptr %v.bytes.wide
  %t9 = load i32, ptr %v.i
  %t10 = load i64, ptr %v.i.wide
  %t11 = shl i32 %t9, 2
  %t12 = add i32 %t7, %t11
  %t13 = shl i64 %t10, 2
  %t14 = add i64 %t8, %t13
  %t15 = add i64 %t14, 8
  %t16 = inttoptr i64 %t15 to ptr
  %t17 = load i32, ptr %t16, align 4
  %t18 = zext i32 %t17 to i64
  %t19 = add i64 %t6, %t18
  store i64 %t19, ptr %v.total
  %t20 = load i32, ptr %v.i
  %t21 = load i64, ptr %v.i.wide
  %t22 = add i32 %t20, 1
  store i32 %t22, ptr %v.i
  %t23 = add i64 %t21, 1
  store i64 %t23, ptr %v.i.wide
  br label %loop1
end3:
  %t24 = load i64, ptr %v.total
  ret i64 %t24
}

define signext i32 @frame(i32 signext %p0) #0 {
entry:
  %v.page = alloca i32
  store i32 %p0, ptr %v.page
  %t1 = load i32, ptr %v.page
  %t2 = shl i32 %t1, 12
  %t3 = sext i32 %t2 to i64
  %t4 = inttoptr i64 %t3 to ptr
  %t5 = load i32, ptr %t4, align 4
  ret i32 %t5
}

define i64 @packed(i32 signext %p0) #0 {
entry:
  %v.at = alloca i32
  %v.at.wide = alloca i64
  store i32 %p0, ptr %v.at
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.at.wide
  %t2 = load i32, ptr %v.at
  %t3 = load i64, ptr %v.at.wide
  %t4 = add i64 %t3, 3
  %t5 = inttoptr i64 %t4 to ptr
  %t6 = load i64, ptr %t5, align 1
  ret i64 %t6
}
*/
