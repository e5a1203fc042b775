import { Command } from 'commander';
import { version } from '../version.ts';

/** The program without its commands. @param name the name that the user typed */
export const gatehouse = (name: string): Command =>
  new Command(name)
    .description('Turns Kubernetes Gateways into real load balancers, and keeps them in sync.')
    .version(version);
