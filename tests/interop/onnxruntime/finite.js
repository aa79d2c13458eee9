// Runs models on random inputs:
//   node finite.js FEEDS MODEL...
// FEEDS is JSON: {name: {type, dims, value}}; without a value the elements are random in [-1, 1),
// the same for every model. Prints for each model one line, a JSON list of all its outputs' elements.
'use strict';

const ort = require('onnxruntime-node');

function* randomNumbers() {
  for (let state = 1; ; state = (state * 48271) % 2147483647) yield state / 1073741823.5 - 1;
}

function tensorOf({type, dims, value}, random) {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (type === 'int64') return new ort.Tensor(type, BigInt64Array.of(BigInt(value)), dims);
  return new ort.Tensor(type, Float32Array.from({length: count}, () => random.next().value), dims);
}

async function outputsOf(model, feeds) {
  const random = randomNumbers();
  const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed, random)]));
  const session = await ort.InferenceSession.create(
      model, {intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3});
  const results = await session.run(inputs);
  return session.outputNames.flatMap((name) => Array.from(results[name].data, Number));
}

async function main([feeds, ...models]) {
  for (const model of models) {
    console.log(JSON.stringify(await outputsOf(model, JSON.parse(feeds))));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
