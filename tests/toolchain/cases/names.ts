/**
 * Symbols: an exported function has its name, any other the path of its file and its own name, with class and type.
 */

@unmanaged
@final
class Cell {
  value: u32;

  double(): u32 {
    return this.value * 2;
  }

  get half(): u32 {
    return this.value / 2;
  }
}

function second<T>(at: usize): T {
  return load<T>(at, sizeof<T>());
}

export function main(at: usize): u64 {
  const cell = changetype<Cell>(at);
  return cell.double() + cell.half + second<u64>(at);
}

/* gives:
define internal signext i32 @"tests/toolchain/cases/names/Cell#get:value"(i32 signext %p0) #0 {
entry:
  %v.this = alloca i32
  %v.this.wide = alloca i64
  store i32 %p0, ptr %v.this
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.this.wide
  %t2 = load i32, ptr %v.this
  %t3 = load i64, ptr %v.this.wide
  %t4 = inttoptr i64 %t3 to ptr
  %t5 = load i32, ptr %t4, align 4
  ret i32 %t5
}

define internal signext i32 @"tests/toolchain/cases/names/Cell#double"(i32 signext %p0) #0 {
entry:
  %v.this = alloca i32
  store i32 %p0, ptr %v.this
  %t1 = load i32, ptr %v.this
  %t2 = call signext i32 @"tests/toolchain/cases/names/Cell#get:value"(i32 signext %t1)
  %t3 = mul i32 %t2, 2
  ret i32 %t3
}

define internal signext i32 @"tests/toolchain/cases/names/Cell#get:half"(i32 signext %p0) #0 {
entry:
  %v.this = alloca i32
  store i32 %p0, ptr %v.this
  %t1 = load i32, ptr %v.this
  %t2 = call signext i32 @"tests/toolchain/cases/names/Cell#get:value"(i32 signext %t1)
  %t3 = udiv i32 %t2, 2
  ret i32 %t3
}

define internal i64 @"tests/toolchain/cases/names/second<u64>"(i32 signext %p0) #0 {
entry:
  %v.at = alloca i32
  %v.at.wide = alloca i64
  store i32 %p0, ptr %v.at
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.at.wide
  %t2 = load i32, ptr %v.at
  %t3 = load i64, ptr %v.at.wide
  %t4 = add i64 %t3, 8
  %t5 = inttoptr i64 %t4 to ptr
  %t6 = load i64, ptr %t5, align 8
  ret i64 %t6
}

define i64 @main(i32 signext %p0) #0 {
entry:
  %v.at = alloca i32
  %v.cell = alloca i32
  store i32 %p0, ptr %v.at
  store i32 0, ptr %v.cell
  %t1 = load i32, ptr %v.at
  store i32 %t1, ptr %v.cell
  %t2 = load i32, ptr %v.cell
  %t3 = call signext i32 @"tests/toolchain/cases/names/Cell#double"(i32 signext %t2)
  %t4 = load i32, ptr %v.cell
  %t5 = call signext i32 @"tests/toolchain/cases/names/Cell#get:half"(i32 signext %t4)
  %t6 = add i32 %t3, %t5
  %t7 = zext i32 %t6 to i64
  %t8 = load i32, ptr %v.at
  %t9 = call i64 @"tests/toolchain/cases/names/second<u64>"(i32 signext %t8)
  %t10 = add i64 %t7, %t9
  ret i64 %t10
}
*/
