import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { gateways } from './kinds.ts';

const deploy = join(import.meta.dirname, '../../deploy');

const objectsIn = async (file: string) =>
  parseAllDocuments(await readFile(join(deploy, file), 'utf8')).map((document) => document.toJS());

test('the shipped external-dns reads Gateways of the served version, and the annotation that the sample has', async () => {
  const deployment = (await objectsIn('external-dns.yaml')).find(({ kind }) => kind === 'Deployment');
  const args: readonly string[] = deployment.spec.template.spec.containers[0].args;
  const { plural, version, group } = gateways;
  expect(args).toContain(`--unstructured-resource=${plural}.${version}.${group}`);
  const sample = (await objectsIn('samples/any-class/60-tcp-and-udp.yaml')).find(({ kind }) => kind === 'Gateway');
  const [annotation] = Object.keys(sample.metadata.annotations);
  expect(args).toContain(`--fqdn-template={{index .Annotations "${annotation}"}}`);
});
