import { z } from 'zod';

// What Drover relies on in Docker's answers. Other fields pass through unread.

export const inspectSchema = z.looseObject({
  Id: z.string().min(12),
  Name: z.string(),
  Image: z.string(),
  State: z.looseObject({ Status: z.string(), Running: z.boolean(), Paused: z.boolean(), Pid: z.number().int() }),
  Config: z.looseObject({ Image: z.string(), Tty: z.boolean() }),
  HostConfig: z.looseObject({}),
  NetworkSettings: z.looseObject({ Networks: z.record(z.string(), z.looseObject({})).nullish() }),
});

export const infoSchema = z.looseObject({
  Architecture: z.string(),
  KernelVersion: z.string(),
  NCPU: z.number().int(),
  CgroupVersion: z.enum(['1', '2']).default('1'),
  CgroupDriver: z.string(),
  Driver: z.string(),
  LiveRestoreEnabled: z.boolean().default(false),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  DockerRootDir: z.string(),
});

export const versionSchema = z.looseObject({
  Version: z.string(),
  ApiVersion: z.string(),
  Components: z.array(z.looseObject({ Name: z.string(), Version: z.string() })).nullish(),
});

export const containerListSchema = z.array(
  z.looseObject({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Image: z.string(),
    ImageID: z.string(),
    State: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
    Ports: z
      .array(
        z.looseObject({
          IP: z.string().default(''),
          PrivatePort: z.number().int(),
          PublicPort: z.number().int().optional(),
          Type: z.string(),
        }),
      )
      .nullish(),
  }),
);

export const imageSchema = z.looseObject({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Architecture: z.string(),
  Size: z.number(),
});

export const networkListSchema = z.array(z.looseObject({ Name: z.string() }));

export const execSchema = z.looseObject({
  ID: z.string(),
  Running: z.boolean(),
  ProcessConfig: z.looseObject({ entrypoint: z.string(), arguments: z.array(z.string()).nullish() }),
});

export const waitSchema = z.looseObject({ StatusCode: z.number().int() });

export const eventSchema = z.looseObject({
  Type: z.string(),
  Action: z.string(),
  Actor: z.looseObject({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
});

export const loadProgressSchema = z.looseObject({
  error: z.string().optional(),
  errorDetail: z.looseObject({ message: z.string() }).optional(),
});
