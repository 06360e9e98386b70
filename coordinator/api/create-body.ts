import { z } from 'zod';
import { DroverError, type Port } from '../../proto/index.ts';

/** The part of Docker's create body that the coordinator looks at; the rest passes through. */
export interface CreateBody {
  /** Empty when the body names none. */
  readonly name: string;
  readonly image: string;
  /** Bytes of memory to find room for: the reservation, else the limit, else 64 MiB. */
  readonly memoryBytes: number;
  readonly ports: readonly Port[];
}

/** Reads a create body. Throws INVALID_ARGUMENT. */
export function parseCreateBody(json: string): CreateBody {
  const parsed = createBody.safeParse(parseJson(json));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  const { name = '', Image: image, HostConfig: host } = parsed.data;
  const memoryBytes = host?.MemoryReservation || host?.Memory || 64 * 2 ** 20;
  return { name, image, memoryBytes, ports: portsOf(host?.PortBindings ?? {}) };
}

const nullish = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const binding = z.looseObject({ HostIp: nullish(z.string()), HostPort: nullish(z.string().regex(/^\d*$/)) });
const createBody = z.looseObject({
  name: nullish(z.string()),
  Image: z.string().min(1),
  HostConfig: nullish(
    z.looseObject({
      Memory: nullish(z.number().nonnegative()),
      MemoryReservation: nullish(z.number().nonnegative()),
      PortBindings: nullish(z.record(z.string(), nullish(z.array(binding)))),
    }),
  ),
});

type Bindings = Record<string, readonly { HostIp?: string | undefined; HostPort?: string | undefined }[] | undefined>;

function portsOf(bindings: Bindings): Port[] {
  return Object.entries(bindings).flatMap(([key, hosts]) => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    return (hosts ?? []).map(({ HostIp = '', HostPort = '' }) => ({
      hostIp: HostIp,
      hostPort: Number(HostPort),
      containerPort: Number(port),
      protocol,
    }));
  });
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid('it is no JSON');
  }
}

function invalid(what: string): DroverError {
  return new DroverError('INVALID_ARGUMENT', `The container's definition cannot be used: ${what}.`);
}
