/**
 * How long the MQTT packets on one connection are, read off their fixed headers (MQTT 3.1.1 section 2.2) without keeping
 * a byte. The libraries at both ends collect a packet of up to 256 MB before anybody looks at it; whoever owns the
 * socket asks here and closes it first. Pure; the content of packets is nobody's business here.
 */

/** Feed it every chunk in order: false as soon as a packet is longer than `maxBytes` or its length is no length. */
export function createPacketBound(maxBytes: number): (chunk: Uint8Array) => boolean {
  /** Bytes of the current packet's body still to come; undefined while its header is read. */
  let body: number | undefined;
  let headerBytes = 0;
  let length = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.byteLength) {
      if (body !== undefined) {
        const step = Math.min(body, chunk.byteLength - at);
        at += step;
        body -= step;
      } else {
        const byte = chunk[at] ?? 0;
        at += 1;
        // Byte 0 is type and flags; the length follows, 7 bits a byte, least significant first, at most four bytes.
        if (headerBytes > 0) length += (byte & 0x7f) * 128 ** (headerBytes - 1);
        headerBytes += 1;
        const more = headerBytes === 1 || (byte & 0x80) !== 0;
        if (more && headerBytes < 5) continue;
        if (more || length > maxBytes) return false;
        body = length;
      }
      if (body === 0) {
        body = undefined;
        headerBytes = 0;
        length = 0;
      }
    }
    return true;
  };
}
