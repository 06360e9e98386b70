import type Docker from 'dockerode';
import { badFlag } from './bad-flag.ts';
import { size } from './quantities.ts';

/** --volume in Docker's two forms: with a source it is a bind, without one an anonymous volume. */
export interface VolumeSettings {
  readonly binds: string[];
  readonly anonymous: readonly string[];
}

/** Translates --volume. A relative source is refused: Docker would resolve it here, but the container runs on a node. */
export function volumes(texts: readonly string[]): VolumeSettings {
  for (const text of texts) checkVolume(text);
  return { binds: texts.filter((text) => text.includes(':')), anonymous: texts.filter((text) => !text.includes(':')) };
}

/** Translates --tmpfs: path to options. */
export function tmpfs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [path = '', ...options] = text.split(':');
      if (!path.startsWith('/')) throw badFlag('tmpfs', text, 'write an absolute path');
      return [path, options.join(':')];
    }),
  );
}

/** Translates one --mount. */
export function mount(text: string): Docker.MountSettings {
  const fields = text.split(',').map((field) => field.trim());
  const settings = fields.reduce<Draft>((draft, field) => {
    const at = field.indexOf('=');
    const [key, value] = at < 0 ? [field, 'true'] : [field.slice(0, at), field.slice(at + 1)];
    const apply = mountFields[key.toLowerCase()];
    if (apply === undefined) throw badFlag('mount', text, `it does not take "${key}"`);
    return apply(draft, value, text);
  }, {});
  return checkedMount(settings, text);
}

function checkVolume(text: string): void {
  const parts = text.split(':');
  const [source = '', target] = parts.length === 1 ? ['', parts[0]] : parts;
  if (!target?.startsWith('/') || parts.length > 3) throw badFlag('volume', text, 'write NAME:/PATH or /SOURCE:/PATH');
  if (/^[.~]/.test(source))
    throw badFlag('volume', text, 'the source must be a volume or an absolute path on the node');
}

type Draft = Partial<Docker.MountSettings> & { readonly Labels?: never };
type Apply = (draft: Draft, value: string, text: string) => Draft;

const source: Apply = (draft, Source) => ({ ...draft, Source });
const target: Apply = (draft, Target) => ({ ...draft, Target });
const readOnly: Apply = (draft, value) => ({ ...draft, ReadOnly: value === 'true' || value === '1' });

const mountFields: Readonly<Record<string, Apply>> = {
  type: (draft, value, text) => ({ ...draft, Type: mountType(value, text) }),
  ...{ source, src: source, target, dst: target, destination: target, readonly: readOnly, ro: readOnly },
  consistency: (draft) => draft,
  'bind-propagation': (draft, value) => ({
    ...draft,
    BindOptions: { Propagation: value as Docker.MountPropagation },
  }),
  'volume-nocopy': (draft, value) => volumeOptions(draft, { NoCopy: value === 'true' || value === '1' }),
  'volume-driver': (draft, Name) =>
    volumeOptions(draft, { DriverConfig: { Name, Options: draft.VolumeOptions?.DriverConfig.Options ?? {} } }),
  'volume-opt': (draft, value) => volumeOptions(draft, { DriverConfig: withOption(draft, value) }),
  'tmpfs-size': (draft, value) => ({
    ...draft,
    TmpfsOptions: { ...draft.TmpfsOptions, SizeBytes: size('mount', value) } as Docker.MountSettings['TmpfsOptions'],
  }),
  'tmpfs-mode': (draft, value) => ({
    ...draft,
    TmpfsOptions: { ...draft.TmpfsOptions, Mode: Number.parseInt(value, 8) } as Docker.MountSettings['TmpfsOptions'],
  }),
};

function mountType(value: string, text: string): Docker.MountType {
  if (value === 'bind' || value === 'volume' || value === 'tmpfs') return value;
  throw badFlag('mount', text, 'its type must be volume, bind or tmpfs');
}

function volumeOptions(draft: Draft, options: object): Draft {
  return { ...draft, VolumeOptions: { ...draft.VolumeOptions, ...options } as Docker.MountSettings['VolumeOptions'] };
}

function withOption(draft: Draft, option: string) {
  const [key = '', ...value] = option.split('=');
  const before = draft.VolumeOptions?.DriverConfig;
  return { Name: before?.Name ?? '', Options: { ...before?.Options, [key]: value.join('=') } };
}

function checkedMount(draft: Draft, text: string): Docker.MountSettings {
  const { Type = 'volume', Source = '', Target } = draft;
  if (!Target?.startsWith('/')) throw badFlag('mount', text, 'its target must be an absolute path');
  if (Type === 'bind' && !Source.startsWith('/')) {
    throw badFlag('mount', text, 'the source of a bind must be an absolute path on the node');
  }
  if (Type === 'tmpfs' && Source !== '') throw badFlag('mount', text, 'a tmpfs has no source');
  // An anonymous volume and a tmpfs have no source at all, which dockerode's type does not know.
  return { ...draft, Type, ...(Source === '' ? {} : { Source }), Target } as Docker.MountSettings;
}
