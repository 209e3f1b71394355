// The members of an enum that guest and host share (build/gen/host), and their names as words of the command line.
//
// Nothing here is Node's.

/** The members, in the order of the guest's source. */
export function membersOf<Name extends string>(
  values: Readonly<Record<Name, number>>,
): (readonly [name: Name, value: number])[] {
  const isName = (name: string): name is Name => Object.hasOwn(values, name);
  return Object.entries<number>(values).flatMap(([name, value]) =>
    isName(name) ? [[name, value] as const] : [],
  );
}

/** The name of each value: of two members with the same value, the first. */
export function namesOf<Name extends string>(
  values: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Name> {
  return new Map(
    membersOf(values)
      .map(([name, value]) => [value, name] as const)
      .reverse(),
  );
}

/** A text for each member, by its value. */
export function textsOf<Name extends string>(
  values: Readonly<Record<Name, number>>,
  texts: Readonly<Record<Name, string>>,
): ReadonlyMap<number, string> {
  return new Map(membersOf(values).map(([name, value]) => [value, texts[name]]));
}

/** A name as a word: `StaleCode` becomes `stale-code`. */
export function wordOf(name: string): string {
  return name.replace(/\B[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
