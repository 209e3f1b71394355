/**
 * Every atomic is sequentially consistent, as Wasm's are.
 */

export function acquire(lock: usize): u32 {
  const ticket = atomic.add<u32>(lock, 1);
  while (atomic.load<u32>(lock, 4) !== ticket) {}
  return ticket;
}

export function release(lock: usize, next: u32): void {
  atomic.store<u32>(lock, next, 4);
}

export function claim(flag: usize): bool {
  return atomic.cmpxchg<u8>(flag, 0, 1) === 0;
}

export function swap(slot: usize, value: u64): u64 {
  return atomic.xchg<u64>(slot, value);
}

/* gives:
define signext i32 @acquire(i32 signext %p0) #0 {
entry:
  %v.lock = alloca i32
  %v.lock.wide = alloca i64
  %v.ticket = alloca i32
  store i32 %p0, ptr %v.lock
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.lock.wide
  store i32 0, ptr %v.ticket
  %t2 = load i32, ptr %v.lock
  %t3 = load i64, ptr %v.lock.wide
  %t4 = inttoptr i64 %t3 to ptr
  %t5 = atomicrmw add ptr %t4, i32 1 seq_cst, align 4
  store i32 %t5, ptr %v.ticket
  br label %loop2
loop2:
  %t6 = load i32, ptr %v.lock
  %t7 = load i64, ptr %v.lock.wide
  %t8 = add i64 %t7, 4
  %t9 = inttoptr i64 %t8 to ptr
  %t10 = load atomic i32, ptr %t9 seq_cst, align 4
  %t11 = load i32, ptr %v.ticket
  %t12 = icmp ne i32 %t10, %t11
  br i1 %t12, label %then3, label %end4
then3:
  br label %loop2
end4:
  %t13 = load i32, ptr %v.ticket
  ret i32 %t13
}

define void @release(i32 signext %p0, i32 signext %p1) #0 {
entry:
  %v.lock = alloca i32
  %v.lock.wide = alloca i64
  %v.next = alloca i32
  store i32 %p0, ptr %v.lock
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.lock.wide
  store i32 %p1, ptr %v.next
  %t2 = load i32, ptr %v.lock
  %t3 = load i64, ptr %v.lock.wide
  %t4 = load i32, ptr %v.next
  %t5 = add i64 %t3, 4
  %t6 = inttoptr i64 %t5 to ptr
  store atomic i32 %t4, ptr %t6 seq_cst, align 4
  ret void
}

define signext i32 @claim(i32 signext %p0) #0 {
entry:
  %v.flag = alloca i32
  %v.flag.wide = alloca i64
  store i32 %p0, ptr %v.flag
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.flag.wide
  %t2 = load i32, ptr %v.flag
  %t3 = load i64, ptr %v.flag.wide
  %t4 = inttoptr i64 %t3 to ptr
  %t5 = cmpxchg ptr %t4, i8 0, i8 1 seq_cst seq_cst, align 1
  %t6 = extractvalue { i8, i1 } %t5, 0
  %t7 = zext i8 %t6 to i32
  %t8 = and i32 %t7, 255
  %t9 = icmp eq i32 %t8, 0
  %t10 = zext i1 %t9 to i32
  ret i32 %t10
}

define i64 @swap(i32 signext %p0, i64 %p1) #0 {
entry:
  %v.slot = alloca i32
  %v.slot.wide = alloca i64
  %v.value = alloca i64
  store i32 %p0, ptr %v.slot
  %t1 = sext i32 %p0 to i64
  store i64 %t1, ptr %v.slot.wide
  store i64 %p1, ptr %v.value
  %t2 = load i32, ptr %v.slot
  %t3 = load i64, ptr %v.slot.wide
  %t4 = load i64, ptr %v.value
  %t5 = inttoptr i64 %t3 to ptr
  %t6 = atomicrmw xchg ptr %t5, i64 %t4 seq_cst, align 8
  ret i64 %t6
}
*/
