// The tree of commands. main.ts runs it, `completion` completes it, docs/cli.md describes it.
import { Command } from 'commander';
import { version } from '../version.ts';
import { cleanupCommand } from './cleanup.ts';
import { completionCommand } from './completion.ts';
import { crdsCommand } from './crds.ts';
import { endsWithUsage } from './exit.ts';
import { iamPolicyCommand } from './iam-policy.ts';
import { planCommand } from './plan.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';

/** @param name the name that the user typed: `gatehouse`, or `kubectl gatehouse` */
export function program(name = 'gatehouse'): Command {
  return endsWithUsage(
    new Command(name)
      .description('Turns Kubernetes Gateways into real load balancers, and keeps them in sync.')
      .version(version)
      .addCommand(runCommand())
      .addCommand(planCommand())
      .addCommand(statusCommand())
      .addCommand(cleanupCommand())
      .addCommand(iamPolicyCommand())
      .addCommand(crdsCommand())
      .addCommand(completionCommand()),
  );
}
