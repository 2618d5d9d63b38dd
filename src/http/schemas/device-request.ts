import {
  type Static,
  type TObject,
  type TProperties,
  Type,
  TypeBoxValidatorCompiler,
} from '@fastify/type-provider-typebox'
import type { FastifySchemaCompiler } from 'fastify'
import type { RegistrationRequest } from '../../domain/registration.ts'
import type { KnownProvider } from '../known-provider.ts'
import { enumOf } from './common.ts'
import { CommonFieldsSchema } from './devices.ts'

type Validate = ReturnType<FastifySchemaCompiler<unknown>>

const { properties: COMMON } = CommonFieldsSchema

/** What every registration has, and what its provider wants beside. */
export type DeviceRequest = Static<typeof CommonFieldsSchema> & { provider: string }

/** The body of a registration: one shape for each provider, told apart by `provider`. */
export interface DeviceRequestShapes {
  schema: ReturnType<typeof Type.Unsafe<DeviceRequest>>
  /** To be added to the routes' scope: `schema` refers to them. */
  shared: readonly TObject[]
  /** Strict: an app developer should hear at once of a misspelt or unknown property, and only of the own provider's rules. */
  validatorCompiler: FastifySchemaCompiler<unknown>
  toRegistrationRequest(body: DeviceRequest): RegistrationRequest
}

export function deviceRequestShapes(providers: readonly KnownProvider[]): DeviceRequestShapes {
  const shapes = new Map(providers.map(({ name, address }) => [name, shapeOf(name, address)]))
  const schema = Type.Unsafe<DeviceRequest>({
    oneOf: [...shapes.keys()].map(name => ({ $ref: `${schemaName(name)}#` })),
    discriminator: { propertyName: 'provider', mapping: mappingOf(shapes.keys()) },
  })
  return {
    schema,
    shared: [...shapes.values()],
    validatorCompiler: route =>
      route.httpPart === 'body' ? validatorOf(shapes) : compile(route.schema, route.httpPart),
    toRegistrationRequest: body => split(body),
  }
}

function shapeOf(name: string, { properties }: TObject): TObject {
  const fields: TProperties = { provider: enumOf([name]), ...properties, ...COMMON }
  return Type.Object(fields, { $id: schemaName(name), additionalProperties: false })
}

function schemaName(provider: string): string {
  return `${provider.charAt(0).toUpperCase()}${provider.slice(1)}Registration`
}

function mappingOf(names: Iterable<string>): Record<string, string> {
  return Object.fromEntries(Array.from(names, name => [name, `#/components/schemas/${schemaName(name)}`]))
}

function validatorOf(shapes: ReadonlyMap<string, TObject>): Validate {
  const any = compile(Type.Object({ provider: enumOf([...shapes.keys()]) }), 'body')
  const validators = new Map([...shapes].map(([name, shape]) => [name, compile(shape, 'body')]))
  return body => (validators.get(providerOf(body)) ?? any)(body)
}

function compile(schema: unknown, httpPart: string | undefined): Validate {
  // The declared type knows the route; neither url nor method is looked at.
  const compiler = TypeBoxValidatorCompiler as unknown as (route: object) => Validate
  return compiler({ schema, httpPart })
}

function providerOf(body: unknown): string {
  const provider = typeof body === 'object' && body !== null && 'provider' in body ? body.provider : undefined
  return typeof provider === 'string' ? provider : ''
}

function split(body: DeviceRequest): RegistrationRequest {
  const { provider, recipient: _recipient, kind: _kind, ...rest } = body
  const { app, environment, name, locale, preview, ...address } = rest
  return {
    provider,
    address,
    ...(app === undefined ? {} : { app }),
    ...(environment === undefined ? {} : { environment }),
    ...(name === undefined ? {} : { name }),
    ...(locale === undefined ? {} : { locale }),
    ...(preview === undefined ? {} : { preview }),
  }
}
