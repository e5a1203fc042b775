// Limits against hostile clients, as Envoy's guide for edge proxies recommends:
// envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge

/** Bytes that a connection may have in memory. Bodies are streamed, so they may be larger. */
export const BUFFER_LIMIT = 32_768;

/** Of HTTP/2. */
export const HTTP2_LIMITS = {
  maxConcurrentStreams: 100,
  initialStreamWindowSize: 65_536,
  initialConnectionWindowSize: 1_048_576,
};

/** Requests to one Service's port at the same time. Envoy's default of 1,024 would refuse what the backends can bear. */
export const MAX_CONCURRENT = 65_536;

/** As so many clusters counts one that speaks TLS: a cluster takes about 50 KB, and the certificates of a system 270 KB more. */
export const TLS_CLUSTERS = 6;

/**
 * UDP clients of one route at the same time, by address and port. Each takes 5 KB, and nothing limits the sum: three such routes take
 * half of the memory that Envoys have by default.
 */
export const MAX_SESSIONS = 32_768;

/** The largest datagram of a client that IPv6 and IPv4 can carry, in bytes. By default Envoy drops what has more than 1,500. */
export const MAX_DATAGRAM = 65_527n;

/** Retries to one Service's port at the same time. Envoy's default is 3. */
export const MAX_RETRIES = 1_024;

/** In seconds. */
export const TIMEOUTS = {
  /** A connection without requests. */
  idleConnection: 3_600,
  /** A request or a stream without a byte in either direction. */
  idleStream: 300,
  /** Until the request has come whole. */
  request: 300,
  requestHeaders: 10,
  tlsHandshake: 10,
  /** A UDP client that sends nothing. If it sends again, its datagrams may go to another backend. */
  idleSession: 60,
};
