import ts from 'typescript';
import { entryPoints } from './entry-points.js';

/** Something that users can name: an export, or a member of one. */
export interface PublicName {
  readonly entry: string;
  /** `LockOptions`, `LockOptions.waitTime`. */
  readonly path: string;
  readonly name: string;
  readonly isMember: boolean;
  readonly hasDoc: boolean;
}

/** Every exported name of the published entry points, and the members of the exported classes and interfaces. */
export function publicNames(): readonly PublicName[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const files = entryPoints.map(({ file }) => `lib/${file}.ts`);
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  return entryPoints.flatMap(({ specifier, file }) => {
    const source = program.getSourceFile(`lib/${file}.ts`);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`lib/${file}.ts exports nothing`);
    return checker.getExportsOfModule(module).flatMap((symbol) => namesOf(checker, specifier, symbol));
  });
}

function namesOf(checker: ts.TypeChecker, entry: string, exported: ts.Symbol): readonly PublicName[] {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const describe = (one: ts.Symbol, path: string, isMember: boolean): PublicName => ({
    entry,
    path,
    name: one.name,
    isMember,
    hasDoc: one.getDocumentationComment(checker).length > 0 || one.getJsDocTags(checker).length > 0,
  });
  const members =
    symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)
      ? [...(symbol.members?.values() ?? [])]
      : [];
  return [
    { ...describe(symbol, exported.name, false), name: exported.name },
    ...members.filter(isPublicMember).map((one) => describe(one, `${exported.name}.${one.name}`, true)),
  ];
}

function isPublicMember(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  if (!declaration || symbol.name.startsWith('__')) return false;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (ts.getCombinedModifierFlags(declaration) & hidden) === 0;
}
