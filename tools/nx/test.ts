export async function test(names: readonly string[]): Promise<number> {
  return names.length;
}
