import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/**
 * Adds server reflection, so that grpcurl and its like can list the calls. It shows what the published .proto files show and
 * nothing else, which is why it asks for no role.
 */
export function addReflection(server: Server): void {
  const root = protoRoot();
  const files = ['admin', 'agent_session', 'checkpoint_transfer', 'enrollment'].map(
    (name) => `drover/v1/${name}.proto`,
  );
  const definition = loadSync(files, { includeDirs: [root] });
  new ReflectionService(definition).addToServer(server);
}

// The .proto files lie in the package's root, one level further up when this is the compiled code.
function protoRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = ['../../proto', '../../../proto'].map((path) => join(here, path));
  const root = candidates.find((path) => existsSync(join(path, 'drover/v1/admin.proto')));
  if (root === undefined) throw new Error(`The .proto files are not at ${candidates.join(' or ')}.`);
  return root;
}
