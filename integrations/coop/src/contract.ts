/**
 * What Coop expects of an integration, as far as this one goes: the plugin contract of
 * `@roostorg/coop-types` 2.4. That package is not at every registry, so the contract stands here in
 * our own words; README.md says how it was compared with the original.
 */

export interface ModelCardField {
  label: string;
  value: string;
}

export interface ModelCardSection {
  id: string;
  title: string;
  fields: readonly ModelCardField[];
}

export interface ModelCard {
  modelName: string;
  version: string;
  releaseDate: string;
  sections: readonly ModelCardSection[];
}

export interface ConfigurationField {
  key: string;
  label: string;
  required: boolean;
  inputType: "text" | "password" | "json" | "array";
  placeholder?: string;
  description?: string;
}

export interface Manifest {
  /** Upper case, with underscores. */
  id: string;
  name: string;
  version: string;
  description: string;
  requiresConfig: boolean;
  configurationFields: readonly ConfigurationField[];
  signalTypeIds: readonly string[];
  modelCard: ModelCard;
}

/** What a signal is made with. */
export interface Context {
  integrationId: string;
  /** What an organisation filled in, by the keys of the configuration fields. */
  getCredential: (orgId: string) => Promise<Record<string, unknown>>;
}

/** A number, or an error, which makes the condition of a rule come out as errored. */
export type Result =
  | { outputType: { scalarType: "NUMBER" }; score: number }
  | { outputType: { scalarType: "NUMBER" }; type: "ERROR"; score: Error };

export type DisabledInfo = { disabled: false } | { disabled: true; disabledMessage: string };

export interface Signal {
  id: { type: string };
  displayName: string;
  description: string;
  docsUrl: string | null;
  recommendedThresholds: { highPrecisionThreshold: number; highRecallThreshold: number };
  supportedLanguages: "ALL";
  pricingStructure: { type: "FREE" | "SUBSCRIPTION" };
  eligibleInputs: readonly string[];
  outputType: { scalarType: "NUMBER" };
  getCost: () => number;
  run: (input: unknown) => Promise<Result>;
  getDisabledInfo: (orgId: string) => Promise<DisabledInfo>;
  needsMatchingValues: boolean;
  eligibleSubcategories: readonly never[];
  needsActionPenalties: boolean;
  integration: string;
  allowedInAutomatedRules: boolean;
}

export interface Plugin {
  manifest: Manifest;
  createSignals: (context: Context) => readonly { signalTypeId: string; signal: Signal }[];
}
