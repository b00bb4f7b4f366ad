/** The publisher's side of door two: write the statement, sign it. Not part of what runs on a board. */
export { type ProvenanceInput, provenanceStatement } from "./provenance.ts";
export { type SignOptions, signKeyless } from "./sign.ts";
