import type { Command } from 'commander';
import { DroverError, type Token } from '../../../proto/index.ts';
import type { Cli } from '../cli.ts';
import type { Admin } from '../client.ts';
import { addConnectionOptions } from '../connection-options.ts';
import { parseDuration } from '../durations.ts';
import { humanTime } from '../output/human.ts';
import { tokenJson, tokensTable } from '../output/token.ts';
import { reachableAddresses } from '../reachable-addresses.ts';
import { present, type Session, withAdmin } from '../with-admin.ts';
import { addExamples } from './examples.ts';

interface CreateOptions {
  readonly ttl: number;
  readonly dryRun?: true;
}

const threeHoursMs = 3 * 3_600_000;

/** `drover token create|ls|revoke`. */
export function addToken(program: Command, cli: Cli): void {
  const group = program.command('token').description('join tokens: single use, they let a device become a node');
  addCreate(group, cli);
  addList(group, cli);
  addRevoke(group, cli);
}

function addCreate(group: Command, cli: Cli): void {
  const command = group
    .command('create')
    .description('make a token and show the command to run on the device')
    .option('--ttl <duration>', 'how long it may be used', parseDuration, threeHoursMs)
    .option('--dry-run', 'check the connection and show what would be made')
    .action((options: CreateOptions, self: Command) =>
      withAdmin(cli, self, (session) => create(cli, session, options)),
    );
  command.options.find(({ long }) => long === '--ttl')?.default(threeHoursMs, '3h');
  addExamples(addConnectionOptions(command), 'token create --ttl 30m');
}

async function create(cli: Cli, { admin, printer }: Session, { ttl, dryRun }: CreateOptions): Promise<void> {
  if (dryRun) {
    await admin.listTokens();
    const expiresAt = new Date(cli.now().getTime() + ttl);
    const document = { token: { id: null, token: null, expires_at: expiresAt.toISOString() } };
    return printer.print(document, () => `Would make a join token that can be used until ${humanTime(expiresAt)}.`);
  }
  const answer = await admin.createToken(Math.max(1, Math.round(ttl / 1_000)));
  const token = present(answer.token, 'token');
  const document = {
    token: { id: token.id, token: answer.secret, expires_at: token.expiresAt?.toISOString() ?? null },
  };
  printer.print(document, () => joinText(token, answer.secret, reachableAddresses(admin.address, cli.ownAddresses())));
}

function joinText(token: Token, secret: string, [address, ...others]: readonly [string, ...string[]]): string {
  const lines = [
    secret,
    '',
    `Run this on the device, once and before ${humanTime(token.expiresAt)}:`,
    `  drover agent --coordinator ${address} --token ${secret}`,
  ];
  if (others.length > 0) lines.push(`This machine also has the addresses ${others.join(', ')}.`);
  return lines.join('\n');
}

function addList(group: Command, cli: Cli): void {
  const command = group
    .command('ls')
    .description('list the tokens')
    .action((_: unknown, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const { tokens } = await admin.listTokens();
        printer.print({ tokens: tokens.map(tokenJson) }, () => tokensTable(tokens));
      }),
    );
  addExamples(addConnectionOptions(command), 'token ls');
}

function addRevoke(group: Command, cli: Cli): void {
  const command = group
    .command('revoke')
    .description('make a token useless')
    .argument('<id>')
    .option('--dry-run', 'only check that there is such a token')
    .action((id: string, options: { dryRun?: true }, self: Command) =>
      withAdmin(cli, self, async ({ admin, printer }) => {
        const token = options.dryRun
          ? await findToken(admin, id)
          : present((await admin.revokeToken(id)).token, 'token');
        const verb = options.dryRun ? 'Would revoke' : 'Revoked';
        printer.print({ token: tokenJson(token) }, () => `${verb} token ${token.id}.`);
      }),
    );
  addExamples(addConnectionOptions(command), 'token revoke 3f9c');
}

async function findToken(admin: Admin, id: string): Promise<Token> {
  const { tokens } = await admin.listTokens();
  const token = tokens.find((candidate) => candidate.id === id);
  if (token) return token;
  throw new DroverError('TOKEN_NOT_FOUND', `There is no token ${id}; \`drover token ls\` lists them.`, {
    details: { id },
  });
}
