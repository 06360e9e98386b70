import test from 'ava';
import { bodyOf } from '../../support/docker-run-body.ts';

const becomes = test.macro({
  exec: (t, flags: readonly string[], expected: object) =>
    t.deepEqual(bodyOf([...flags, 'nginx']), { Image: 'nginx', ...expected }),
  title: (_, flags: readonly string[]) => `docker run ${flags.join(' ')}`,
});

const onHost = test.macro({
  exec: (t, flags: readonly string[], HostConfig: object) =>
    t.deepEqual(bodyOf([...flags, 'nginx']), { Image: 'nginx', HostConfig }),
  title: (_, flags: readonly string[]) => `docker run ${flags.join(' ')}`,
});

test('an image alone leaves everything to the image', (t) => {
  t.deepEqual(bodyOf(['nginx']), { Image: 'nginx' });
});

test('what follows the image belongs to the container, flags included', (t) => {
  t.deepEqual(bodyOf(['-d', 'alpine', 'sh', '-c', 'echo $0', '--name', '-p']), {
    Image: 'alpine',
    Cmd: ['sh', '-c', 'echo $0', '--name', '-p'],
  });
});

test(becomes, ['-it'], { Tty: true, OpenStdin: true });
test(becomes, ['-w', '/srv', '-u', '1000:1000', '-h', 'web', '--domainname', 'edge'], {
  WorkingDir: '/srv',
  User: '1000:1000',
  Hostname: 'web',
  Domainname: 'edge',
});
test(becomes, ['--entrypoint', '/bin/sh'], { Entrypoint: ['/bin/sh'] });
test(becomes, ['--entrypoint', ''], { Entrypoint: [''] });
test(becomes, ['-e', 'A=1', '--env', 'B=x=y', '-e', 'HOME', '-e', 'MISSING', '-e', 'A=2'], {
  Env: ['A=2', 'B=x=y', 'HOME=/root', 'MISSING'],
});
test(becomes, ['--env-file', 'web.env', '-e', 'A=flag'], { Env: ['A=flag', 'B=2', 'HOME=/root'] });
test(becomes, ['-l', 'a=1', '--label', 'b', '--label-file', 'labels'], {
  Labels: { tier: 'edge', bare: '', a: '1', b: '' },
});
test(becomes, ['--expose', '80', '--expose', '90-91/udp'], {
  ExposedPorts: { '80/tcp': {}, '90/udp': {}, '91/udp': {} },
});
test(becomes, ['--stop-signal', 'SIGINT', '--stop-timeout', '5'], { StopSignal: 'SIGINT', StopTimeout: 5 });
test(
  becomes,
  [
    ...['--health-cmd', 'curl -f localhost', '--health-interval', '30s', '--health-timeout', '1m30s'],
    ...['--health-retries', '3', '--health-start-period', '500ms'],
  ],
  {
    Healthcheck: {
      Test: ['CMD-SHELL', 'curl -f localhost'],
      Interval: 30e9,
      Timeout: 90e9,
      StartPeriod: 0.5e9,
      Retries: 3,
    },
  },
);
test(becomes, ['--no-healthcheck'], { Healthcheck: { Test: ['NONE'] } });
test(becomes, ['-v', '/data'], { Volumes: { '/data': {} } });

test(becomes, ['-p', '8080:80'], {
  ExposedPorts: { '80/tcp': {} },
  HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
});
test(becomes, ['-p', '127.0.0.1:53:5353/udp'], {
  ExposedPorts: { '5353/udp': {} },
  HostConfig: { PortBindings: { '5353/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }] } },
});
test(becomes, ['-p', '80'], {
  ExposedPorts: { '80/tcp': {} },
  HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } },
});
test(becomes, ['-p', '127.0.0.1::80'], {
  ExposedPorts: { '80/tcp': {} },
  HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
});
test(becomes, ['-p', '[::1]:8080:80', '-p', '9090:80'], {
  ExposedPorts: { '80/tcp': {} },
  HostConfig: {
    PortBindings: {
      '80/tcp': [
        { HostIp: '::1', HostPort: '8080' },
        { HostIp: '', HostPort: '9090' },
      ],
    },
  },
});
test(becomes, ['-p', '8000-8001:80-81'], {
  ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
  HostConfig: {
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8000' }], '81/tcp': [{ HostIp: '', HostPort: '8001' }] },
  },
});
test(becomes, ['-p', '8000-8009:80'], {
  ExposedPorts: { '80/tcp': {} },
  HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8000-8009' }] } },
});

