import type { Store } from '../store/store.ts'
import type { Lane } from './lane.ts'

/** The widest scopes in which a push has once succeeded, for the providers that make use of it. */
export class ProvenScopes {
  readonly #store: Pick<Store, 'provenScopes' | 'markProven'>
  readonly #scopes = new Set<string>()

  constructor(store: Pick<Store, 'provenScopes' | 'markProven'>) {
    this.#store = store
  }

  async load(): Promise<void> {
    for (const scope of await this.#store.provenScopes()) this.#scopes.add(scope)
  }

  has(scope: string): boolean {
    return this.#scopes.has(scope)
  }

  add({ scopes: [scope], provider }: Lane): void {
    if (!provider.remembersProof || this.#scopes.has(scope)) return
    // Any number of scopes may be of clients' choice.
    if (provider.concernsOperators?.(scope) === false) return
    this.#scopes.add(scope)
    // Only a convenience for the next start: without it one wrong registration may look like our fault once.
    this.#store.markProven(scope).catch(() => {})
  }
}
