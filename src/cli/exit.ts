// Exit statuses, the same for every command, and what a call that is off ends with.
import type { Command } from 'commander';

export const exit = {
  ok: 0,
  /** Something is wrong with what was looked at, or a fault ended the work. */
  problem: 1,
  /** The call is off, or what it names can't be read. */
  usage: 2,
} as const;

/** What Commander refuses ends with the status for usage, of this command and of all below it. */
export function endsWithUsage(command: Command): Command {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? exit.ok : exit.usage));
  for (const below of command.commands) endsWithUsage(below);
  return command;
}
