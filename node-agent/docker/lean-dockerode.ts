import { createRequire } from 'node:module';
import type Dockerode from 'dockerode';

// dockerode loads an SSH client and protobuf.js at once, for remote engines and BuildKit. An agent talks to a unix socket;
// without them it is 13 MB smaller (66 instead of 80, Node.js 20) for as long as it runs. Using them nevertheless fails where they are used.
const unused = [
  { by: 'docker-modem', name: 'ssh2' },
  { by: 'dockerode', name: '@grpc/proto-loader' },
];

const require = createRequire(import.meta.url);
for (const { by, name } of unused) {
  const path = createRequire(require.resolve(by)).resolve(name);
  require.cache[path] ??= Object.assign(Object.create(null), { id: path, filename: path, loaded: true, exports: {} });
}

export const Docker = require('dockerode') as typeof Dockerode;
