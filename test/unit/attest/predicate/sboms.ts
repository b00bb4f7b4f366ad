/** Two bills of materials in the form in which generators write them, shortened. */

export const SPDX = {
  spdxVersion: "SPDX-2.3",
  dataLicense: "CC0-1.0",
  SPDXID: "SPDXRef-DOCUMENT",
  name: "thermostat",
  documentNamespace: "https://sbom.example/thermostat-1.2.3",
  creationInfo: { created: "2026-11-20T10:00:00Z", creators: ["Tool: sbom-maker-1.0"] },
  packages: [
    {
      SPDXID: "SPDXRef-Root",
      name: "thermostat",
      versionInfo: "1.2.3",
      downloadLocation: "NOASSERTION",
      licenseConcluded: "NOASSERTION",
      licenseDeclared: "LicenseRef-acme",
    },
    {
      SPDXID: "SPDXRef-openssl",
      name: "OpenSSL",
      versionInfo: "3.0.13",
      filesAnalyzed: false,
      licenseConcluded: "NOASSERTION",
      licenseDeclared: "Apache-2.0",
      externalRefs: [
        {
          referenceCategory: "SECURITY",
          referenceType: "cpe23Type",
          referenceLocator: "cpe:2.3:a:openssl:openssl:3.0.13",
        },
        { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: "pkg:generic/openssl@3.0.13" },
      ],
    },
    {
      SPDXID: "SPDXRef-serde",
      name: "serde",
      versionInfo: "1.0.203",
      licenseConcluded: "MIT",
      licenseDeclared: "MIT OR Apache-2.0",
      externalRefs: [
        { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: "pkg:cargo/serde@1.0.203" },
      ],
    },
  ],
  relationships: [
    { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-Root" },
  ],
};

export const CYCLONEDX = {
  $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  serialNumber: "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
  version: 1,
  metadata: {
    timestamp: "2026-11-20T10:00:00Z",
    component: { type: "application", "bom-ref": "root", name: "thermostat", version: "1.2.3" },
  },
  components: [
    {
      type: "library",
      group: "@acme",
      name: "lib",
      version: "4.1.0",
      purl: "pkg:npm/%40acme/lib@4.1.0",
      licenses: [{ license: { id: "MIT" } }, { license: { name: "Acme Terms" } }],
    },
    {
      type: "library",
      name: "zlib",
      version: "1.3.1",
      licenses: [{ expression: "Zlib AND MIT" }],
      components: [{ type: "file", name: "inflate", components: [{ type: "file", name: "crc32", version: "0.1" }] }],
    },
  ],
  dependencies: [{ ref: "root", dependsOn: [] }],
};
