import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

import type { Prepare } from '../contestant.ts'
import { toolsFor } from '../toolbox.ts'
import { bareLoop } from './bare-loop.ts'

let validators: ReadonlyMap<string, ValidateFunction> | undefined

/** The bare loop plus validation of arguments. */
export const prepare: Prepare = async (target) => {
  validators ??= compile()
  const compiled = validators
  return bareLoop(target, (tool, args) => compiled.get(tool)!(args))
}

function compile(): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv2020()
  return new Map(toolsFor('').map(({ name, input }) => [name, ajv.compile(input)]))
}
