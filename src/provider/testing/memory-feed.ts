// A feed whose Envoys are a map.
import type { Topology } from '../../gateway/topology.ts';
import { type ObjectKey } from '../../kube/object.ts';
import type { ProviderContext } from '../context.ts';
import type { Feed, FeedContext } from '../feed.ts';
import type { FedKind } from '../kind.ts';
import { MemoryWorld, memoryProvider } from './memory-provider.ts';

type Model = ReadonlyMap<string, readonly ObjectKey[]>;

export class MemoryFeed {
  /** What was published last, by Gateway. */
  readonly published = new Map<ObjectKey, Model>();
  readonly endpoints: ObjectKey[] = [];
  publications = 0;
  context: FeedContext | undefined;

  /** A kind whose feed this is. */
  kind(name: string, context: Pick<ProviderContext, 'sources' | 'isLeader'>): FedKind {
    const provider = memoryProvider({ world: new MemoryWorld(), name, context });
    return {
      ...provider,
      feed: async (given): Promise<Feed<Topology, object, Model>> => {
        this.context = given;
        return {
          ...provider,
          settled: Promise.resolve(),
          run: async () => undefined,
          publish: (gateway, model) => {
            this.publications += 1;
            this.published.set(gateway, model);
          },
          withdraw: (gateway) => void this.published.delete(gateway),
          endpoints: (service) => void this.endpoints.push(service),
          open: async () => provider,
        };
      },
    };
  }
}
