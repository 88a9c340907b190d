import type { Fields } from './fields.ts';
import type { ModelName, Price } from './language.ts';
import type { CheckInner, CompiledModel, CompileInner, Model, OwnFields } from './model.ts';
import { dynamic } from './models/dynamic.ts';
import { flat } from './models/flat.ts';
import { graduated } from './models/graduated.ts';
import { graduatedPercentage } from './models/graduated_percentage.ts';
import { matrix } from './models/matrix.ts';
import { packages } from './models/package.ts';
import { percentage } from './models/percentage.ts';
import { timeOfUse } from './models/time_of_use.ts';
import { unit } from './models/unit.ts';
import { volume } from './models/volume.ts';

/** Every model of the price language, by name. A new one is a file in `models/` and a line here. */
export const models: { readonly [Name in ModelName]: Model<Extract<Price, { model: Name }>> } = {
  unit,
  flat,
  graduated,
  volume,
  package: packages,
  percentage,
  graduated_percentage: graduatedPercentage,
  dynamic,
  matrix,
  time_of_use: timeOfUse,
};

export function isModelName(name: unknown): name is ModelName {
  return typeof name === 'string' && Object.hasOwn(models, name);
}

export function checkModel(name: ModelName, fields: Fields, inner: CheckInner): OwnFields<Price> {
  return models[name].check(fields, inner);
}

export function compileModel(price: Price, inner: CompileInner): CompiledModel {
  // The table pairs each name with the model of that very price, which a type over the whole union cannot say.
  const model = models[price.model] as Model<Price>;
  return model.compile(price, inner);
}
