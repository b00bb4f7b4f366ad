/**
 * Reads TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE (TPM 2.0 Library part 2, section 10.12.12), all of it and nothing after
 * it. Pure; undefined for anything else. Big-endian throughout.
 */

export interface QuoteStructure {
  /** The verifier's qualifying data. */
  readonly extraData: Uint8Array;
  /** Numbers of the quoted registers of the SHA-256 bank, rising. */
  readonly registers: readonly number[];
  /** Over the values of those registers, in that order. */
  readonly pcrDigest: Uint8Array;
  /** How often the TPM was reset (a boot of the machine) and restarted in its life. */
  readonly resets: number;
  readonly restarts: number;
}

/** Says that the TPM itself made the structure: a restricted key signs nothing else that begins with it. */
const TPM_GENERATED = 0xff544347;
const ST_ATTEST_QUOTE = 0x8018;
const ALG_SHA256 = 0x000b;
const NAME_BYTES_MAX = 68;
const DATA_BYTES_MAX = 64;
const CLOCK_AND_COUNTS = 8 + 4 + 4 + 1;
const FIRMWARE_VERSION = 8;
const SELECT_BYTES_MAX = 4;

export function readQuote(bytes: Uint8Array): QuoteStructure | undefined {
  const reader = createReader(bytes);
  if (reader.number(4) !== TPM_GENERATED || reader.number(2) !== ST_ATTEST_QUOTE) return undefined;
  const qualifiedSigner = reader.sized(NAME_BYTES_MAX);
  const extraData = reader.sized(DATA_BYTES_MAX);
  const clockInfo = reader.bytes(CLOCK_AND_COUNTS);
  const firmware = reader.bytes(FIRMWARE_VERSION);
  const banks = reader.number(4);
  const algorithm = reader.number(2);
  const select = reader.bytes(reader.number(1) ?? 0);
  const pcrDigest = reader.sized(DATA_BYTES_MAX);
  if (qualifiedSigner === undefined || extraData === undefined || clockInfo === undefined || firmware === undefined) {
    return undefined;
  }
  if (banks !== 1 || algorithm !== ALG_SHA256 || select === undefined || select.byteLength > SELECT_BYTES_MAX) {
    return undefined;
  }
  if (pcrDigest === undefined || !reader.isAtEnd()) return undefined;
  const counts = new DataView(clockInfo.buffer, clockInfo.byteOffset, clockInfo.byteLength);
  const registers = [...Array(select.byteLength * 8).keys()].filter((n) => ((select[n >> 3] ?? 0) >> (n & 7)) & 1);
  return { extraData, registers, pcrDigest, resets: counts.getUint32(8), restarts: counts.getUint32(12) };
}

/** Every reading past the end gives undefined, and so does every one after it. */
function createReader(bytes: Uint8Array) {
  let at = 0;
  const take = (count: number | undefined): Uint8Array | undefined => {
    if (count === undefined || at + count > bytes.byteLength) {
      at = Number.POSITIVE_INFINITY;
      return undefined;
    }
    at += count;
    return bytes.subarray(at - count, at);
  };
  const number = (size: 1 | 2 | 4): number | undefined => take(size)?.reduce((value, byte) => value * 256 + byte, 0);
  return {
    bytes: take,
    number,
    /** TPM2B: a 16-bit length, then that many bytes. */
    sized(max: number): Uint8Array | undefined {
      const size = number(2);
      return size === undefined || size > max ? take(undefined) : take(size);
    },
    isAtEnd: () => at === bytes.byteLength,
  };
}
