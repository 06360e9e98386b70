import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** A file of the project as it stands in the working directory. */
export interface SourceFile {
  /** Relative to the project, e.g. `proto/index.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** As written, or relative to the project when it names a file of it. */
  readonly from: string;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

const foreign = new Set(['node_modules', 'dist', '.git']);

/** All files of the project that somebody wrote, of the given names' endings. proto/gen is generated and left out. */
export function sourceFiles(...endings: readonly string[]): readonly SourceFile[] {
  return pathsBelow('.')
    .filter((path) => !path.startsWith('proto/gen/') && endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

function pathsBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : pathsBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

// Also `import 'x'`, `export … from 'x'` and `import('x')`.
const importPattern = /^(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm;

/** What a TypeScript file imports. */
export function importsOf({ path, text }: SourceFile): readonly Import[] {
  return [...text.matchAll(importPattern)].map(([whole, , type, named, bare, dynamic]) => {
    const from = named ?? bare ?? dynamic ?? '';
    const typeOnly = type !== undefined || onlyTypesInBraces(whole);
    return { from: from.startsWith('.') ? relative('.', resolve(dirname(path), from)) : from, typeOnly };
  });
}

// `import { type A, type B } from …`
function onlyTypesInBraces(statement: string): boolean {
  const [, names] = /^import\s+\{([^}]*)\}/.exec(statement) ?? [];
  return names?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ?? false;
}
