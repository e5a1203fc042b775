// npm run demo [-- --metallb] [-- --once]: runs Gatehouse on this machine, with a real API server, and with the embedded AWS or
// with MetalLB and Envoys. The samples of deploy/samples get traffic. It runs until Ctrl-C; with --once it removes them and ends.
import { demoOnAws } from './demo-aws.ts';
import { demoOnMetallb } from './demo-metallb.ts';
import { signal } from './demo-progress.ts';
import { script } from './script.ts';

const { metallb, once } = script('demo', 'Runs Gatehouse and a Kubernetes API server here, with deploy/samples.')
  .option('--metallb', 'with pods, MetalLB and Envoys instead of an embedded AWS; needs Linux and root', false)
  .option('--once', 'remove the samples in the end, look whether anything is left, and end', false)
  .parse()
  .opts<{ readonly metallb: boolean; readonly once: boolean }>();

try {
  process.exitCode = await (metallb ? demoOnMetallb({ once }) : demoOnAws({ once }));
} catch (error) {
  if (!signal.aborted) console.error(error);
  process.exitCode = signal.aborted ? 130 : 1;
}
