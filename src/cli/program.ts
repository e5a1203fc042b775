// The tree of commands. main.ts runs it, `completion` completes it, docs/cli.md describes it.
import type { Command } from 'commander';
import { cleanupCommand } from './cleanup.ts';
import { completionCommand } from './completion.ts';
import { crdsCommand } from './crds.ts';
import { endsWithUsage } from './exit.ts';
import { iamPolicyCommand } from './iam-policy.ts';
import { planCommand } from './plan.ts';
import { gatehouse } from './root.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';

/** @param name the name that the user typed: `gatehouse`, or `kubectl gatehouse` */
export function program(name = 'gatehouse'): Command {
  return endsWithUsage(
    gatehouse(name)
      .addCommand(runCommand())
      .addCommand(planCommand())
      .addCommand(statusCommand())
      .addCommand(cleanupCommand())
      .addCommand(iamPolicyCommand())
      .addCommand(crdsCommand())
      .addCommand(completionCommand()),
  );
}
