// The profiles of the suite. Each profile tests Gateways and one kind of routes.

const profiles: Readonly<Record<string, string>> = {
  HTTPRoute: 'GATEWAY-HTTP',
  TCPRoute: 'GATEWAY-TCP',
  UDPRoute: 'GATEWAY-UDP',
  TLSRoute: 'GATEWAY-TLS',
  GRPCRoute: 'GATEWAY-GRPC',
};

const kinds = Object.keys(profiles);

const coreFeatures: ReadonlySet<string> = new Set(['Gateway', 'ReferenceGrant', ...kinds]);

/** A test that needs another feature is extended. */
export const isCore = (feature: string): boolean => coreFeatures.has(feature);

/** The profiles to run. A profile claims its kind of routes, so the supported features must include that kind. */
export const profilesOf = (supported: readonly string[]): readonly string[] =>
  kinds.flatMap((kind) => (supported.includes(kind) ? (profiles[kind] ?? []) : []));

/** Of these features, those whose tests are core tests of GATEWAY-HTTP. */
export const coreOfHttp: readonly string[] = ['Gateway', 'HTTPRoute', 'ReferenceGrant'];

/** The profile of a test that needs these features. A test that needs no kind of routes belongs to every profile. */
export function profileOf(features: readonly string[]): string | undefined {
  const kind = kinds.find((each) => features.some((feature) => feature.startsWith(each)));
  return kind === undefined ? undefined : profiles[kind];
}
