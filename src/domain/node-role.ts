/** What a node does of what there is to do: `api` takes messages and answers, `worker` pushes. */
export const ROLES = ['all', 'api', 'worker'] as const
export type Role = (typeof ROLES)[number]
