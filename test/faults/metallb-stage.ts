// A cluster with the real MetalLB, and one Gatehouse that scenarios end and start again.
import type { Connection } from '../../localstack/cluster/connection.ts';
import type { Client } from '../../localstack/cluster/outside/client.ts';
import type { Gatehouse, GatehouseOptions } from '../../localstack/gatehouse.ts';
import { startMetallbEnvironment } from '../../localstack/metallb-environment.ts';
import type { Options, Stage } from './scenario.ts';

export interface MetallbStage extends Stage {
  readonly admin: Connection;
  /** A machine outside of the cluster. */
  readonly client: Client;
  readonly gatehouse: Gatehouse;
  endGatehouse(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when it is ready. */
  startGatehouse(options?: GatehouseOptions): Promise<void>;
}

export async function openMetallbStage({ program, say }: Options): Promise<MetallbStage> {
  const { cluster, client, ...environment } = await startMetallbEnvironment({ log: say });
  let gatehouse = await environment.startGatehouse({ program });
  return {
    admin: cluster.admin,
    client,
    get gatehouse() {
      return gatehouse;
    },
    endGatehouse: async (signal) => {
      await gatehouse.stop(signal);
    },
    startGatehouse: async (options = {}) => {
      gatehouse = await environment.startGatehouse({ program, ...options });
    },
    stop: () => environment.stop(),
  };
}
