import { expect, test } from 'vitest';
import type { Container, PodSpec } from './objects.ts';
import { enteringWith, privilegesOf } from './privileges.ts';

const image = { user: 65_532 };

const privileges = (
  container: Container['securityContext'] = {},
  pod: PodSpec['securityContext'] = {},
  of: { readonly user: number } = image,
) => privilegesOf({ containers: [], securityContext: pod }, { name: 'c', image: 'i', securityContext: container }, of);

test("a container runs as its own user, or the pod's, or the image's", () => {
  const asNumbers = ({ user, group }: ReturnType<typeof privileges>) => [user, group];
  expect(asNumbers(privileges())).toEqual([65_532, 65_532]);
  expect(asNumbers(privileges({}, { runAsUser: 7 }))).toEqual([7, 0]);
  expect(asNumbers(privileges({ runAsUser: 8 }, { runAsUser: 7, runAsGroup: 9 }))).toEqual([8, 9]);
});

test('a container that must not run as root does not start as root', () => {
  expect(() => privileges({ runAsNonRoot: true }, {}, { user: 0 })).toThrow('image will run as root');
  expect(() => privileges({}, { runAsNonRoot: true, runAsUser: 0 })).toThrow('image will run as root');
  expect(privileges({}, { runAsNonRoot: true }).user).toBe(65_532);
});

test('a container has the default capabilities, without those that it drops, and with those that it adds', () => {
  expect(privileges().capabilities).toContain('chown');
  expect(privileges({ capabilities: { drop: ['CHOWN'] } }).capabilities).not.toContain('chown');
  expect(privileges({ capabilities: { drop: ['all'] } }).capabilities).toEqual([]);
  expect(privileges({ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } }).capabilities).toEqual(['net_raw']);
});

test('root keeps the capability to change its root, and no other one that it was not given', () => {
  const { capabilities, ...rest } = privileges({ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } }, {}, { user: 0 });
  expect(enteringWith({ ...rest, capabilities })).toContain('--bounding-set=-all,+sys_chroot,+net_raw');
});

test('only a container that forbids it can gain no privileges', () => {
  expect(enteringWith(privileges())).not.toContain('--no-new-privs');
  expect(enteringWith(privileges({ allowPrivilegeEscalation: false }))).toContain('--no-new-privs');
});
