/** Every bound of ingest, with its arithmetic. */

const KIB = 1024
const MIB = 1024 * KIB

/** One MQTT packet. The largest frame is a handover envelope: 144 + 22.5 KiB + 2.4 KiB + 2.6 KiB cut + 21.8 KiB accept by a driver = 50 KiB. */
export const PACKET_BYTES_MAX = 128 * KIB

/** Messages of one connection that are read and not yet acknowledged; above either bound its socket is not read. */
export const IN_FLIGHT_MESSAGES_MAX = 256
export const IN_FLIGHT_BYTES_MAX = 512 * KIB

/** Written to one connection and not read by its device: 200 receipts, 50 acceptances or 23 by drivers; above it the connection ends. */
export const UNREAD_BYTES_MAX = 512 * KIB

/** × (512 KiB in flight + one read of 64 KiB + one packet of 128 KiB + 512 KiB to write) = 1.2 GiB if every device misbehaves at once; TLS adds about 50 KiB each. */
export const CONNECTIONS_MAX = 1_000

/** Key encapsulations one connection may ask for, 2.3 ms each: the first, and some for a client that replays its queue. */
export const HELLOS_MAX = 8

/** Hellos that are remembered so that none begins two sessions, × 100 B = 10 MB. */
export const SESSIONS_KNOWN_MAX = 100_000

export const CONNECT_MS_MAX = 10_000
/** A device that says nothing for 1.5 × this is gone. */
export const KEEPALIVE_S_MAX = 1_200

/** A receipt waits this long for company: the device keeps its spool meanwhile. */
export const FLUSH_MS = 200
/** While more keeps coming it waits on, for a full batch: a receipt costs as much as three verifications. */
export const FLUSH_MS_MAX = 1_000
export const FLUSH_ENVELOPES_MAX = 128
/** One feed message stays under NATS' default max_payload of 1 MiB: at most one wire (50 KiB) above this. */
export const FLUSH_BYTES_MAX = 512 * KIB

/** Stored and not yet fed, per agreement; above it the agreement's frames wait. */
export const UNFED_BYTES_MAX = 4 * MIB

/** Agreements held in memory; idle ones above it are dropped and come back from the log. */
export const AGREEMENTS_MAX = 1_000
/** Envelopes in all ledgers × about 200 B (two 66-character digests in maps) = 200 MB. */
export const LEDGER_ENVELOPES_MAX = 1_000_000

/** Per device, held whole; 1,000 devices = 4 GiB of stream at the very worst. Beyond: SHA-256 and reason, 4,096 × 250 B = 1 MiB. Beyond that: the counter. */
export const QUARANTINE_COUNT_MAX = 256
export const QUARANTINE_BYTES_MAX = 4 * MIB
export const QUARANTINE_HASHES_MAX = 4_096

/** Per device: two days of one envelope a minute, or 3,200 envelopes of 20 KiB. Beyond: refused, not receipted, so the device keeps them. */
export const PARKED_COUNT_MAX = 3_200
export const PARKED_BYTES_MAX = 64 * MIB

/** Waits between attempts while NATS is away. */
export const RETRY_MS_FIRST = 50
export const RETRY_MS_MAX = 2_000

/** How long a stopping ingest goes on storing what it has read. */
export const DRAIN_MS_MAX = 5_000
