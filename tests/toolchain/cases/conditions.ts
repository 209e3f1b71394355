/**
 * `&&` and `||` branch right away where nothing but a branch looks at their result: no slot holds it.
 */

export function between(value: u32, low: u32, high: u32): u32 {
  if (value >= low && !(value > high || value === 7)) {
    return 1;
  }
  return 2;
}

export function find(words: usize, count: u32, wanted: u32): u32 {
  let index: u32 = 0;
  while (index < count && load<u32>(words + ((<usize>index) << 2)) !== wanted) {
    index += 1;
  }
  return index;
}

/** Here the result is a value, and needs its slot. */
export function both(a: bool, b: bool): bool {
  return a && b;
}

/* gives:
define signext i32 @between(i32 signext %p0, i32 signext %p1, i32 signext %p2) #0 {
entry:
  %v.value = alloca i32
  %v.low = alloca i32
  %v.high = alloca i32
  store i32 %p0, ptr %v.value
  store i32 %p1, ptr %v.low
  store i32 %p2, ptr %v.high
  %t1 = load i32, ptr %v.value
  %t2 = load i32, ptr %v.low
  %t3 = icmp uge i32 %t1, %t2
  br i1 %t3, label %then3, label %else5
then3:
  %t4 = load i32, ptr %v.value
  %t5 = load i32, ptr %v.high
  %t6 = icmp ugt i32 %t4, %t5
  br i1 %t6, label %then6, label %else8
then6:
  br label %no2
else8:
  %t7 = load i32, ptr %v.value
  %t8 = icmp eq i32 %t7, 7
  br i1 %t8, label %no2, label %yes1
else5:
  br label %no2
no2:
  br label %end9
yes1:
  ret i32 1
end9:
  ret i32 2
}

define signext i32 @find(i32 signext %p0, i32 signext %p1, i32 signext %p2) #0 {
entry:
  %v.words = alloca i32
  %v.words.wide = alloca i64
  %v.count = alloca i32
  %v.wanted = alloca i32
  %v.index = alloca i32
  %v.index.wide = alloca i64
  store i32 %p0, ptr %v.words
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.words.wide
  store i32 %p1, ptr %v.count
  store i32 %p2, ptr %v.wanted
  store i32 0, ptr %v.index
  store i64 0, ptr %v.index.wide
  store i32 0, ptr %v.index
  store i64 0, ptr %v.index.wide
  br label %loop2
loop2:
  %t2 = load i32, ptr %v.index
  %t3 = load i64, ptr %v.index.wide
  %t4 = load i32, ptr %v.count
  %t5 = icmp ult i32 %t2, %t4
  br i1 %t5, label %then5, label %else7
then5:
  %t6 = load i32, ptr %v.words
  %t7 = load i64, ptr %v.words.wide
  %t8 = load i32, ptr %v.index
  %t9 = load i64, ptr %v.index.wide
  %t10 = shl i32 %t8, 2
  %t11 = add i32 %t6, %t10
  %t12 = shl i64 %t9, 2
  %t13 = add i64 %t7, %t12
  %t14 = inttoptr i64 %t13 to ptr
  %t15 = load i32, ptr %t14, align 4
  %t16 = load i32, ptr %v.wanted
  %t17 = icmp ne i32 %t15, %t16
  br i1 %t17, label %yes3, label %no4
else7:
  br label %no4
no4:
  br label %end8
yes3:
  %t18 = load i32, ptr %v.index
  %t19 = load i64, ptr %v.index.wide
  %t20 = add i32 %t18, 1
  store i32 %t20, ptr %v.index
  %t21 = add i64 %t19, 1
  store i64 %t21, ptr %v.index.wide
  br label %loop2
end8:
  %t22 = load i32, ptr %v.index
  %t23 = load i64, ptr %v.index.wide
  ret i32 %t22
}

define signext i32 @both(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.a = alloca i32
  %v.b = alloca i32
  %v.result = alloca i32
  store i32 %p0, ptr %v.a
  store i32 %p1, ptr %v.b
  %t1 = load i32, ptr %v.a
  %t2 = icmp ne i32 %t1, 0
  br i1 %t2, label %then1, label %else3
then1:
  %t3 = load i32, ptr %v.b
  %t4 = icmp ne i32 %t3, 0
  %t5 = zext i1 %t4 to i32
  store i32 %t5, ptr %v.result
  br label %end2
else3:
  store i32 0, ptr %v.result
  br label %end2
end2:
  %t6 = load i32, ptr %v.result
  ret i32 %t6
}
*/
