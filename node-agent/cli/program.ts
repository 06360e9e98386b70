import { Command, Option } from 'commander';
import { type AgentFlags, loadAgentOptions, timeoutsSchema } from '../config.ts';
import { DockerEngine } from '../docker/docker-engine.ts';
import type { Cli } from './cli.ts';
import { doctor } from './doctor.ts';
import { install, nextSteps } from './install.ts';
import type { InstallDependencies } from './machine-changes.ts';
import { uninstall } from './uninstall.ts';

/** The node's half of the command line. Usage errors are thrown as CommanderError and never written. */
export function createProgram(cli: Cli): Command {
  const program = new Command('drover')
    .exitOverride()
    .configureOutput({ writeOut: (text) => cli.stdout.write(text), writeErr: () => {} })
    .helpCommand(false)
    .enablePositionalOptions();
  const agent = addAgent(program, cli);
  addInstall(agent, cli);
  addUninstall(agent, cli);
  addDoctor(program, cli);
  return program;
}

function addAgent(program: Command, cli: Cli): Command {
  return command(program, 'agent', 'run a node agent')
    .enablePositionalOptions()
    .option('--coordinator <host:port>', 'where the coordinator listens')
    .addOption(new Option('--token <token>', 'join token, needed once').env('DROVER_TOKEN'))
    .option('--name <name>', 'name of this node (default: the host name)')
    .option('--data-dir <dir>', 'identity, ledger and checkpoints (default: /var/lib/drover/agent)')
    .option('--memory-cgroup <path>', 'memory cgroup that is the node, instead of the whole machine')
    .option('--listen <addr>', 'where other agents fetch checkpoints (default: 0.0.0.0:7401)')
    .option('--advertise <host:port>', 'where other agents reach that')
    .option('--docker-socket <path>', "Docker's unix socket (default: /var/run/docker.sock)")
    .option('--config <file>', 'JSON file with the same options and the section "timeouts"')
    .option('--log-level <level>', 'least level of the log (default: info)')
    .addHelpText('after', '\nExample:\n  drover agent --coordinator 10.0.0.1:7400 --token TOKEN')
    .action(async (flags: AgentFlags) => {
      const { config, output: _output, ...rest } = flags;
      await cli.runAgent(await loadAgentOptions(rest, config));
    });
}

function addInstall(agent: Command, cli: Cli): void {
  command(agent, 'install', 'put the runtime shim in place, register it with Docker, write a systemd unit')
    .option('--no-systemd', 'write no systemd unit')
    .option('--dry-run', 'only tell what would be done', false)
    .addHelpText('after', '\nExample:\n  sudo drover agent install')
    .action((options: ChangeFlags & { systemd: boolean }) =>
      tellChanges(cli, options, nextSteps(options), (dependencies) => install(dependencies, options)),
    );
}

function addUninstall(agent: Command, cli: Cli): void {
  command(agent, 'uninstall', 'undo `drover agent install`')
    .option('--purge', "also remove the agent's data: its identity and its ledger", false)
    .option('--dry-run', 'only tell what would be done', false)
    .addHelpText('after', '\nExample:\n  sudo drover agent uninstall --purge')
    .action((options: ChangeFlags & { purge: boolean }) =>
      tellChanges(cli, options, [], (dependencies) => uninstall(dependencies, options)),
    );
}

function addDoctor(program: Command, cli: Cli): void {
  command(program, 'doctor', 'show what works on this node, and what to do about the rest')
    .addHelpText('after', '\nExample:\n  sudo drover doctor')
    .action(async (options: { output: string }) => {
      const { places, proveCheckpointRestore } = cli;
      const print = (text: string) => cli.stdout.write(`${text}\n`);
      cli.exit(
        await doctor(
          { places, proveCheckpointRestore, engine: engineOf(cli), print },
          { json: options.output === 'json' },
        ),
      );
    });
}

function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .addOption(new Option('-o, --output <form>', 'how results are shown').choices(['table', 'json']).default('table'));
}

interface ChangeFlags {
  readonly dryRun: boolean;
  readonly output: string;
}

// Each change is told as it is made; the JSON document comes at the end, once it is known to be whole.
async function tellChanges(
  cli: Cli,
  { dryRun, output }: ChangeFlags,
  next: readonly string[],
  make: (dependencies: InstallDependencies) => Promise<void>,
): Promise<void> {
  const json = output === 'json';
  const changes: string[] = [];
  const say = (line: string) => (json ? changes.push(line) : cli.stdout.write(`${line}\n`));
  await make({ places: cli.places, engine: engineOf(cli), say });
  if (json) cli.stdout.write(`${JSON.stringify({ dry_run: dryRun, changes })}\n`);
  else for (const line of next) cli.stdout.write(`${line}\n`);
}

function engineOf({ places }: Cli): DockerEngine {
  const { dockerCallMs, dockerWorkMs } = timeoutsSchema.parse({});
  return new DockerEngine({
    socketPath: places.dockerSocket,
    callTimeoutMs: dockerCallMs,
    workTimeoutMs: dockerWorkMs,
  });
}
