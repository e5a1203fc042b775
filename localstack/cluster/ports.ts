import { once } from 'node:events';
import { createServer } from 'node:net';

/** This many different loopback ports, which were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error(`Expected a TCP address, got ${address}`);
    return address.port;
  });
  for (const server of servers) await once(server.close(), 'close');
  return ports;
}
