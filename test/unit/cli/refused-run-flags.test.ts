import test from 'ava';
import { DroverError } from '../../../proto/index.ts';
import { bodyOf } from '../../support/docker-run-body.ts';

const refused = test.macro({
  exec: (t, flags: readonly string[], sentence: RegExp) => {
    const error = t.throws(() => bodyOf([...flags, 'nginx']), { instanceOf: DroverError });
    t.is(error.code, 'BAD_USAGE');
    t.regex(error.message, sentence);
  },
  title: (_, flags: readonly string[]) => `refused: docker run ${flags.join(' ')}`,
});

test(refused, ['--rm'], /hand-over/);
test(refused, ['-p', 'http'], /8080:80/);
test(refused, ['-p', '0:80'], /8080:80/);
test(refused, ['-p', '8080:70000'], /8080:80/);
test(refused, ['-p', '8000-8001:80-85'], /same length/);
test(refused, ['-p', '8080:80/icmp'], /8080:80/);
test(refused, ['-p', '127.0.0.1:80'], /8080:80/);
test(refused, ['--expose', 'x'], /80\/tcp/);
test(refused, ['-m', 'lots'], /256m/);
test(refused, ['--cpus', '0'], /0\.5/);
test(refused, ['--restart', 'sometimes'], /unless-stopped/);
test(refused, ['--restart', 'always:3'], /on-failure/);
test(refused, ['-v', './data:/data'], /absolute path on the node/);
test(refused, ['-v', 'data:relative'], /\/PATH/);
test(refused, ['--mount', 'type=npipe,target=/x'], /volume, bind or tmpfs/);
test(refused, ['--mount', 'type=bind,source=a,target=/x'], /absolute path on the node/);
test(refused, ['--mount', 'type=volume,source=a'], /target/);
test(refused, ['--mount', 'type=volume,target=/x,colour=red'], /colour/);
test(refused, ['--tmpfs', 'run'], /absolute/);
test(refused, ['--ulimit', 'nofile=2:1'], /exceed/);
test(refused, ['--device', 'ttyUSB0'], /\/dev\/NAME/);
test(refused, ['--add-host', 'db'], /NAME:ADDRESS/);
test(refused, ['--sysctl', 'a'], /KEY=VALUE/);
test(refused, ['--env-file', 'nowhere.env'], /cannot be read/);
test(refused, ['-e', '=x'], /KEY=VALUE/);
test(refused, ['--network-alias', 'web'], /docker network create/);
test(refused, ['--no-healthcheck', '--health-cmd', 'x'], /--health/);
test(refused, ['--health-interval', '5'], /duration/);
test(refused, ['--oom-score-adj', '2000'], /1000/);
