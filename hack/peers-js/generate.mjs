// SPDX-License-Identifier: Apache-2.0

// Writes the types of the OpenAPI document on the standard input to the file
// that is named.
import { writeFile } from 'node:fs/promises'
import { json } from 'node:stream/consumers'
import openapiTS, { astToString } from 'openapi-typescript'

await writeFile(process.argv[2], astToString(await openapiTS(await json(process.stdin))))
