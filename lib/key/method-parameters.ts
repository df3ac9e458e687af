/** What is known of a method's parameters. */
export interface MethodParameters {
  /** By position, as the source names them; undefined where a pattern stands, `...rest` for the rest. */
  readonly names: readonly (string | undefined)[];
  /** How many there are at least; positions beyond name nothing. `Infinity` where that cannot be known. */
  readonly count: number;
  /** Names that were given by hand (`@LockKey`): the position of each. */
  readonly given: ReadonlyMap<string, number>;
  /** Names that the request gives (`@Param('id')`), in no order; they may repeat. */
  readonly requested: readonly { readonly name: string; readonly index: number }[];
}

/**
 * The position that a hole's name stands for: a name given by hand, a position, the source's name, the request's name
 * where just one parameter has it; undefined where it names nothing.
 */
export function positionOf(name: string, parameters: MethodParameters): number | undefined {
  const given = parameters.given.get(name);
  if (given !== undefined) return given;
  if (/^\d+$/.test(name)) return Number(name) < parameters.count ? Number(name) : undefined;
  const index = parameters.names.indexOf(name);
  if (index >= 0) return index;
  const requested = parameters.requested.filter((each) => each.name === name);
  return requested.length === 1 ? requested[0]!.index : undefined;
}

/**
 * How many parameters there are, for {@link MethodParameters.count}: a minifier may have dropped the last ones from the
 * source, which the types that the compiler wrote down still count.
 */
export function parameterCount(names: readonly (string | undefined)[], typeCount: number): number {
  const isOpen = names.some((name) => name?.startsWith('...'));
  return isOpen || (names.length === 0 && typeCount === 0) ? Infinity : Math.max(names.length, typeCount);
}

/** The parameters as an error message lists them: `userSeq, {…}, ...rest`. */
export function listParameters({ names, given, requested }: MethodParameters): string {
  const inSource = names.map((name) => name ?? '{…}');
  const others = [...given.keys(), ...requested.map(({ name }) => name)];
  return [...new Set([...inSource, ...others])].join(', ');
}
