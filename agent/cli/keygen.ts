/** `sallyport keygen`: an Ed25519 key as PKCS #8 PEM beside its public half. */
import { existsSync } from "node:fs";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../runtime/kernel/signer.ts";
import { passphrase, writeFile } from "./files.ts";
import { usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "keygen",
  summary:
    "Make an Ed25519 key pair: FILE (private, mode 0600) and FILE.pub. Encrypted when SALLYPORT_PASSPHRASE is set.",
  positionals: ["FILE"],
  options: {},
  examples: ["sallyport keygen operator.pem", "SALLYPORT_PASSPHRASE=… sallyport keygen operator.pem"],
  async run(args, io) {
    const [file = ""] = args.positionals;
    if (existsSync(file)) throw usageFault(`keygen: ${file} exists; a key is never overwritten`);
    const secret = passphrase();
    const pem = generateKeyPem(secret);
    const signer = unwrap(parseSigner(pem, secret, file));
    writeFile(file, utf8(pem), 0o600);
    writeFile(`${file}.pub`, utf8(signer.publicPem));
    io.out(signer.keyId);
    if (secret === undefined) io.err(`${file} is not encrypted; set SALLYPORT_PASSPHRASE to have it so`);
    return 0;
  },
};
