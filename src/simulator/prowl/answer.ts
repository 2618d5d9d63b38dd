export interface ProwlAnswer {
  status: number
  /** XML. */
  body: string
}

export function success(remaining: number, resetAt: number): ProwlAnswer {
  const resetDate = Math.ceil(resetAt / 1000)
  return xml(200, `<success code="200" remaining="${remaining}" resetdate="${resetDate}" />`)
}

export function refusal(code: number, text: string): ProwlAnswer {
  return xml(code, `<error code="${code}">${text.replace(/[<>&]/g, toReference)}</error>`)
}

/** As Prowl writes it (https://www.prowlapp.com/api.php): the status is the code once more. */
function xml(status: number, element: string): ProwlAnswer {
  return { status, body: `<?xml version="1.0" encoding="UTF-8"?>\n<prowl>\n\t${element}\n</prowl>\n` }
}

function toReference(character: string): string {
  return `&#${character.charCodeAt(0)};`
}
