// docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
import { type Action, AwsError } from '../service.ts';
import { oneOf, texts } from './input.ts';
import { page } from './page.ts';

/** The default of a listener. */
export const defaultSslPolicy = 'ELBSecurityPolicy-2016-08';

const tls13Ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const forwardSecretGcm = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];
const forwardSecretCbc = [
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
];
const forwardSecretSha1 = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-ECDSA-AES256-SHA',
];
const rsaCiphers = ['AES128-GCM-SHA256', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA256'];
const rsaSha1 = ['AES128-SHA', 'AES256-SHA'];
const all = [...forwardSecretGcm, ...forwardSecretCbc, ...forwardSecretSha1, ...rsaCiphers, ...rsaSha1];

const from10 = ['TLSv1', 'TLSv1.1', 'TLSv1.2'];
const from11 = ['TLSv1.1', 'TLSv1.2'];
const from12 = ['TLSv1.2'];

interface SslPolicy {
  readonly Name: string;
  readonly SslProtocols: readonly string[];
  readonly ciphers: readonly string[];
}

const with13 = (Name: string, protocols: readonly string[], ciphers: readonly string[]): SslPolicy => ({
  Name,
  SslProtocols: [...protocols, 'TLSv1.3'],
  ciphers: [...tls13Ciphers, ...ciphers],
});

const tls13Families: readonly SslPolicy[] = [
  with13('TLS13-1-3', [], []),
  with13('TLS13-1-2-Res', from12, forwardSecretGcm),
  with13('TLS13-1-2', from12, [...forwardSecretGcm, ...forwardSecretCbc]),
  with13('TLS13-1-2-Ext1', from12, [...forwardSecretGcm, ...forwardSecretCbc, ...rsaCiphers]),
  with13('TLS13-1-2-Ext2', from12, all),
];

const policies: readonly SslPolicy[] = [
  ...tls13Families.map((policy) => ({ ...policy, Name: `ELBSecurityPolicy-${policy.Name}-2021-06` })),
  with13('ELBSecurityPolicy-TLS13-1-1-2021-06', from11, all),
  with13('ELBSecurityPolicy-TLS13-1-0-2021-06', from10, all),
  ...tls13Families.map((policy) => ({ ...policy, Name: `ELBSecurityPolicy-${policy.Name}-PQ-2025-09` })),
  with13('ELBSecurityPolicy-TLS13-1-0-PQ-2025-09', from10, all),
  with13('ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04', [], []),
  with13('ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04', from12, forwardSecretGcm),
  with13('ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04', from12, [...forwardSecretGcm, ...forwardSecretCbc]),
  { Name: 'ELBSecurityPolicy-2016-08', SslProtocols: from10, ciphers: all },
  { Name: 'ELBSecurityPolicy-TLS-1-1-2017-01', SslProtocols: from11, ciphers: all },
  {
    Name: 'ELBSecurityPolicy-TLS-1-2-2017-01',
    SslProtocols: from12,
    ciphers: [...forwardSecretGcm, ...forwardSecretCbc, ...rsaCiphers],
  },
  { Name: 'ELBSecurityPolicy-TLS-1-2-Ext-2018-06', SslProtocols: from12, ciphers: all },
  {
    Name: 'ELBSecurityPolicy-FS-2018-06',
    SslProtocols: from10,
    ciphers: [...forwardSecretGcm, ...forwardSecretCbc, ...forwardSecretSha1],
  },
  {
    Name: 'ELBSecurityPolicy-FS-1-1-2019-08',
    SslProtocols: from11,
    ciphers: [...forwardSecretGcm, ...forwardSecretCbc, ...forwardSecretSha1],
  },
  {
    Name: 'ELBSecurityPolicy-FS-1-2-2019-08',
    SslProtocols: from12,
    ciphers: [...forwardSecretGcm, ...forwardSecretCbc, ...forwardSecretSha1],
  },
  {
    Name: 'ELBSecurityPolicy-FS-1-2-Res-2019-08',
    SslProtocols: from12,
    ciphers: [...forwardSecretGcm, ...forwardSecretCbc],
  },
  { Name: 'ELBSecurityPolicy-FS-1-2-Res-2020-10', SslProtocols: from12, ciphers: forwardSecretGcm },
];

const notFound = (name: string) => new AwsError('SSLPolicyNotFound', `SSL policy '${name}' not found`);

export function checkSslPolicy(name: string): void {
  if (!policies.some(({ Name }) => Name === name)) throw notFound(name);
}

/** The TLS versions that a policy allows, lowest first. */
export function sslProtocols(name: string): readonly string[] {
  return policies.find(({ Name }) => Name === name)?.SslProtocols ?? [];
}

function describePolicy({ Name, SslProtocols, ciphers }: SslPolicy) {
  return {
    Name,
    SslProtocols,
    Ciphers: ciphers.map((cipher, index) => ({ Name: cipher, Priority: index + 1 })),
    SupportedLoadBalancerTypes: ['application', 'network'],
  };
}

export const sslPolicyActions: Record<string, Action> = {
  DescribeSSLPolicies(input) {
    oneOf(input, 'LoadBalancerType', ['application', 'network']);
    const names = texts(input, 'Names') ?? [];
    for (const name of names) checkSslPolicy(name);
    const wanted = policies.filter(({ Name }) => names.length === 0 || names.includes(Name));
    const { items, nextMarker } = page(input, wanted, ({ Name }) => Name);
    return { SslPolicies: items.map(describePolicy), NextMarker: nextMarker };
  },
};
