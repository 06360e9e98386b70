import { exitStatus } from '../../proto/index.ts';
import { type Check, doctorChecks, isHealthy } from './doctor-checks.ts';
import { type DoctorDependencies, gatherDoctorFacts } from './doctor-facts.ts';

/** Examines this machine, prints the table or the JSON document, and returns the exit status. */
export async function doctor(
  dependencies: DoctorDependencies & { readonly print: (text: string) => void },
  options: { readonly json: boolean },
): Promise<number> {
  const checks = doctorChecks(await gatherDoctorFacts(dependencies));
  const ok = isHealthy(checks);
  dependencies.print(options.json ? JSON.stringify({ ok, checks }) : doctorTable(checks));
  return ok ? exitStatus.done : exitStatus.failed;
}

/** The checks as a table, the advice of each below it. Pure. */
export function doctorTable(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, found, advice }) => {
      const line = `${status.padEnd(4)}  ${name.padEnd(width)}  ${found}`;
      return advice === '' ? line : `${line}\n      ${' '.repeat(width)}  → ${advice}`;
    })
    .join('\n');
}
