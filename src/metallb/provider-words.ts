// The provider's parts of messages, beside those of its findings.
import type { ProviderWords } from '../provider/words.ts';
import { METALLB_CAPABILITIES } from './capabilities.ts';

export const metallbWords: ProviderWords = {
  plane: 'Envoy',
  protocols: METALLB_CAPABILITIES.protocols,
  certificateKeys: 'RSA of 2048, 3072 or 4096 bits, or ECDSA on P-256, P-384 or P-521',
  parametersKind: 'ProxyConfiguration of gatehouse.dev',
  addresses: 'an address must be of type IPAddress, or of type metallb.io/IPAddressPool.',
  routeUnread: 'Envoy has none of its rules.',
  standingUnread: 'Gatehouse could not read what exists.',
  upToDate: 'Envoy has everything that is accepted.',
  removing: 'The Gateway waits until everything that belongs to it is removed.',
  shut: (listeners) => `Clients cannot reach ${listeners} yet.`,
  targetsReached: 'Envoy has all endpoints.',
};
