/**
 * Loops, conditions with values and a switch become basic blocks. A block without an early exit needs none.
 */

export function highest(a: i32, b: i32): i32 {
  return a > b ? a : b;
}

export function steps(n: u64): u32 {
  let count: u32 = 0;
  while (n !== 1) {
    if (n & 1) {
      n = n * 3 + 1;
    } else {
      n >>= 1;
    }
    if (++count === 1000) {
      break;
    }
  }
  return count;
}

export function word(cause: u32): u32 {
  switch (cause) {
    case 2:
      return 20;
    case 5:
    case 7:
      return 57;
    default:
      return 0;
  }
}

/* gives:
define signext i32 @highest(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.a = alloca i32
  %v.b = alloca i32
  %v.result = alloca i32
  store i32 %p0, ptr %v.a
  store i32 %p1, ptr %v.b
  %t1 = load i32, ptr %v.a
  %t2 = load i32, ptr %v.b
  %t3 = icmp sgt i32 %t1, %t2
  br i1 %t3, label %then1, label %else3
then1:
  %t4 = load i32, ptr %v.a
  store i32 %t4, ptr %v.result
  br label %end2
else3:
  %t5 = load i32, ptr %v.b
  store i32 %t5, ptr %v.result
  br label %end2
end2:
  %t6 = load i32, ptr %v.result
  ret i32 %t6
}

define signext i32 @steps(i64 %p0) #0 {
entry:
  %v.n = alloca i64
  %v.count = alloca i32
  store i64 %p0, ptr %v.n
  store i32 0, ptr %v.count
  store i32 0, ptr %v.count
  br label %loop2
loop2:
  %t1 = load i64, ptr %v.n
  %t2 = icmp ne i64 %t1, 1
  br i1 %t2, label %then3, label %end4
then3:
  %t3 = load i64, ptr %v.n
  %t4 = and i64 %t3, 1
  %t5 = icmp ne i64 %t4, 0
  br i1 %t5, label %then5, label %else7
then5:
  %t6 = load i64, ptr %v.n
  %t7 = mul i64 %t6, 3
  %t8 = add i64 %t7, 1
  store i64 %t8, ptr %v.n
  br label %end6
else7:
  %t9 = load i64, ptr %v.n
  %t10 = lshr i64 %t9, 1
  store i64 %t10, ptr %v.n
  br label %end6
end6:
  %t11 = load i32, ptr %v.count
  %t12 = add i32 %t11, 1
  store i32 %t12, ptr %v.count
  %t13 = load i32, ptr %v.count
  %t14 = icmp eq i32 %t13, 1000
  br i1 %t14, label %then8, label %end9
then8:
  br label %end1
end9:
  br label %loop2
end4:
  br label %end1
end1:
  %t15 = load i32, ptr %v.count
  ret i32 %t15
}

define signext i32 @word(i32 signext %p0) #0 {
entry:
  %v.cause = alloca i32
  %v.1 = alloca i32
  store i32 %p0, ptr %v.cause
  store i32 0, ptr %v.1
  %t1 = load i32, ptr %v.cause
  store i32 %t1, ptr %v.1
  %t2 = load i32, ptr %v.1
  %t3 = icmp eq i32 %t2, 2
  br i1 %t3, label %end4, label %next5
next5:
  %t4 = load i32, ptr %v.1
  %t5 = icmp eq i32 %t4, 5
  br i1 %t5, label %end3, label %next6
next6:
  %t6 = load i32, ptr %v.1
  %t7 = icmp eq i32 %t6, 7
  br i1 %t7, label %end2, label %next7
next7:
  br label %end1
end4:
  ret i32 20
end3:
  br label %end2
end2:
  ret i32 57
end1:
  ret i32 0
}
*/
