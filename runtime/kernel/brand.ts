/**
 * Names that were checked once carry the proof in their type: only the parse functions here make them.
 * All identifiers are safe as a path component, an MQTT topic level and a TUF target component.
 */
import type { Shape } from "./shape.ts";
import { refined, string } from "./shape.ts";

declare const brand: unique symbol;
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** `[a-z0-9]` with inner dashes, 1 to 63 characters: a DNS label. */
export type DeviceId = Brand<string, "DeviceId">;
export type TenantId = Brand<string, "TenantId">;
export type ModuleName = Brand<string, "ModuleName">;
export type TeamName = Brand<string, "TeamName">;
/** MAJOR.MINOR.PATCH without leading zeros. */
export type Version = Brand<string, "Version">;
/** A line, sensor or channel name: `[a-z0-9._-]`, 1 to 64 characters, beginning with a letter or a digit. */
export type ResourceName = Brand<string, "ResourceName">;
/** 64 lower-case hex digits. */
export type Sha256 = Brand<string, "Sha256">;

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const label = <B extends string>(what: string): Shape<Brand<string, B>> =>
  refined<Brand<string, B>>(string({ max: 63 }), LABEL, `${what} ([a-z0-9-], at most 63)`);

export const deviceId: Shape<DeviceId> = label<"DeviceId">("a device id");
export const tenantId: Shape<TenantId> = label<"TenantId">("a tenant id");
export const moduleName: Shape<ModuleName> = label<"ModuleName">("a module name");
export const teamName: Shape<TeamName> = label<"TeamName">("a team name");

export const version: Shape<Version> = refined(
  string({ max: 32 }),
  /^(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}$/,
  "a version MAJOR.MINOR.PATCH",
);

export const resourceName: Shape<ResourceName> = refined(
  string({ max: 64 }),
  /^[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,63}$/,
  "a name of [a-z0-9._-], at most 64",
);

export const sha256Hex: Shape<Sha256> = refined(string({ max: 64 }), /^[0-9a-f]{64}$/, "64 lower-case hex digits");
