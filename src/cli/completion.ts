// gatehouse completion: shell scripts that complete commands, flags and their values. They are generated from the tree of
// commands, and static: pressing TAB starts no process.
import { type Argument, Command, type Option } from 'commander';

const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const;
type Shell = (typeof shells)[number];

const notes = `
  bash  source <(gatehouse completion bash)
  zsh   source <(gatehouse completion zsh)
  fish  gatehouse completion fish | source

In the file that the shell reads when it starts, these hold for good. For "kubectl gatehouse", kubectl's own completion asks an
executable on the PATH: gatehouse completion kubectl > kubectl_complete-gatehouse`;

export function completionCommand(): Command {
  const command = new Command('completion').description(
    'Prints a script that completes commands and flags in a shell.',
  );
  return command
    .addArgument(command.createArgument('<SHELL>', 'which one').choices(shells))
    .addHelpText('after', notes)
    .action((shell: Shell) => void process.stdout.write(completion(shell, command.parent ?? command)));
}

export function completion(shell: Shell, root: Command): string {
  switch (shell) {
    case 'bash':
      return bash(root);
    case 'zsh':
      // zsh can emulate bash's completion, and run the same script.
      return `autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\n${bash(root)}`;
    case 'fish':
      return fish(root);
    case 'kubectl':
      return plugin(root);
    default:
      return shell satisfies never;
  }
}

interface Flag {
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** The possible values. If the set is open, files are completed for a flag that takes a file. */
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

const flagOf = ({ short, long, description, required, optional, argChoices, flags }: Option): Flag => ({
  names: [short, long].filter((name) => name !== undefined),
  description,
  takesValue: required || optional,
  choices: argChoices ?? choicesIn(flags),
  isFile: /FILE|DIR/.test(flags),
});

/** A placeholder such as `<ip|instance>` lists all possible values, too. */
function choicesIn(flags: string): readonly string[] {
  const value = /<([a-z-]+(?:\|[a-z-]+)+)>/.exec(flags)?.[1];
  return value?.split('|') ?? [];
}

const flagsOf = (command: Command): readonly Flag[] => command.createHelp().visibleOptions(command).map(flagOf);

const argumentChoices = ({ registeredArguments }: Command): readonly string[] =>
  registeredArguments.flatMap(({ argChoices = [] }: Argument) => argChoices);

const subcommands = (root: Command): readonly Command[] => root.createHelp().visibleCommands(root);

function bash(root: Command): string {
  const commands = subcommands(root);
  const cases = commands.map((command) => {
    const flags = flagsOf(command);
    const values = flags
      .filter(({ takesValue }) => takesValue)
      .map(
        ({ names, choices, isFile }) =>
          `        ${names.join('|')}) ${choices.length > 0 ? `words="${choices.join(' ')}"` : isFile ? 'files=1' : 'none=1'} ;;`,
      );
    const words = [...flags.flatMap(({ names }) => names), ...argumentChoices(command)];
    return `    ${command.name()})
      words="${words.join(' ')}"
      case "$previous" in
${values.join('\n')}
      esac
      ;;`;
  });
  const rootWords = [...commands.map((each) => each.name()), ...flagsOf(root).flatMap(({ names }) => names)];
  return `# Completion of gatehouse, as "gatehouse completion" prints it.
_gatehouse() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" files="" none=""
  # bash takes "=" for a word of its own.
  if [[ "$current" == "=" ]]; then current=""; fi
  if [[ "$previous" == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if (( COMP_CWORD > 1 )); then command="\${COMP_WORDS[1]}"; fi
  case "$command" in
    "") words="${rootWords.join(' ')}" ;;
    help) words="${commands.map((each) => each.name()).join(' ')}" ;;
${cases.filter((each) => !each.startsWith('    help)')).join('\n')}
  esac
  COMPREPLY=()
  if [[ -n "$files" ]]; then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  elif [[ -z "$none" ]]; then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$words" -- "$current")
  fi
}
complete -o filenames -F _gatehouse gatehouse kubectl-gatehouse
`;
}

/** kubectl calls it with the words so far. The last line says that no files are completed. */
const plugin = (root: Command): string => `#!/usr/bin/env bash
${bash(root).replace(/^complete .*\n/m, '')}
COMP_WORDS=(gatehouse "$@") COMP_CWORD=$#
_gatehouse
if (( \${#COMPREPLY[@]} > 0 )); then printf '%s\\n' "\${COMPREPLY[@]}"; fi
echo :4
`;

function fish(root: Command): string {
  const commands = subcommands(root);
  const names = commands.map((each) => each.name()).join(' ');
  const lines = [
    '# Completion of gatehouse, as "gatehouse completion" prints it.',
    'complete -c gatehouse -f',
    ...commands.map(
      (each) =>
        `complete -c gatehouse -n "not __fish_seen_subcommand_from ${names}" -a ${each.name()} -d ${quoted(summaryOf(each))}`,
    ),
    ...flagsOf(root).map((flag) => fishFlag(flag, `not __fish_seen_subcommand_from ${names}`)),
    ...commands.flatMap((command) => {
      const condition = `__fish_seen_subcommand_from ${command.name()}`;
      const choices = argumentChoices(command);
      return [
        ...(choices.length > 0 ? [`complete -c gatehouse -n "${condition}" -a "${choices.join(' ')}"`] : []),
        ...flagsOf(command).map((flag) => fishFlag(flag, condition)),
      ];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function fishFlag({ names, description, takesValue, choices, isFile }: Flag, condition: string): string {
  const words = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = !takesValue ? '' : isFile ? ' -r -F' : choices.length > 0 ? ` -x -a "${choices.join(' ')}"` : ' -x';
  return `complete -c gatehouse -n "${condition}" ${words.join(' ')}${value} -d ${quoted(description)}`;
}

const summaryOf = (command: Command): string => (command.summary() || command.description()).split('. ')[0] ?? '';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
