import { describeProvider } from '../contract.ts';
import { MemoryWorld, memoryProvider } from './memory-provider.ts';

describeProvider('the memory', async () => {
  const world = new MemoryWorld();
  return {
    controllerName: 'example.com/memory',
    open: async (context) => memoryProvider({ world, context }),
    writes: () => world.writes.length,
    picture: async () => structuredClone(world.gateways),
    serving: async () =>
      new Set(world.isProvisioned ? [...world.gateways.values()].flatMap(({ ports }) => [...ports.keys()]) : []),
    members: (service) => [...world.gateways.values()].flatMap(({ members }) => members.get(service) ?? []),
    refuseOnePort: () => {
      world.refuses = 'port http/80 ';
    },
    provisionSlowly: async () => {
      world.isProvisioned = false;
      return async () => {
        world.isProvisioned = true;
      };
    },
    close: async () => undefined,
  };
});
