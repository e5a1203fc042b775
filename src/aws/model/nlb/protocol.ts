/** The protocols of an NLB's listeners and of its target groups. */
export type NlbProtocol = 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';

export const isNlbProtocol = (protocol: string): protocol is NlbProtocol =>
  ['TCP', 'TLS', 'UDP', 'TCP_UDP'].includes(protocol);

export const hasDatagrams = (protocol: NlbProtocol): boolean => protocol === 'UDP' || protocol === 'TCP_UDP';
