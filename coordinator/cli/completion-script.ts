import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;

/** The words that may follow a command: `path` is e.g. "" or "node show". */
interface CompletionWords {
  readonly path: string;
  readonly words: readonly string[];
}

/** A completion script for a shell, made from the program's own commands and options. */
export function completionScript(shell: (typeof shells)[number], program: Command): string {
  const all = wordsOf(program, []);
  return shell === 'fish' ? fish(all) : shell === 'zsh' ? zsh(all) : bash(all);
}

function wordsOf(command: Command, path: readonly string[]): CompletionWords[] {
  const options = command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
  const subcommands = command.commands.map((child) => child.name());
  const own = { path: path.join(' '), words: [...subcommands, ...options, '--help'] };
  return [own, ...command.commands.flatMap((child) => wordsOf(child, [...path, child.name()]))];
}

// Commands are found among the words before the cursor: the longest known path wins.
function bash(all: readonly CompletionWords[]): string {
  return `# bash completion for drover
_drover() {
  local current=\${COMP_WORDS[COMP_CWORD]} path= word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    case "\${path:+$path }$word" in
${caseOf(all.filter(({ path }) => path !== ''))}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${branches(all, (words) => `COMPREPLY=($(compgen -W '${words}' -- "$current"))`)}
  esac
}
complete -o default -F _drover drover
`;
}

function zsh(all: readonly CompletionWords[]): string {
  return `#compdef drover
# zsh completion for drover
_drover() {
  local commandPath= word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${commandPath:+$commandPath }$word" in
${caseOf(all.filter(({ path }) => path !== ''))}) commandPath="\${commandPath:+$commandPath }$word" ;;
    esac
  done
  case "$commandPath" in
${branches(all, (words) => `compadd -- ${words}`)}
  esac
}
# As a file in $fpath this is the body of _drover itself; sourced, it has to be registered.
if [ "$funcstack[1]" = _drover ]; then _drover; else compdef _drover drover; fi
`;
}

function fish(all: readonly CompletionWords[]): string {
  return `# fish completion for drover
function __drover_path
    set -l path ''
    for word in (commandline -opc)[2..]
        set -l longer (string trim -- "$path $word")
        if contains -- $longer ${all.flatMap(({ path }) => (path ? [`'${path}'`] : [])).join(' ')}
            set path $longer
        end
    end
    echo $path
end
${all.map(({ path, words }) => `complete -c drover -n 'test (__drover_path) = "${path}"' -a '${words.join(' ')}'`).join('\n')}
`;
}

function caseOf(all: readonly CompletionWords[]): string {
  return `      ${all.map(({ path }) => `'${path}'`).join(' | ')}`;
}

function branches(all: readonly CompletionWords[], body: (words: string) => string): string {
  return all.map(({ path, words }) => `    '${path}') ${body(words.join(' '))} ;;`).join('\n');
}
