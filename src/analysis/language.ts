/** Words of the language of policies that several analyses go through one by one. */
export const numberBounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const
export const sizeBounds = ['minLength', 'maxLength', 'minItems', 'maxItems'] as const
export const flowChecks = ['untrustedSteering', 'untrustedLinks', 'secretsOut'] as const
export const guardKinds = ['paths', 'network', 'commands', 'danger'] as const
