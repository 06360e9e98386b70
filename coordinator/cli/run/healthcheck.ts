import type Docker from 'dockerode';
import { DroverError } from '../../../proto/index.ts';
import { nanoseconds, whole } from './quantities.ts';
import type { RunFlags } from './run-flags.ts';
import { withoutEmpty } from './without-empty.ts';

/** Translates --health-* and --no-healthcheck; undefined leaves the image's own check. */
export function healthcheck(flags: RunFlags): Docker.HealthConfig | undefined {
  const { healthCmd, healthInterval, healthTimeout, healthRetries, healthStartPeriod } = flags;
  const checks = [healthCmd, healthInterval, healthTimeout, healthRetries, healthStartPeriod];
  const any = checks.some((value) => value !== undefined);
  if (flags.healthcheck === false) return noCheck(any);
  if (!any) return undefined;
  return withoutEmpty({
    Test: healthCmd === undefined ? undefined : ['CMD-SHELL', healthCmd],
    Interval: optional(healthInterval, nanoseconds),
    Timeout: optional(healthTimeout, nanoseconds),
    StartPeriod: optional(healthStartPeriod, nanoseconds),
    Retries: optional(healthRetries, (text) => whole('health-retries', text, { min: 0, max: 1_000_000 })),
  }) as Docker.HealthConfig;
}

function noCheck(any: boolean): Docker.HealthConfig {
  if (any) throw new DroverError('BAD_USAGE', '--no-healthcheck does not go together with the --health-* flags.');
  return { Test: ['NONE'] } as Docker.HealthConfig;
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
