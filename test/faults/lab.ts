// A stage where the scenarios start, kill and restart Gatehouse. Gatehouse reaches AWS through a proxy that counts the calls
// and can kill Gatehouse at any call.
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { type Around, startAwsFaults } from '../integration/support/aws-faults.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import type { Options } from './scenario.ts';
import { type Shop, startServingRig } from './shop.ts';

export const sides = ['before', 'after'] as const;

/** The nth call since the start, before or after AWS has carried it out. */
export interface KillPoint {
  readonly call: number;
  readonly side: (typeof sides)[number];
}

export interface Running {
  readonly gatehouse: Gatehouse;
  /** Resolves with the action at which it was killed, when it is dead. */
  readonly killed: Promise<string>;
}

type AnyShop = Pick<Shop, 'ns' | 'endPods'>;

export interface Lab<S extends AnyShop = AnyShop> {
  readonly rig: Rig;
  readonly shop: S;
  /** The actions of the last started Gatehouse. */
  readonly calls: () => readonly string[];
  start(at?: KillPoint): Promise<Running>;
  stop(): Promise<void>;
}

export async function openLab<S extends AnyShop>(options: Options, open: (rig: Rig) => Promise<S>): Promise<Lab<S>> {
  const rig = await startServingRig(options, { provisioningSeconds: 0 });
  await rig.gatehouse.stop();
  const shop = await open(rig);
  let calls: string[] = [];
  let strike: { readonly at: KillPoint; readonly kill: (action: string) => Promise<void> } | undefined;

  const around: Around = async ({ action }, forward) => {
    calls.push(action);
    if (calls.length !== strike?.at.call) return forward();
    const { at, kill } = strike;
    if (at.side === 'after') await forward();
    await kill(action);
    return undefined;
  };
  const proxy = await startAwsFaults(rig.aws.url, around);

  const start = async (at?: KillPoint): Promise<Running> => {
    const dead = Promise.withResolvers<string>();
    const started = Promise.withResolvers<Gatehouse>();
    const kill = async (action: string): Promise<void> => {
      const gatehouse = await started.promise;
      await gatehouse.stop('SIGKILL');
      dead.resolve(action);
    };
    calls = [];
    strike = at && { at, kill };
    const { program } = options;
    const gatehouse = await rig.startGatehouse({ program, env: { AWS_ENDPOINT_URL: proxy.url }, awaitReady: false });
    started.resolve(gatehouse);
    return { gatehouse, killed: dead.promise };
  };

  return {
    rig,
    shop,
    calls: () => calls,
    start,
    stop: async () => {
      await shop.endPods();
      await rig.stop();
      await proxy.close();
    },
  };
}
