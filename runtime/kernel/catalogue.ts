/** The floor's own refusals in one list, for `explain`. */

import { catalogue as dsse } from "./dsse.ts";
import { catalogue as disk } from "./durable.ts";
import type { Catalogue } from "./fault.ts";
import { catalogue as shape } from "./shape.ts";
import { catalogue as key } from "./signer.ts";

export const kernelCatalogues: readonly Catalogue[] = [disk, dsse, key, shape];
