// SPDX-License-Identifier: MIT
// Looks at the scopes that the grammar gives to marked places: node textmate.js EXTENSION FILE MARKS
'use strict';
const fs = require('fs');
const path = require('path');
const [extension, file, marks] = process.argv.slice(2);

const about = JSON.parse(fs.readFileSync(path.join(extension, 'package.json'), 'utf8'));
JSON.parse(fs.readFileSync(path.join(extension, about.contributes.languages[0].configuration), 'utf8'));
const grammarPath = path.join(extension, about.contributes.grammars[0].path);
const grammar = JSON.parse(fs.readFileSync(grammarPath, 'utf8'));
if (grammar.scopeName !== about.contributes.grammars[0].scopeName) {
  console.log('the scope has two names');
  process.exit(1);
}
// each rule that is included is there
JSON.stringify(grammar, (key, value) => {
  if (key === 'include' && !(value.slice(1) in grammar.repository)) {
    console.log('no rule ' + value);
    process.exit(1);
  }
  return value;
});

let textmate, oniguruma;
try {
  textmate = require('vscode-textmate');
  oniguruma = require('vscode-oniguruma');
} catch {
  console.log('SKIPPED: the modules vscode-textmate and vscode-oniguruma are not installed');
  process.exit(77);
}

const scopes = {
  K: /^(keyword|storage)\./, S: /^string\./, T: /^entity\.name\.type\./, B: /^(support\.type|punctuation\.bracket)\./,
  N: /^variable\.(other|parameter)/, '#': /^constant\.numeric\./, D: /^comment\.line\.documentation/, C: /^comment\./,
  L: /^constant\.language/, F: /^entity\.name\.function/, E: /^constant\.character\.escape/,
};

async function run() {
  const wasm = fs.readFileSync(path.join(path.dirname(require.resolve('vscode-oniguruma')), 'onig.wasm'));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(grammarPath, 'utf8'), grammarPath),
  });
  const loaded = await registry.loadGrammar(grammar.scopeName);
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  let stack = textmate.INITIAL;
  const tokens = lines.map((line) => {
    const result = loaded.tokenizeLine(line, stack);
    stack = result.ruleStack;
    return result.tokens;
  });
  let faults = 0, count = 0;
  for (const mark of fs.readFileSync(marks, 'utf8').trim().split('\n')) {
    const [line, column, kind] = mark.split(' ');
    const token = tokens[line - 1].find((each) => each.startIndex <= column - 1 && column - 1 < each.endIndex);
    count++;
    if (!token.scopes.slice(1).some((scope) => scopes[kind].test(scope))) {
      console.log(line + ':' + column + ' ' + lines[line - 1].slice(column - 1, +column + 11) + ': ' + token.scopes.join(' ') + ', not ' + kind);
      faults++;
    }
  }
  console.log('looked at ' + count + ' places');
  process.exit(faults || count < 60 ? 1 : 0);
}
run();
