import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';
import { droverRuntime } from '../docker/container-spec.ts';

const schema = z.looseObject({ runtimes: z.record(z.string(), z.looseObject({})).optional() });

/** Docker's daemon.json with the drover runtime registered, everything else as it was; undefined when nothing changes. */
export function withRuntime(text: string, path: string, file: string): string | undefined {
  const config = parse(text, file);
  if (config.runtimes?.[droverRuntime]?.path === path) return undefined;
  return format({ ...config, runtimes: { ...config.runtimes, [droverRuntime]: { path } } });
}

/**
 * Docker's daemon.json without the drover runtime; undefined when nothing changes. An empty list of runtimes stays for
 * now: Docker forgets a runtime only if the key is there when it reads the file again.
 */
export function withoutRuntime(text: string, file: string): string | undefined {
  const config = parse(text, file);
  if (config.runtimes?.[droverRuntime] === undefined) return undefined;
  const { [droverRuntime]: _gone, ...runtimes } = config.runtimes;
  return format({ ...config, runtimes });
}

/** Docker's daemon.json without an empty list of runtimes; undefined when nothing changes. */
export function withoutEmptyRuntimes(text: string, file: string): string | undefined {
  const { runtimes, ...rest } = parse(text, file);
  return runtimes === undefined || Object.keys(runtimes).length > 0 ? undefined : format(rest);
}

function parse(text: string, file: string): z.infer<typeof schema> {
  if (text.trim() === '') return {};
  try {
    const config = JSON.parse(text);
    schema.parse(config);
    // Not what zod made of it: the order of the keys is the operator's.
    return config;
  } catch (cause) {
    const message = `Docker's configuration ${file} is not valid JSON of the form that Docker reads: correct it first, nothing was changed.`;
    throw new DroverError('BAD_USAGE', message, { cause });
  }
}

function format(config: object): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}
