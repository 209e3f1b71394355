/**
 * A call through the function table checks the index, then the type of what it finds; an empty slot has no type.
 */

function increment(value: i32): i32 {
  return value + 1;
}

function apply(f: (value: i32) => i32, value: i32): i32 {
  return f(value);
}

export function main(value: i32): i32 {
  return apply(increment, value);
}

/* gives:
@"global:~argumentsLength" = internal global i32 0
@table = internal constant [2 x ptr] [ptr null, ptr @"tests/toolchain/cases/table/increment"]
@table.types = internal constant [2 x i32] [i32 -1, i32 0]
@__wasm_data = global <{ [33 x i8] }> <{
  [33 x i8] c"\00\00\00\00\00\00\00\00\00\00\00\00\1C\00\00\00\00\00\00\00\00\00\00\00\04\00\00\00\08\00\00\00\01"
}>, section ".wasm.data", align 16

define internal signext i32 @"tests/toolchain/cases/table/increment"(i32 signext %p0) #0 {
entry:
  %v.value = alloca i32
  store i32 %p0, ptr %v.value
  %t1 = load i32, ptr %v.value
  %t2 = add i32 %t1, 1
  ret i32 %t2
}

define internal signext i32 @"tests/toolchain/cases/table/apply"(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.f = alloca i32
  %v.f.wide = alloca i64
  %v.value = alloca i32
  store i32 %p0, ptr %v.f
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.f.wide
  store i32 %p1, ptr %v.value
  %t2 = load i32, ptr %v.value
  store i32 1, ptr @"global:~argumentsLength"
  %t3 = load i32, ptr %v.f
  %t4 = load i64, ptr %v.f.wide
  %t5 = inttoptr i64 %t4 to ptr
  %t6 = load i32, ptr %t5, align 4
  %t7 = icmp uge i32 %t6, 2
  br i1 %t7, label %trap1, label %next2
next2:
  %t8 = zext i32 %t6 to i64
  %t9 = getelementptr i32, ptr @table.types, i64 %t8
  %t10 = load i32, ptr %t9
  %t11 = icmp ne i32 %t10, 0
  br i1 %t11, label %trap3, label %next4
next4:
  %t12 = getelementptr ptr, ptr @table, i64 %t8
  %t13 = load ptr, ptr %t12
  %t14 = call signext i32 %t13(i32 signext %t2)
  ret i32 %t14
trap1:
  call void @llvm.trap()
  unreachable
trap3:
  call void @llvm.trap()
  unreachable
}

define signext i32 @main(i32 signext %p0) #0 {
entry:
  %v.value = alloca i32
  store i32 %p0, ptr %v.value
  %t1 = load i32, ptr %v.value
  %t2 = call signext i32 @"tests/toolchain/cases/table/apply"(i32 signext -2143289312, i32 signext %t1)
  ret i32 %t2
}
*/
