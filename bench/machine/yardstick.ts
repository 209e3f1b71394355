// The yardstick for the machine's speed: a small interpreter in plain JavaScript. How many of its steps a computer executes in a
// second says how fast that computer is at such work. It is measured beside each figure, so a slow or busy computer slows both.

/** Words of the interpreter's program and of its memory; powers of two. */
const PROGRAM_WORDS = 64;
const MEMORY_WORDS = 1024;

/** Steps of one measurement. */
const STEPS = 20_000_000;

/** A word of the program has an operation in its low bits, and its operand above them. */
const OPERATIONS = 8;

const program = Int32Array.from({ length: PROGRAM_WORDS }, (_, index) => Math.imul(index + 1, 0x9e37_79b1));
const memory = new Int32Array(MEMORY_WORDS);

/** Executes steps. The result depends on each of them, so that the compiler cannot leave any out. */
export function execute(steps: number): number {
  let a = 1;
  let b = 2;
  memory.fill(3);
  for (let at = 0; at < steps; at++) {
    const word = program[at & (PROGRAM_WORDS - 1)] ?? 0;
    const operand = word >>> 3;
    switch (word & (OPERATIONS - 1)) {
      case 0:
        a = (a + operand) | 0;
        break;
      case 1:
        a = memory[(b ^ operand) & (MEMORY_WORDS - 1)] ?? 0;
        break;
      case 2:
        memory[(a ^ operand) & (MEMORY_WORDS - 1)] = b;
        break;
      case 3:
        b = a ^ operand;
        break;
      case 4:
        b = Math.imul(b, operand | 1);
        break;
      case 5:
        if (a > b) {
          a = b;
        }
        break;
      case 6:
        a = (a << 5) | (a >>> 27);
        break;
      default:
        b = (b + a) | 0;
    }
  }
  return a ^ b;
}

/** Milliseconds of this process's processor time for some work. The time of other programs does not count. */
export function timed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** One measurement: millions of steps a second. */
export function measureYardstick(): number {
  let result = Number.NaN;
  const milliseconds = timed(() => {
    result = execute(STEPS);
  });
  if (!Number.isInteger(result)) {
    throw new Error("the yardstick gives no number");
  }
  return STEPS / milliseconds / 1000;
}
