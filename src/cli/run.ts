// gatehouse run: the controller, until it is told to stop.
import { Command, Option } from 'commander';
import { ConfigError, environmentVariable, flags, readConfig } from '../config.ts';
import { runController } from '../controllers/controller.ts';
import { systemClock } from '../kube/clock.ts';
import { KubeError } from '../kube/kube-error.ts';
import { KubeConfigError } from '../kube/kubeconfig.ts';
import { ListenError } from '../telemetry/http.ts';
import { pinoLogger } from '../telemetry/pino-logger.ts';

/** Exit statuses: 1 for a fault at run time, 2 for a call that is off. */
const exit = { fault: 1, usage: 2 } as const;

export function runCommand(): Command {
  const command = new Command('run').description(
    'Runs the controller against the cluster of KUBECONFIG, or of the pod.',
  );
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exit.usage));
  for (const [name, { value, description }] of Object.entries(flags)) {
    command.addOption(new Option(`--${name} <${value}>`, `${description} (env: ${environmentVariable(name)})`));
  }
  return command.action(async (_, { options }: Command) => {
    const given: Record<string, string> = {};
    for (const option of options) {
      const value: unknown = command.getOptionValue(option.attributeName());
      if (typeof value === 'string') given[option.name()] = value;
    }
    process.exitCode = await run(given);
  });
}

async function run(given: Readonly<Record<string, string>>): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`Got ${signal}`)));
  try {
    const config = readConfig(given, process.env);
    const logger = pinoLogger(config.logLevel);
    await runController({ config, logger, clock: systemClock, random: Math.random, env: process.env }, stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    if (error instanceof ConfigError || error instanceof KubeConfigError) {
      console.error(error.message);
      return exit.usage;
    }
    console.error(error instanceof KubeError || error instanceof ListenError ? error.message : error);
    return exit.fault;
  } finally {
    // What still watches or listens would keep a process alive that does nothing.
    stop.abort();
  }
}
