#!/usr/bin/env node
// The command line, nothing else.
import { Command } from 'commander';
import { crdsCommand } from './cli/crds.ts';
import { iamPolicyCommand } from './cli/iam-policy.ts';
import { planCommand } from './cli/plan.ts';
import { runCommand } from './cli/run.ts';

await new Command('gatehouse')
  .description('Turns Kubernetes Gateways into real load balancers, and keeps them true.')
  .version('0.1.0')
  .addCommand(runCommand())
  .addCommand(planCommand())
  .addCommand(iamPolicyCommand())
  .addCommand(crdsCommand())
  .parseAsync();
