// Turns AWS's refusals of certificates into problems of the listeners that name them. A refusal names a logical id or an ARN.

import type { CertificateSource, Topology } from '../../gateway/topology.ts';
import { isRefusal } from '../cloud-problem.ts';
import { certificateId } from '../model/certificates.ts';
import type { Problem } from '../problem.ts';

/** The name of a certificate in a refusal. */
const resourceOf = (source: CertificateSource): string =>
  source.kind === 'secret' ? certificateId(source) : source.reference;

export function refusedCertificates(
  { ports }: Pick<Topology, 'ports'>,
  problems: readonly Problem[],
): readonly Problem[] {
  const causes = new Map<string, Extract<Problem, { kind: 'certificate-refused' }>['cause']>(
    problems.filter(isRefusal).map((problem) => [problem.resource, problem]),
  );
  if (causes.size === 0) return [];
  return ports
    .flatMap(({ listeners }) => listeners)
    .flatMap(({ name, certificates }): readonly Problem[] => {
      const cause = certificates.map((source) => causes.get(resourceOf(source))).find((each) => each !== undefined);
      return cause === undefined ? [] : [{ kind: 'certificate-refused', listener: name, field: 'tls', cause }];
    });
}
