import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { withoutEmptyRuntimes, withoutRuntime, withRuntime } from '../../../../node-agent/cli/daemon-json.ts';
import { install } from '../../../../node-agent/cli/install.ts';
import type { InstallPlaces } from '../../../../node-agent/cli/install-places.ts';
import type { InstallDependencies } from '../../../../node-agent/cli/machine-changes.ts';
import { systemdUnit } from '../../../../node-agent/cli/systemd-unit.ts';
import { uninstall } from '../../../../node-agent/cli/uninstall.ts';
import type { ContainerInspectInfo } from '../../../../node-agent/docker/engine-port.ts';
import { anInspect } from '../../../support/an-inspect.ts';
import { rejectionOf } from '../../../support/rejection-of.ts';

interface Context {
  readonly root: string;
  readonly places: InstallPlaces;
  readonly said: string[];
  readonly dependencies: (runtimes: string[], containers?: ContainerInspectInfo[]) => InstallDependencies;
}
const test = anyTest as TestFn<Context>;

// Docker itself is in test/integration: here no dockerd runs, and none is asked to reload.
test.beforeEach(async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'drover-install-'));
  await mkdir(join(root, 'package/node-agent/runtime'), { recursive: true });
  for (const name of ['drover-runc', 'criu-hold']) {
    await writeFile(join(root, `package/node-agent/runtime/${name}.sh`), `#!/bin/sh\n# ${name}\n`);
  }
  const places: InstallPlaces = {
    package: join(root, 'package'),
    library: join(root, 'library'),
    daemonJson: join(root, 'docker/daemon.json'),
    dockerPidFile: join(root, 'docker.pid'),
    dockerSocket: join(root, 'docker.sock'),
    unitFile: join(root, 'systemd/drover-agent.service'),
    dataDir: join(root, 'data'),
    node: '/usr/bin/node',
  };
  const said: string[] = [];
  const dependencies: Context['dependencies'] = (runtimes, containers = []) => ({
    places,
    say: (line) => void said.push(line),
    engine: {
      info: async () => ({ runtimes }) as never,
      list: async () => containers.map(({ Id }) => ({ id: Id })) as never,
      inspect: async () => containers[0] as ContainerInspectInfo,
    },
  });
  t.context = { root, places, said, dependencies };
});

test.afterEach.always((t) => rm(t.context.root, { recursive: true, force: true }));

const plain = { systemd: true, dryRun: false };

async function registered(places: InstallPlaces): Promise<string> {
  const text = `{"log-level":"warn","runtimes":{"drover":{"path":"${places.library}/drover-runc"},"kata":{"path":"/k"}}}`;
  await mkdir(join(places.daemonJson, '..'), { recursive: true });
  await writeFile(places.daemonJson, text);
  return text;
}

test('the files are put in place, executable, and the unit is written', async (t) => {
  const { places, dependencies } = t.context;
  await registered(places);
  await install(dependencies(['drover']), plain);
  t.deepEqual((await readdir(places.library)).sort(), ['criu-hold', 'drover-runc']);
  t.is((await stat(join(places.library, 'drover-runc'))).mode & 0o777, 0o755);
  t.is(await readFile(places.unitFile, 'utf8'), systemdUnit(places));
});

test('a second time changes nothing', async (t) => {
  const { places, said, dependencies } = t.context;
  await registered(places);
  await install(dependencies(['drover']), plain);
  said.length = 0;
  await install(dependencies(['drover']), plain);
  t.deepEqual(said, []);
});

test('a dry run tells and writes nothing', async (t) => {
  const { root, said, dependencies } = t.context;
  await install(dependencies(['runc']), { ...plain, dryRun: true });
  t.is(said.length, 5);
  t.true(said.every((line) => line.startsWith('would ')));
  t.deepEqual(await readdir(root), ['package']);
});

test('without systemd there is no unit', async (t) => {
  const { root, places, dependencies } = t.context;
  await registered(places);
  await install(dependencies(['drover']), { ...plain, systemd: false });
  t.false((await readdir(root)).includes('systemd'));
});

