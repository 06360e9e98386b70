import { timeoutsSchema } from '../config.ts';
import { defaultPaths } from '../runtime/paths.ts';
import { realPlaces } from './install-places.ts';
import { runCli } from './run-cli.ts';

process.exitCode = await runCli(
  {
    stdout: process.stdout,
    stderr: process.stderr,
    places: realPlaces,
    // Loaded only when it is to run: install does without.
    runAgent: async (options) => (await import('../main.ts')).runAgent(options),
    proveCheckpointRestore: async () => {
      const { DockerEngine } = await import('../docker/docker-engine.ts');
      const { proveCheckpointRestore } = await import('../runtime/prove-checkpoint-restore.ts');
      const { dockerCallMs, dockerWorkMs, restoreMs } = timeoutsSchema.parse({});
      const limits = { callTimeoutMs: dockerCallMs, workTimeoutMs: dockerWorkMs };
      const engine = new DockerEngine({ socketPath: realPlaces.dockerSocket, ...limits });
      return proveCheckpointRestore({ engine, paths: defaultPaths, directory: '/var/tmp', timeoutMs: restoreMs });
    },
  },
  process.argv.slice(2),
);