test(onHost, ['-P'], { PublishAllPorts: true });
test(onHost, ['--restart', 'unless-stopped'], { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } });
test(onHost, ['--restart=on-failure:5'], { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } });
test(onHost, ['-m', '256m', '--memory-swap', '-1', '--memory-reservation', '1.5g'], {
  Memory: 268_435_456,
  MemorySwap: -1,
  MemoryReservation: 1_610_612_736,
});
test(onHost, ['--cpus', '.5', '--cpu-shares', '512', '--cpuset-cpus', '0-1', '--pids-limit', '100'], {
  NanoCpus: 500_000_000,
  CpuShares: 512,
  CpusetCpus: '0-1',
  PidsLimit: 100,
});
test(onHost, ['--cap-add', 'NET_ADMIN', '--cap-drop', 'ALL', '--privileged', '--read-only', '--init'], {
  CapAdd: ['NET_ADMIN'],
  CapDrop: ['ALL'],
  Privileged: true,
  ReadonlyRootfs: true,
  Init: true,
});
test(onHost, ['--security-opt', 'no-new-privileges', '--security-opt', 'seccomp=seccomp.json'], {
  SecurityOpt: ['no-new-privileges', 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
});
test(onHost, ['--security-opt', 'seccomp=unconfined', '--security-opt', 'systempaths=unconfined'], {
  SecurityOpt: ['seccomp=unconfined'],
  MaskedPaths: [],
  ReadonlyPaths: [],
});
test(onHost, ['--device', '/dev/ttyUSB0', '--device', '/dev/a:/dev/b:r', '--device', '/dev/c:rw'], {
  Devices: [
    { PathOnHost: '/dev/ttyUSB0', PathInContainer: '/dev/ttyUSB0', CgroupPermissions: 'rwm' },
    { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' },
    { PathOnHost: '/dev/c', PathInContainer: '/dev/c', CgroupPermissions: 'rw' },
  ],
});
test(onHost, ['-v', 'data:/data', '-v', '/srv:/srv:ro'], { Binds: ['data:/data', '/srv:/srv:ro'] });
test(onHost, ['--mount', 'type=volume,src=data,dst=/data,readonly'], {
  Mounts: [{ Type: 'volume', Source: 'data', Target: '/data', ReadOnly: true }],
});
test(onHost, ['--mount', 'type=bind,source=/a,target=/b,bind-propagation=rslave'], {
  Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'rslave' } }],
});
test(onHost, ['--mount', 'type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770'], {
  Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 67_108_864, Mode: 0o1770 } }],
});
test(onHost, ['--tmpfs', '/run', '--tmpfs', '/tmp:size=64m,mode=1777', '--shm-size', '128m'], {
  Tmpfs: { '/run': '', '/tmp': 'size=64m,mode=1777' },
  ShmSize: 134_217_728,
});
test(onHost, ['--log-driver', 'json-file', '--log-opt', 'max-size=1m'], {
  LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
});
test(onHost, ['--dns', '1.1.1.1', '--dns-search', 'lan', '--dns-option', 'ndots:1', '--add-host', 'db:10.0.0.1'], {
  Dns: ['1.1.1.1'],
  DnsSearch: ['lan'],
  DnsOptions: ['ndots:1'],
  ExtraHosts: ['db:10.0.0.1'],
});
test(onHost, ['--sysctl', 'net.core.somaxconn=1024', '--ulimit', 'nofile=1024:2048', '--ulimit', 'core=-1'], {
  Sysctls: { 'net.core.somaxconn': '1024' },
  Ulimits: [
    { Name: 'nofile', Soft: 1024, Hard: 2048 },
    { Name: 'core', Soft: -1, Hard: -1 },
  ],
});
test(onHost, ['--ipc', 'host', '--pid', 'host', '--userns', 'host', '--uts', 'host', '--group-add', 'audio'], {
  IpcMode: 'host',
  PidMode: 'host',
  UsernsMode: 'host',
  UTSMode: 'host',
  GroupAdd: ['audio'],
});
test(onHost, ['--oom-score-adj', '-500', '--oom-kill-disable'], { OomScoreAdj: -500, OomKillDisable: true });
test(onHost, ['--network', 'host'], { NetworkMode: 'host' });
test(onHost, ['--pull', 'always', '--platform', 'linux/amd64', '--network', 'none'], { NetworkMode: 'none' });
test(becomes, ['--network', 'lan', '--network-alias', 'a', '--network-alias', 'b'], {
  HostConfig: { NetworkMode: 'lan' },
  NetworkingConfig: { EndpointsConfig: { lan: { Aliases: ['a', 'b'] } } },
});
