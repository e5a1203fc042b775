// The exit statuses of all commands.
import type { Command } from 'commander';

export const exit = {
  ok: 0,
  /** Something is wrong with the objects that the command read, or the command failed. */
  problem: 1,
  /** The arguments are wrong, or the command can't read a file, the cluster or AWS. */
  usage: 2,
} as const;

/** Sets the exit status for arguments that Commander refuses, for this command and all its subcommands. */
export function endsWithUsage(command: Command): Command {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? exit.ok : exit.usage));
  for (const below of command.commands) endsWithUsage(below);
  return command;
}
