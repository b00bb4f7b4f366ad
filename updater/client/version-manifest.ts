/** The board's end of the version manifest: makes and signs it. */
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { signEnvelope } from "../../runtime/kernel/dsse.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import { VERSION_MANIFEST_TYPE, type VersionManifest, versionManifestShape } from "../version-manifest.ts";

/** The bytes of the signed envelope. Throws SHAPE_MISMATCH for facts that no reader would accept. */
export async function signVersionManifest(
  facts: Omit<VersionManifest, "schema">,
  deviceKey: Signer,
): Promise<Uint8Array> {
  const manifest = unwrap(
    parseShape(versionManifestShape, { schema: "sallyport.versions/1", ...facts }, "the version manifest"),
  );
  const envelope = await signEnvelope(VERSION_MANIFEST_TYPE, utf8(canonicalJson(manifest)), [deviceKey]);
  return utf8(JSON.stringify(envelope));
}
