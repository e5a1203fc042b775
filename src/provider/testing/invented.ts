// What a provider that nobody has would say.
import type { GatewayFinding, Hindrance } from '../finding.ts';
import type { ProviderWords } from '../words.ts';

export const inventedWords: ProviderWords = {
  plane: 'a lighthouse',
  protocols: ['HTTP', 'TCP'],
  certificateKeys: 'RSA of 2048 bits',
  parametersKind: 'Lamp of example.com',
  addresses: 'A lighthouse has the address of its rock.',
  routeUnread: 'Its beams stay as they are.',
  standingUnread: 'The lighthouse can not be seen.',
  upToDate: 'The lighthouse shines as it should.',
  removing: 'The Gateway waits until its lighthouse has been taken down.',
  shut: (listeners) => `Fog hides ${listeners}.`,
  targetsReached: 'All ships see the lighthouse.',
};

/** Keeps the whole Gateway from being made, unless `more` says otherwise. */
export const hindrance = (words: string, more: Partial<Hindrance> = {}): GatewayFinding => ({
  kind: 'gateway',
  problem: 'lamp-out',
  words,
  effect: { kind: 'hindrance', programmed: 'Invalid', upToDate: 'LampOut', concerns: 'everything', ...more },
});
