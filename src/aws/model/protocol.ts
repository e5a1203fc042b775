import type { PortTopology } from '../../gateway/topology.ts';

/** Of an ALB's listener. */
export const protocolOf = ({ serves }: Pick<PortTopology, 'serves'>): 'HTTP' | 'HTTPS' =>
  serves.kind === 'http' && serves.tls ? 'HTTPS' : 'HTTP';
