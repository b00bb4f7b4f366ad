export type Assembled =
  | { readonly bytes: Uint8Array }
  | { readonly error: { readonly message: string; readonly offset?: number } };

export function installed(): boolean;
export function install(): void;
export function loadAssembler(): Promise<(text: string) => Assembled>;
