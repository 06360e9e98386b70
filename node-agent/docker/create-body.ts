import { z } from 'zod';
import { DroverError } from '../../proto/index.ts';

export const restartPolicySchema = z.object({
  Name: z.enum(['', 'no', 'always', 'unless-stopped', 'on-failure']),
  MaximumRetryCount: z.number().int().nonnegative().optional(),
});

const hostConfigSchema = z.looseObject({
  RestartPolicy: restartPolicySchema.optional(),
  Runtime: z.string().optional(),
  NetworkMode: z.string().optional(),
  PortBindings: z
    .record(z.string(), z.array(z.object({ HostIp: z.string().default(''), HostPort: z.string() })).nullable())
    .nullish(),
});

// Only what Drover itself reads is spelled out; every other field passes through to the engine as it is.
const createBodySchema = z.looseObject({
  Image: z.string().min(1),
  Labels: z.record(z.string(), z.string()).nullish(),
  HostConfig: hostConfigSchema.prefault({}),
  NetworkingConfig: z
    .looseObject({ EndpointsConfig: z.record(z.string(), z.looseObject({}).nullable()).optional() })
    .optional(),
});

/** Body of Docker's create call. */
export type CreateBody = z.infer<typeof createBodySchema>;
export type RestartPolicy = z.infer<typeof restartPolicySchema>;

export const noRestart: RestartPolicy = { Name: 'no', MaximumRetryCount: 0 };

/** A create body that came over the wire. Throws BAD_MESSAGE when it is none. */
export function parseCreateBody(json: string): CreateBody {
  try {
    return createBodySchema.parse(JSON.parse(json));
  } catch (cause) {
    const message = 'The specification of the container cannot be read: source and target run different versions.';
    throw new DroverError('BAD_MESSAGE', message, { cause });
  }
}

/** Takes the restart policy out of a body: a target is created with `no` and gets the policy after the hand-over. */
export function splitRestartPolicy(body: CreateBody): { body: CreateBody; restartPolicy: RestartPolicy } {
  const { RestartPolicy = noRestart } = body.HostConfig;
  return {
    body: { ...body, HostConfig: { ...body.HostConfig, RestartPolicy: noRestart } },
    restartPolicy: RestartPolicy,
  };
}

/** The opposite of splitRestartPolicy, for the wire. */
export function withRestartPolicy(body: CreateBody, restartPolicy: RestartPolicy): CreateBody {
  return { ...body, HostConfig: { ...body.HostConfig, RestartPolicy: restartPolicy } };
}