test('a daemon.json that is no JSON stops everything', async (t) => {
  const { root, places, dependencies } = t.context;
  await mkdir(join(root, 'docker'));
  await writeFile(places.daemonJson, '{');
  const error = await rejectionOf(install(dependencies(['runc']), plain));
  t.is(error.code, 'BAD_USAGE');
  t.deepEqual((await readdir(root)).sort(), ['docker', 'package']);
});

test('when Docker does not take the configuration over, the old one is back, and a backup is kept', async (t) => {
  const { root, places, dependencies } = t.context;
  await mkdir(join(root, 'docker'));
  await writeFile(places.daemonJson, '{"debug":true}');
  // There is no pid file, so there is nobody to reload.
  t.is((await rejectionOf(install(dependencies(['runc']), plain))).code, 'DOCKER_UNREACHABLE');
  t.is(await readFile(places.daemonJson, 'utf8'), '{"debug":true}');
  t.is(await readFile(`${places.daemonJson}.drover-backup`, 'utf8'), '{"debug":true}');
});

test('a pid file that names another program is not believed', async (t) => {
  const { places, dependencies } = t.context;
  await writeFile(places.dockerPidFile, String(process.pid));
  t.is((await rejectionOf(install(dependencies(['runc']), plain))).code, 'DOCKER_UNREACHABLE');
});

test('uninstall is refused while a container needs the runtime', async (t) => {
  const { places, dependencies } = t.context;
  const text = await registered(places);
  const container = anInspect({ HostConfig: { Runtime: 'drover' } });
  const error = await rejectionOf(uninstall(dependencies(['drover'], [container]), { purge: true, dryRun: false }));
  t.is(error.code, 'NODE_NOT_EMPTY');
  t.regex(error.message, /no longer start web /);
  t.is(await readFile(places.daemonJson, 'utf8'), text);
});

test('uninstall keeps the data unless it is told to purge', async (t) => {
  const { places, said, dependencies } = t.context;
  await mkdir(places.dataDir);
  await mkdir(places.library);
  await uninstall(dependencies(['runc']), { purge: false, dryRun: true });
  t.deepEqual(said, [`would remove ${places.library}`]);
  await uninstall(dependencies(['runc']), { purge: true, dryRun: false });
  t.deepEqual(said.slice(1), [`remove ${places.library}`, `remove ${places.dataDir}`]);
});

test('registering keeps every other key, and taking it back restores them', (t) => {
  const before = `${JSON.stringify({ 'log-level': 'warn', runtimes: { kata: { path: '/k' } } }, null, 2)}\n`;
  const after = withRuntime(before, '/x', 'f') ?? '';
  t.deepEqual(JSON.parse(after), { 'log-level': 'warn', runtimes: { kata: { path: '/k' }, drover: { path: '/x' } } });
  t.is(withRuntime(after, '/x', 'f'), undefined);
  t.is(withoutRuntime(after, 'f'), before);
});

test('an empty file is an empty configuration', (t) => {
  const after = withRuntime('', '/x', 'f') ?? '';
  t.deepEqual(JSON.parse(after), { runtimes: { drover: { path: '/x' } } });
  t.deepEqual(JSON.parse(withoutRuntime(after, 'f') ?? ''), { runtimes: {} });
  t.is(withoutEmptyRuntimes('{"runtimes":{}}', 'f'), '{}\n');
  t.is(withoutEmptyRuntimes('{"debug":true}', 'f'), undefined);
});

test('the unit leaves frozen containers alone and comes back by itself', (t) => {
  const unit = systemdUnit(t.context.places);
  t.regex(unit, /^KillMode=process$/m);
  t.regex(unit, /^Restart=always$/m);
  t.regex(unit, /^ExecStart=\/usr\/bin\/node .*\/package\/scripts\/drover\.mjs agent \$DROVER_AGENT_FLAGS$/m);
});
