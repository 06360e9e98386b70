import test from 'ava';
import { labExec } from '../support/lab.ts';
import { coordinator, source } from '../support/programs.ts';
import { aResident, type Resident, snapshotOf, stayedAsItWas } from '../support/resident.ts';

// Without anything to do there is nothing to wait for.
const idleMs = 3_000;

let resident: Resident;

test.before(async () => {
  resident = await aResident(16, 18222);
});
test.after.always(() => resident.remove());

for (const { what, end, start } of [coordinator, source]) {
  test.serial(
    `SIGTERM to ${what}, which has nothing to do: it ends at once, and is itself when it is back`,
    async (t) => {
      const [before, identity] = [await snapshotOf(resident), await identityOf('edge-1')];
      const ms = await end();
      t.true(ms < idleMs, `it took ${Math.round(ms)} ms`);
      await start();
      await stayedAsItWas(t, resident, before);
      t.is(await identityOf('edge-1'), identity, 'the node has the key and the certificate that it had');
    },
  );
}

function identityOf(node: string): Promise<string> {
  return labExec(node, 'sh', '-c', 'sha256sum /var/lib/drover/identity/*.pem');
}
