import { randomBytes } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { createBodyFrom, specFrom } from '../../node-agent/docker/container-spec.ts';
import { parseCreateBody } from '../../node-agent/docker/create-body.ts';
import { referenceFor } from '../../node-agent/docker/image-reference.ts';
import { specDifferences, unexplained } from '../../node-agent/docker/spec-differences.ts';
import { labEngine, labExec } from '../support/lab.ts';

type Lab = Awaited<ReturnType<typeof labEngine>>;
const test = anyTest as TestFn<{ source: Lab; target: Lab; name: string }>;
const network = 'h4-spec-net';
const second = 'h4-spec-second';
const withEntrypoint = 'h4-spec/entrypoint:1';

test.before(async () => {
  for (const node of ['edge-1', 'edge-2']) {
    await labExec(node, 'docker', 'network', 'create', '--subnet', '172.31.77.0/24', network);
    await labExec(node, 'docker', 'network', 'create', second);
  }
});

test.after.always(async () => {
  for (const node of ['edge-1', 'edge-2']) {
    await labExec(node, 'docker', 'network', 'rm', '-f', network, second);
    await labExec(node, 'docker', 'image', 'rm', '-f', withEntrypoint);
  }
});

test.beforeEach(async (t) => {
  t.context = {
    source: await labEngine('edge-1'),
    target: await labEngine('edge-2'),
    name: `h4-spec-${randomBytes(4).toString('hex')}`,
  };
});

test.afterEach.always(async (t) => {
  for (const { engine, close } of [t.context.source, t.context.target]) {
    await engine.remove(t.context.name, { force: true });
    await close();
  }
});

const everything = `--network ${network} --ip 172.31.77.9 --network-alias web --network-alias api
  --mac-address 02:42:ac:11:00:77 -p 127.0.0.1:18480:80 -p 18481:81/udp -p 82 --expose 99
  -e A=b -e EMPTY= -l drover.pin=true -l k=v --entrypoint /bin/busybox --user 1000:1000 -w /tmp
  --memory 64m --memory-swap 128m --memory-reservation 32m --oom-score-adj 100 --cpus 0.5 --cpu-shares 512
  --cpuset-cpus 0 --pids-limit 50 --restart on-failure:3 --log-driver json-file --log-opt max-size=1m
  --log-opt max-file=2 --cap-add NET_ADMIN --cap-drop CHOWN --security-opt no-new-privileges
  --security-opt seccomp=unconfined --tmpfs /scratch:size=1m,mode=1777 --stop-signal SIGINT --stop-timeout 5
  --health-cmd true --health-interval 1h --health-retries 2 --hostname myhost --domainname example.org
  --ulimit nofile=100:200 --sysctl net.core.somaxconn=100 --dns 9.9.9.9 --dns-search x.org --dns-option ndots:1
  --add-host h:1.2.3.4 --init --shm-size 8m --ipc private --group-add 5 --read-only --annotation a=b`
  .trim()
  .split(/\s+/);

const sameAgain = test.macro(async (t, flags: string[], command: string[], started: boolean) => {
  const { source, target, name } = t.context;
  const verb = started ? ['run', '-d'] : ['create'];
  await labExec('edge-1', 'docker', ...verb, '--name', name, ...flags, ...command);
  const before = await source.engine.inspect(name);

  const { body, restartPolicy } = createBodyFrom(before);
  const { image, imageId } = specFrom(before);
  if (!(await target.engine.hasImage(imageId))) await target.engine.loadImage(await source.engine.saveImage(imageId));
  const reference = await referenceFor(target.engine, { name: image, id: imageId });
  const travelled = parseCreateBody(JSON.stringify({ ...body, Image: reference }));
  await target.engine.create(name, travelled);
  if (started) await target.engine.start(name);
  await target.engine.setRestartPolicy(name, restartPolicy);

  const after = await target.engine.inspect(name);
  t.deepEqual(unexplained(specDifferences(before, after)), []);
  t.is(after.Image, before.Image);
  t.is(after.Config.Image, before.Config.Image);
});

test.serial(
  'a container with every flag is made again',
  sameAgain,
  everything,
  ['drover/counter', 'sleep', '1000'],
  false,
);
test.serial(
  'a running container with every flag is made again',
  sameAgain,
  everything,
  ['drover/counter', 'sleep', '1000'],
  true,
);
test.serial('a container without a flag is made again', sameAgain, [], ['drover/counter'], true);
test.serial('a name with a tag stays', sameAgain, [], ['drover/counter:latest'], false);
test.serial('an entrypoint taken away stays away, and an image made here goes along', async (t) => {
  await labExec('edge-1', 'docker', 'create', '--name', t.context.name, 'drover/counter');
  const change = ['--change', 'ENTRYPOINT ["busybox"]', '--change', 'CMD ["sleep", "1"]'];
  await labExec('edge-1', 'docker', 'commit', ...change, t.context.name, withEntrypoint);
  await labExec('edge-1', 'docker', 'rm', t.context.name);
  await sameAgain.exec(t, ['--entrypoint', ''], [withEntrypoint, 'busybox', 'sleep', '1'], false);
});
test.serial('a disabled health check stays disabled', sameAgain, ['--no-healthcheck'], ['drover/counter'], false);
test.serial(
  'a container of two networks is made again',
  sameAgain,
  ['--network', network, '--network', second],
  ['drover/counter'],
  true,
);
test.serial('a container without a network is made again', sameAgain, ['--network', 'none'], ['drover/counter'], true);

test.serial('a difference that nobody planned is found', async (t) => {
  const { source, target, name } = t.context;
  await labExec('edge-1', 'docker', 'create', '--name', name, '--memory', '64m', 'drover/counter');
  await labExec(
    'edge-2',
    'docker',
    'create',
    '--name',
    name,
    '--memory',
    '65m',
    '--memory-swap',
    '128m',
    'drover/counter',
  );
  const [before, after] = await Promise.all([source.engine.inspect(name), target.engine.inspect(name)]);
  const hostnames = ['Config.Hostname', 'HostConfig.Memory'];
  t.deepEqual(
    unexplained(specDifferences(before, after))
      .map(({ path }) => path)
      .sort(),
    hostnames,
  );
});
