// How well classifiers of 8x8 images do in ONNX Runtime:
//   node accuracy.js IMAGES LABELS MODEL...
// IMAGES are float32, LABELS bytes; prints the share that each model gets right, one per line.
'use strict';

const fs = require('fs');
const ort = require('onnxruntime-node');

const side = 8;

function readImages(path) {
  const bytes = fs.readFileSync(path);
  const floats = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  for (let i = 0; i < floats.length; ++i) floats[i] = bytes.readFloatLE(4 * i);
  return new ort.Tensor('float32', floats, [floats.length / (side * side), 1, side, side]);
}

function indexOfLargest(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

async function accuracy(model, images, labels) {
  const session = await ort.InferenceSession.create(
      model, {intraOpNumThreads: 1, interOpNumThreads: 1});
  const results = await session.run({[session.inputNames[0]]: images});
  const {data, dims: [count, classes]} = results[session.outputNames[0]];
  if (count !== labels.length) throw new Error(`${count} results for ${labels.length} labels`);
  let right = 0;
  labels.forEach((label, i) => {
    right += indexOfLargest(data.slice(i * classes, (i + 1) * classes)) === label;
  });
  return right / count;
}

async function main([imagesPath, labelsPath, ...models]) {
  const images = readImages(imagesPath);
  const labels = fs.readFileSync(labelsPath);
  for (const model of models) console.log(await accuracy(model, images, labels));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
