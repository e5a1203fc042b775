// The options that choose the cluster: the same as kubectl's, with the same rules.
import { type Command, Option } from 'commander';
import type { KubeClient } from '../kube/client.ts';
import { systemClock } from '../kube/clock.ts';
import { connect } from '../kube/connect.ts';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export const addClusterOptions = (command: Command): Command =>
  command
    .addOption(new Option('--kubeconfig <FILE>', 'the kubeconfig (default: KUBECONFIG, else ~/.kube/config)'))
    .addOption(new Option('--context <NAME>', "the kubeconfig's context (default: its current one)"));

/** @throws KubeConfigError */
export const connectTo = ({ kubeconfig, context }: ClusterOptions): Promise<KubeClient> =>
  connect({ kubeconfig, context, userAgent: 'gatehouse', clock: systemClock, random: Math.random, env: process.env });
