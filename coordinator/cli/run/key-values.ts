import { DroverError } from '../../../proto/index.ts';
import { badFlag } from './bad-flag.ts';

type ReadFile = (path: string) => string;

/** `KEY=VALUE` texts as an object; a text without `=` gets an empty value. Later ones win. */
export function keyValues(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map(split));
}

/** Like `keyValues`, but each text must have a `=`. */
export function strictKeyValues(flag: string, texts: readonly string[]): Record<string, string> {
  for (const text of texts) if (!/^[^=]+=/.test(text)) throw badFlag(flag, text, 'write KEY=VALUE');
  return keyValues(texts);
}

/**
 * The environment that --env describes, on top of that of --env-file; later texts win. A bare KEY takes its value from
 * `own`, the environment of this program. When that has none, a KEY of --env goes as it is, by which Docker drops the
 * image's own value, and a KEY of --env-file is left out, all as Docker does it.
 */
export function environment(
  texts: { readonly fromFiles: readonly string[]; readonly flags: readonly string[] },
  own: Readonly<Record<string, string | undefined>>,
): string[] {
  const complete = (text: string) => (text.includes('=') || own[text] === undefined ? text : `${text}=${own[text]}`);
  const fromFiles = texts.fromFiles.map(complete).filter((text) => text.includes('='));
  const all = [...fromFiles, ...texts.flags.map(complete)];
  for (const text of all)
    if (text === '' || text.startsWith('=')) throw badFlag('env', text, 'write KEY=VALUE, or KEY');
  return [...new Map(all.map((text) => [split(text)[0], text])).values()];
}

/** The lines of --env-file or --label-file: neither empty nor comments. */
export function fileLines(flag: string, path: string, readFile: ReadFile): readonly string[] {
  const lines = readText(flag, path, readFile)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  return lines.map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** A file that a flag names. Throws BAD_USAGE when it cannot be read. */
export function readText(flag: string, path: string, readFile: ReadFile): string {
  try {
    return readFile(path);
  } catch (cause) {
    throw new DroverError('BAD_USAGE', `The file ${path} of --${flag} cannot be read here.`, {
      details: { flag, path },
      cause,
    });
  }
}

function split(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
