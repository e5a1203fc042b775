// The program with `run` as its only command. It runs for long, so it loads nothing of the others: they need AWS's clients.
import type { Command } from 'commander';
import { endsWithUsage } from './exit.ts';
import { gatehouse } from './root.ts';
import { runCommand } from './run.ts';

export const program = (name = 'gatehouse'): Command => endsWithUsage(gatehouse(name).addCommand(runCommand()));
