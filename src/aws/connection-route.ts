import type { RouteRef } from '../gateway/problem-place.ts';

/** Whether an NLB serves the route: it takes connections or datagrams, and no requests. */
export const isOfConnections = ({ kind }: RouteRef): boolean =>
  kind === 'TCPRoute' || kind === 'UDPRoute' || kind === 'TLSRoute';
