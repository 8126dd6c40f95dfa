// ONNX Runtime's side of `make bench`: infers the same models when told to. Speaks as peer_torch.py
// does: lines "NAME train|predict BATCH SECONDS", answers in images a second; it does not train.
//
//   peer_onnx.cjs FOLDER    (of NAME-BATCH.onnx, by export_onnx.py, and of node_modules)
const path = require('path');
const fs = require('fs');
const readline = require('readline');

const folder = process.argv[2];
const WARM_UP = 0.2; // seconds, as in bench_core.c
const threads = Number(process.env.SX_THREADS || 2);
let runtime;
try {
  runtime = require(path.join(folder, 'node_modules', 'onnxruntime-node'));
} catch {
  console.log('absent');
  process.exit(0);
}
const version = require(path.join(folder, 'node_modules', 'onnxruntime-node', 'package.json')).version;
const ready = new Map();

async function open(name, batch) {
  const file = path.join(folder, `${name}-${batch}.onnx`);
  if (!fs.existsSync(file)) return null;
  const session = await runtime.InferenceSession.create(file, {
    intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all',
  });
  const shape = session.inputMetadata[0].shape;
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i * 12.9898);
  return { session, feeds: { images: new runtime.Tensor('float32', values, shape) } };
}

async function measure(model, batch, seconds) {
  const now = () => Number(process.hrtime.bigint()) * 1e-9;
  const run = () => model.session.run(model.feeds);
  let start = now(), done = 0;
  do await run(); while (now() < start + WARM_UP);
  start = now();
  for (;;) {
    await run();
    done++;
    if (now() >= start + seconds) return done * batch / (now() - start);
  }
}

async function main() {
  console.log(`ONNX Runtime ${version}, ${threads} threads`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.trim() === 'quit') break;
    const [name, mode, batch, seconds] = line.split(' ');
    const key = `${name} ${batch}`;
    if (mode === 'predict' && !ready.has(key)) ready.set(key, await open(name, batch));
    const model = mode === 'predict' ? ready.get(key) : null;
    console.log(model ? await measure(model, Number(batch), Number(seconds)) : 0);
  }
}

main();
