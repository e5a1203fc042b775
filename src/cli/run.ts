// gatehouse run: runs the controller until a signal stops it.
import { Command } from 'commander';
import { ConfigError, readConfig } from '../config.ts';
import { runController } from '../controllers/controller.ts';
import { systemClock } from '../kube/clock.ts';
import { KubeError } from '../kube/kube-error.ts';
import { KubeConfigError } from '../kube/kubeconfig.ts';
import { ListenError } from '../telemetry/http.ts';
import { pinoLogger } from '../telemetry/pino-logger.ts';
import { exit } from './exit.ts';
import { flagNames, flagOption, givenFlags } from './flag-options.ts';
import { chosenProviders } from './providers.ts';

export function runCommand(): Command {
  const command = new Command('run').description(
    'Runs the controller against the cluster of KUBECONFIG, or of the pod.',
  );
  for (const name of flagNames) command.addOption(flagOption(name));
  return command.action(async () => {
    process.exitCode = await run(givenFlags(command));
  });
}

async function run(given: Readonly<Record<string, string>>): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`Got ${signal}`)));
  try {
    const config = readConfig(given, process.env);
    const logger = await pinoLogger({ level: config.logLevel, format: config.logFormat });
    const world = { clock: systemClock, random: Math.random, env: process.env };
    await runController({ config, logger, ...world, providers: await chosenProviders(config) }, stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    if (error instanceof ConfigError || error instanceof KubeConfigError) {
      console.error(error.message);
      return exit.usage;
    }
    console.error(error instanceof KubeError || error instanceof ListenError ? error.message : error);
    return exit.problem;
  } finally {
    // Open watches and servers would keep the idle process alive.
    stop.abort();
  }
}
