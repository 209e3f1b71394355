/**
 * Static data is one constant in `.wasm.data`, at the addresses that asc gave out; mutable globals are LLVM's own, and
 * constants become immediates.
 */

const table = memory.data<u16>([258, 3, 4]);
const buffer = memory.data(256, 64);
const LIMIT: u32 = 77;
let next: u32 = 5;

export function take(): u32 {
  memory.copy(buffer, table, 6);
  memory.fill(buffer + 6, 0xff, 250);
  next += LIMIT;
  return next + load<u8>(changetype<usize>("ok"));
}

/* gives:
@"global:tests/toolchain/cases/data/next" = internal global i32 5
@__wasm_data = global <{ [5 x i8], [327 x i8], [23 x i8] }> <{
  [5 x i8] c"\02\01\03\00\04",
  [327 x i8] zeroinitializer,
  [23 x i8] c"\1C\00\00\00\00\00\00\00\00\00\00\00\02\00\00\00\04\00\00\00o\00k"
}>, section ".wasm.data", align 16

define signext i32 @take() #0 {
entry:
  call void @llvm.memmove.p0.p0.i64(ptr inttoptr (i64 -2143289280 to ptr), ptr inttoptr (i64 -2143289344 to ptr), i64 6, i1 false)
  %t1 = add i32 -2143289280, 6
  %t2 = add i64 -2143289280, 6
  %t3 = inttoptr i64 %t2 to ptr
  call void @llvm.memset.p0.i64(ptr %t3, i8 -1, i64 250, i1 false)
  %t4 = load i32, ptr @"global:tests/toolchain/cases/data/next"
  %t5 = add i32 %t4, 77
  store i32 %t5, ptr @"global:tests/toolchain/cases/data/next"
  %t6 = load i32, ptr @"global:tests/toolchain/cases/data/next"
  %t7 = load i8, ptr inttoptr (i64 -2143288992 to ptr), align 1
  %t8 = zext i8 %t7 to i32
  %t9 = add i32 %t6, %t8
  ret i32 %t9
}
*/
