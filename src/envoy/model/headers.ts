// Header changes of a rule or a backend.
import { isToken } from '../../gateway/http-token.ts';
import type { RuleRef } from '../../gateway/problem-place.ts';
import type { HeaderChanges, TopologyBackend } from '../../gateway/route-action.ts';
import type { HeaderRefused } from '../problem.ts';
import {
  HeaderValueOption_HeaderAppendAction as Append,
  type HeaderValueOptionSchema,
} from '../xds/envoy/config/core/v3/base_pb.ts';
import type { Init } from './messages.ts';

export const headerOption = (
  key: string,
  value: string,
  appendAction: Append,
): Init<typeof HeaderValueOptionSchema> => ({
  // A percent sign would start a variable.
  header: { key, value: value.replaceAll('%', '%%') },
  appendAction,
  keepEmptyValue: true,
});

const toAdd = ({ set, add }: HeaderChanges) => [
  ...set.map(({ name, value }) => headerOption(name, value, Append.OVERWRITE_IF_EXISTS_OR_ADD)),
  ...add.map(({ name, value }) => headerOption(name, value, Append.APPEND_IF_EXISTS_OR_ADD)),
];

type HeaderFilters = Pick<TopologyBackend, 'requestHeaders' | 'responseHeaders'>;

/** Fields that routes and weighted clusters share. Envoy first removes headers, then adds. */
export const headerFields = ({ requestHeaders, responseHeaders }: HeaderFilters) => ({
  ...(requestHeaders && {
    requestHeadersToAdd: toAdd(requestHeaders),
    requestHeadersToRemove: [...requestHeaders.remove],
  }),
  ...(responseHeaders && {
    responseHeadersToAdd: toAdd(responseHeaders),
    responseHeadersToRemove: [...responseHeaders.remove],
  }),
});

/** A problem of a rule, without the rule itself. */
export type HeaderShortfall = Omit<HeaderRefused, keyof RuleRef>;

/**
 * Envoy writes its own, and does not check a route's. With another `content-length` the backend would take a part of the body
 * for the next request of the connection, which may be that of another route.
 */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const whyRefused = (name: string): HeaderRefused['why'] | undefined => {
  if (name === 'host' || name.startsWith(':')) return 'host';
  if (!isToken(name)) return 'name';
  return ofConnection.has(name) ? 'connection' : undefined;
};

/** What Envoy would refuse, and with it the whole route table, or what would break its connections. */
export const headerRefusals = (
  { requestHeaders, responseHeaders }: HeaderFilters,
  field: string,
): readonly HeaderShortfall[] =>
  [requestHeaders, responseHeaders].flatMap((changes) => {
    if (changes === undefined) return [];
    const { set, add, remove } = changes;
    const names = [...[...set, ...add].map(({ name }) => name), ...remove];
    const refused = names.flatMap((header) => {
      const why = whyRefused(header);
      return why === undefined ? [] : { kind: 'header-refused' as const, field, header, why };
    });
    const malformed = [...set, ...add].filter(({ value }) => /[\0\r\n]/.test(value));
    return [
      ...refused,
      ...malformed.map(({ name }) => ({
        kind: 'header-refused' as const,
        field,
        header: name,
        why: 'characters' as const,
      })),
    ];
  });
