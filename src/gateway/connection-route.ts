import type { RouteRef } from './problem-place.ts';

/** Whether the route takes connections or datagrams, and no requests. */
export const isOfConnections = ({ kind }: RouteRef): boolean =>
  kind === 'TCPRoute' || kind === 'UDPRoute' || kind === 'TLSRoute';
