/** One address that a Gateway asks for. */
export interface Wish {
  /** A path below the Gateway's spec. Absent if the Gateway asks for no address. */
  readonly field?: string;
  /** Canonical. Absent for any address. */
  readonly address?: string;
  /** Absent for any pool. */
  readonly pool?: string;
}
