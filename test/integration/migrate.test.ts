import test from 'ava';
import { specDifferences, unexplained } from '../../node-agent/docker/spec-differences.ts';
import { ask, containersOf, drover, inspect, migrate, placeOf, runWorkload } from '../support/cluster.ts';
import { labExec } from '../support/lab.ts';
import { untilTrue } from '../support/until-true.ts';

interface Answer {
  readonly n: number;
  readonly sum: string;
  readonly uptime_s: number;
}

const remove = (...workloads: string[]) => Promise.all(workloads.map((name) => drover('rm', name)));

test.serial('a function with memory goes on on another node and its published port answers there', async (t) => {
  const name = await runWorkload('edge-1', ['-e', 'MB=32', '-p', '18100:8080'], 'drover/fn-node');
  t.teardown(() => remove(name));
  const before = await ask<Answer>('edge-1', 18100);
  const migration = await migrate(name, 'edge-2');
  const after = await ask<Answer>('edge-2', 18100);
  t.is(migration.outcome, 'committed');
  t.true(migration.bytes_sent > 32 * 2 ** 20);
  t.true(after.n > before.n, 'the counter goes on');
  t.true(after.uptime_s > before.uptime_s, 'the process is the same');
  t.is(after.sum, before.sum, 'the ballast arrived');
  t.is((await ask<{ sum: string }>('edge-2', 18100, '/sum')).sum, before.sum, 'and is what it was in memory');
  t.false((await containersOf('edge-1')).includes(name), 'nothing of it is left at the source');
  t.like(await placeOf(name), { node: 'edge-2', state: 'running', epoch: 2 });
});

const settings = `-p 127.0.0.1:18101:80 -p 18102:81/udp -e A=b -e EMPTY= -l k=v -w /tmp --memory 64m
  --memory-swap 128m --oom-score-adj 100 --cpus 0.5 --cpu-shares 512 --pids-limit 50 --restart on-failure:3
  --log-driver json-file --log-opt max-size=1m --log-opt max-file=2 --cap-add NET_ADMIN --cap-drop CHOWN
  --security-opt no-new-privileges --tmpfs /scratch:size=1m,mode=1777 --stop-signal SIGINT --stop-timeout 5
  --health-cmd true --health-interval 1s --health-retries 2 --hostname myhost --ulimit nofile=100:200
  --sysctl net.core.somaxconn=100 --dns 9.9.9.9 --dns-search x.org --add-host h:1.2.3.4 --init --shm-size 8m`
  .trim()
  .split(/\s+/);

test.serial(
  'a moved container is configured as it was, field by field, even while a health check comes and goes',
  async (t) => {
    const name = await runWorkload('edge-1', settings, 'drover/counter');
    t.teardown(() => remove(name));
    const before = await inspect('edge-1', name);
    await migrate(name, 'edge-2');
    const after = await inspect('edge-2', name);
    t.deepEqual(unexplained(specDifferences(before, after)), []);
  },
);

test.serial('restart policies come along and do not bring the source back', async (t) => {
  const name = await runWorkload('edge-1', ['--restart', 'always'], 'drover/counter');
  t.teardown(() => remove(name));
  await migrate(name, 'edge-2');
  t.false((await containersOf('edge-1')).includes(name));
  const { HostConfig } = (await inspect('edge-2', name)) as { HostConfig: { RestartPolicy: { Name: string } } };
  t.is(HostConfig.RestartPolicy.Name, 'always');
});

test.serial('files that the container wrote, changed and deleted are so on the target', async (t) => {
  const script = `mkdir -p /data/a && echo one >/data/a/f && ln /data/a/f /data/a/hard && ln -s f /data/a/soft &&
    chmod 640 /data/a/f && chown 12:34 /data/a/f && rm -r /etc/motd-to-go; exec 9>/data/open; rm /data/open;
    i=0; while :; do i=$((i+1)); echo $i >&9; echo $i >/data/n; sleep 0.2; done`;
  const name = await runWorkload('edge-1', [], 'drover/counter', 'sh', '-c', script);
  t.teardown(() => remove(name));
  await untilTrue(async () => (await labExec('edge-1', 'docker', 'exec', name, 'cat', '/data/n')) !== '', 'it writes');
  const list = ['sh', '-c', 'ls -ln /data/a | tr -s " " | cut -d" " -f1-5,9-; cat /data/a/f'];
  const before = await labExec('edge-1', 'docker', 'exec', name, ...list);
  await migrate(name, 'edge-2');
  t.is(await labExec('edge-2', 'docker', 'exec', name, ...list), before);
  const count = async () => Number(await labExec('edge-2', 'docker', 'exec', name, 'cat', '/data/n'));
  const arrived = await count();
  t.true(arrived > 0);
  t.true(await untilTrue(async () => (await count()) > arrived, 'it goes on writing'));
});

test.serial('a program that listens on 127.0.0.1 goes on listening there', async (t) => {
  const program = `import socket,time
s=socket.socket(); s.bind(('127.0.0.1',9999)); s.listen(); n=0
while True:
    n+=1; c=socket.create_connection(('127.0.0.1',9999),1); s.accept()[0].close(); c.close()
    print('ok',n,flush=True); time.sleep(0.1)`;
  const name = await runWorkload('edge-1', [], 'drover/fn-python', 'python3', '-u', '-c', program);
  t.teardown(() => remove(name));
  await migrate(name, 'edge-2');
  const lines = await untilTrue(async () => {
    const { stdout } = await drover('logs', name, '--tail', '50');
    return stdout.split('\n').length > 5 ? stdout.trim().split('\n') : undefined;
  }, 'it goes on');
  t.true(
    lines.every((line) => line.startsWith('ok ')),
    lines.join('\n'),
  );
  t.not(lines[0], 'ok 1');
});
