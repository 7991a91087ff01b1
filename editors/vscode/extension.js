// SPDX-License-Identifier: MIT
// Starts `kodosis lsp`. Without the module vscode-languageclient there are colours alone.
'use strict';
const vscode = require('vscode');

let client;

exports.activate = function () {
  let languageclient;
  try {
    languageclient = require('vscode-languageclient/node');
  } catch {
    vscode.window.showInformationMessage(
      "Kodosis: 'npm install' in the extension's folder adds the language server's client; without it there are colours alone.");
    return;
  }
  const settings = vscode.workspace.getConfiguration('kodosis');
  client = new languageclient.LanguageClient('kodosis', 'Kodosis',
    { command: settings.get('path'), args: ['lsp'] },
    {
      documentSelector: [{ language: 'kodosis' }],
      initializationOptions: { importPaths: settings.get('importPaths') },
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/*.kod') },
    });
  client.start();
};

exports.deactivate = function () {
  return client ? client.stop() : undefined;
};
