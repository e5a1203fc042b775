// What the process of a container may do. https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
import type { RunnableImage } from './images.ts';
import type { Container, PodSpec } from './objects.ts';

export interface Privileges {
  readonly user: number;
  readonly group: number;
  /** In the words of setpriv, such as `net_raw`. Only a process of root has them. */
  readonly capabilities: readonly string[];
  readonly canGainMore: boolean;
  readonly readOnlyRoot: boolean;
}

/** https://github.com/containerd/containerd/blob/main/pkg/oci/spec.go */
const runtimeDefault = [
  'audit_write',
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'mknod',
  'net_bind_service',
  'net_raw',
  'setfcap',
  'setgid',
  'setpcap',
  'setuid',
  'sys_chroot',
] as const;

/** @throws an Error if the container must not run as root, but would. */
export function privilegesOf(
  { securityContext: ofPod = {} }: PodSpec,
  { securityContext: own = {} }: Container,
  image: Pick<RunnableImage, 'user'>,
): Privileges {
  const user = own.runAsUser ?? ofPod.runAsUser ?? image.user;
  if (user === 0 && (own.runAsNonRoot ?? ofPod.runAsNonRoot))
    throw new Error('container has runAsNonRoot and image will run as root');
  const { add = [], drop = [] } = own.capabilities ?? {};
  return {
    user,
    // The user of an image has a group of the same number. The image does not know other users: their group is root's.
    group: own.runAsGroup ?? ofPod.runAsGroup ?? (user === image.user ? user : 0),
    capabilities: capabilities(add.map(inSetpriv), drop.map(inSetpriv)),
    canGainMore: own.allowPrivilegeEscalation ?? true,
    readOnlyRoot: own.readOnlyRootFilesystem ?? false,
  };
}

const inSetpriv = (name: string): string => name.toLowerCase().replace(/^cap_/, '');

function capabilities(add: readonly string[], drop: readonly string[]): readonly string[] {
  if (add.includes('all')) return ['all'];
  const kept = drop.includes('all') ? [] : runtimeDefault.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}

/** The words before the root and the program: they enter the root with these privileges. */
export function enteringWith({ user, group, capabilities: given, canGainMore }: Privileges): readonly string[] {
  const isRoot = user === 0 && group === 0;
  // chroot needs these. It loses them when it changes to another user.
  const needed = ['sys_chroot', ...(isRoot ? [] : ['setgid', 'setuid'])];
  return [
    'setpriv',
    ...(canGainMore ? [] : ['--no-new-privs']),
    '--clear-groups',
    '--inh-caps=-all',
    `--bounding-set=${['-all', ...[...needed, ...given].map((name) => `+${name}`)].join(',')}`,
    'chroot',
    ...(isRoot ? [] : [`--userspec=+${user}:+${group}`, '--groups=']),
  ];
}
