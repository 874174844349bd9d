// The part of mocha that @libp2p/interop is written against, and `aegir/chai`, which it takes its `expect` from.
// Suites run beside each other: most of their time they wait.
import { registerHooks } from 'node:module'
import * as chai from 'chai'
import chaiAsPromised from 'chai-as-promised'
import chaiBites from 'chai-bites'

chai.use(chaiBites)
// The package calls what chai has as properties.
chai.use(({ Assertion }, { addMethod }) => {
  for (const [name, holds] of [['ok', Boolean], ['exist', value => value != null]]) {
    delete Assertion.prototype[name]
    addMethod(Assertion.prototype, name, function () { this.assert(holds(this._obj), `expected #{this} to ${name}`, `expected #{this} not to ${name}`) })
  }
})
chai.use(chaiAsPromised)
registerHooks({
  resolve: (specifier, context, next) => specifier === 'aegir/chai' ? { url: 'data:text/javascript,export const expect = globalThis.expect', shortCircuit: true } : next(specifier, context)
})
globalThis.expect = chai.expect

const CASE_MS = 60_000
const HOOKS = ['before', 'after', 'beforeEach', 'afterEach']
let suites = []

globalThis.describe = (title, body) => {
  const suite = { title, cases: [], before: [], after: [], beforeEach: [], afterEach: [] }
  suites.push(suite)
  const outer = { it: globalThis.it, ...Object.fromEntries(HOOKS.map(name => [name, globalThis[name]])) }
  globalThis.it = (name, run) => suite.cases.push({ name, run })
  for (const hook of HOOKS) globalThis[hook] = run => suite[hook].push(run)
  body()
  Object.assign(globalThis, outer)
}
// What the package itself has switched off is run here all the same.
globalThis.describe.skip = globalThis.describe

/// A case that skips itself.
export class Skipped extends Error {}

async function call (run) {
  let ms = CASE_MS
  let late
  const context = { timeout (value) { ms = value }, skip () { throw new Skipped() } }
  const work = Promise.resolve(run.call(context))
  const limit = new Promise((resolve, reject) => { late = setTimeout(() => reject(new Error(`took more than ${ms / 1000} s`)), ms) })
  try { await Promise.race([work, limit]) } finally { clearTimeout(late) }
}

async function runSuite (suite, tell) {
  for (const one of suite.cases) {
    let problem = null
    try {
      for (const run of [...suite.before, ...suite.beforeEach]) await call(run)
      await call(one.run)
    } catch (error) {
      problem = error
    }
    for (const run of [...suite.afterEach, ...suite.after]) await call(run).catch(error => { problem ??= error })
    tell(`${suite.title}: ${one.name}`, problem)
  }
}

/// The suites that `register` makes. `keep(title)` chooses cases by suite and name.
export function collect (register, keep) {
  suites = []
  register()
  for (const suite of suites) suite.cases = suite.cases.filter(one => keep(`${suite.title}: ${one.name}`))
  return suites.filter(suite => suite.cases.length > 0)
}

/// Runs suites, `width` at a time. After each case: `tell(title, error)`; null = passed.
export async function runSuites (list, width, tell) {
  const waiting = [...list]
  await Promise.all(Array.from({ length: width }, async () => {
    while (waiting.length > 0) await runSuite(waiting.shift(), tell)
  }))
}
