import { parseExpressionAt, type Pattern } from 'acorn';

/**
 * The parameter names of a method as the source of its class has them: there they are found even where another
 * decorator has put a function of its own in the method's place. Undefined where that source does not show the method.
 */
export function namesFromClassSource(
  classSource: string,
  methodName: string,
): (string | undefined)[] | undefined {
  return membersOf(classSource)
    .find((member) => isMethod(member, methodName))
    ?.value.params.map(nameOf);
}

function isMethod(member: Member, methodName: string): boolean {
  if (member.type !== 'MethodDefinition' || member.kind !== 'method' || member.static) return false;
  const { name, value } = member.key;
  // `[name]() {}` has a name that only the running program knows; `['name']() {}` shows it.
  return methodName === (member.computed ? value : (name ?? value));
}

interface Member {
  readonly type: string;
  readonly kind: string;
  readonly static: boolean;
  readonly computed: boolean;
  readonly key: { readonly name?: string; readonly value?: unknown };
  readonly value: { readonly params: Pattern[] };
}

function membersOf(classSource: string): readonly Member[] {
  try {
    const node = parseExpressionAt(classSource, 0, { ecmaVersion: 'latest' }) as {
      body?: { body?: readonly Member[] };
    };
    return node.body?.body ?? [];
  } catch {
    // A syntax newer than the parser: the method's own source is what remains.
    return [];
  }
}

function nameOf(parameter: Pattern): string | undefined {
  if (parameter.type === 'Identifier') return parameter.name;
  if (parameter.type === 'AssignmentPattern') return nameOf(parameter.left);
  if (parameter.type !== 'RestElement') return undefined;
  const name = nameOf(parameter.argument);
  return name === undefined ? undefined : `...${name}`;
}
