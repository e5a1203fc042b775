import type { Action, Input, Output, Service } from '../service.ts';
import type { World } from '../world.ts';
import { deleteCertificate, describeCertificate, getCertificate, listCertificates } from './describe.ts';
import { importCertificate } from './import.ts';
import { refreshCertificates, requestCertificate } from './request.ts';
import { addTagsToCertificate, listTagsForCertificate, removeTagsFromCertificate } from './tags.ts';

const actions: Readonly<Record<string, (world: World, input: Input) => Output | Promise<Output>>> = {
  AddTagsToCertificate: addTagsToCertificate,
  DeleteCertificate: deleteCertificate,
  DescribeCertificate: describeCertificate,
  GetCertificate: getCertificate,
  ImportCertificate: importCertificate,
  ListCertificates: listCertificates,
  ListTagsForCertificate: listTagsForCertificate,
  RemoveTagsFromCertificate: removeTagsFromCertificate,
  RequestCertificate: requestCertificate,
};

/** ACM. Private keys stay in memory: no action returns one. docs.aws.amazon.com/acm/latest/APIReference */
export function acmService(world: World): Service {
  const bind =
    (action: (world: World, input: Input) => Output | Promise<Output>): Action =>
    (input) => {
      refreshCertificates(world.acm, world.clock.now());
      return action(world, input);
    };
  return {
    name: 'acm',
    protocol: 'json',
    namespace: 'CertificateManager',
    actions: Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, bind(action)])),
  };
}
