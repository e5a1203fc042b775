// Golden cases are folders of src/gateway/testdata. `<topic>/<case>/in.yaml` is the input, other files are the stages' outputs.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { CERTIFICATE_ARN_OPTION } from '../aws/certificate-arns.ts';
import { AWS_CAPABILITIES } from '../aws/model/capabilities.ts';
import type { SettingsDefaults } from '../aws/settings.ts';
import type { ListenerCapabilities } from '../gateway/capabilities.ts';
import { fromManifests } from '../gateway/from-manifests.ts';
import type { GatewayInput } from '../gateway/input.ts';

export interface GoldenCase {
  /** `topic/case`. */
  readonly name: string;
  /** The folder, absolute. */
  readonly dir: string;
  /** The YAML documents of in.yaml. */
  readonly manifests: readonly unknown[];
  /** One per Gateway, in the order of the Gateways. */
  readonly inputs: readonly GatewayInput[];
}

/** The time of all cases. All test certificates are valid then, except the expired one. */
export const GOLDEN_NOW = Date.parse('2026-11-23T12:00:00Z');

const root = join(import.meta.dirname, '..', 'gateway', 'testdata');

/** All protocols of listeners and types of addresses that a provider may support. */
export const GOLDEN_PROTOCOLS: ListenerCapabilities = {
  protocols: ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'],
  certificateKeys: AWS_CAPABILITIES.certificateKeys,
  addressTypes: ['IPAddress'],
  clientCertificates: true,
};

export const GOLDEN_DEFAULTS: SettingsDefaults = {
  scheme: 'internal',
  ipAddressType: 'ipv4',
  targetType: 'ip',
  sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
  tags: {},
};

/** @param topic only the cases of one folder */
export function loadCases(topic?: string): readonly GoldenCase[] {
  const folder = topic === undefined ? root : join(root, topic);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === 'in.yaml')
    .map((entry) => entry.parentPath)
    .toSorted()
    .map(loadCase);
}

function loadCase(dir: string): GoldenCase {
  const name = relative(root, dir);
  const manifests = parseAllDocuments(readFileSync(join(dir, 'in.yaml'), 'utf8')).map((document): unknown => {
    if (document.errors[0] !== undefined)
      throw new Error(`Reading in.yaml of ${name} failed`, { cause: document.errors[0] });
    return document.toJS();
  });
  const { inputs, invalid } = fromManifests(manifests, {
    now: GOLDEN_NOW,
    certificateOption: CERTIFICATE_ARN_OPTION,
  });
  if (invalid[0] !== undefined) throw new Error(`${name}: ${JSON.stringify(invalid[0])}`);
  if (inputs.length === 0) throw new Error(`${name} has no Gateway with a class`);
  return { name, dir, manifests, inputs };
}

/** One YAML document per Gateway, as in golden files. */
export const toYaml = (documents: readonly unknown[]): string =>
  documents.map((each) => stringify(each, { lineWidth: 120, aliasDuplicateObjects: false })).join('---\n');
