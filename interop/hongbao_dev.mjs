// A platform to try a foreign client against, and the runner of its tests: `hongbao_dev.py` in JavaScript.
//
//     HONGBAO=target/debug/hongbao node interop/hongbao_dev.mjs interop/tenpay/test_redpack.mjs
//
// starts `hongbao dev` on free ports (or, with TLS, at HONGBAO_LISTEN) and runs the tests of that file against
// it. They get a process of their own, because Node reads NODE_EXTRA_CA_CERTS, which makes it trust the
// platform, only at its start. At the end docs/clients.md must say which calls succeeded.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** A line for each success, in the platform's folder. */
const SUCCESSES = 'successes.txt';

/** The platform that the tests were started with. */
export class Platform {
  constructor() {
    this.folder = process.env.HONGBAO_DEV;
    this.toml = this.read('profile.toml').toString();
    this.profile = readProfile(this.toml);
  }

  path(name) {
    return join(this.folder, name);
  }

  read(name) {
    return readFileSync(this.path(name));
  }

  /** The merchant that `hongbao dev` made. */
  get merchant() {
    return { mch_id: this.profile.merchant.mch_id, api_key: this.read('api_key.txt').toString().trim() };
  }

  /** Adds a merchant with the same certificate and app, and writes its profile. */
  addMerchant(merchant, ...options) {
    const keyFile = `${merchant.mch_id}_key.txt`;
    writeFileSync(this.path(keyFile), merchant.api_key);
    const { mch_id, api_key_file } = this.profile.merchant;
    const toml = this.toml.replace(`"${mch_id}"`, `"${merchant.mch_id}"`).replace(`"${api_key_file}"`, `"${keyFile}"`);
    writeFileSync(this.path(`${merchant.mch_id}.toml`), toml);
    this.run(
      'merchant', 'add', merchant.mch_id, '--name', '天虹百货分店', '--key-file', this.path(keyFile),
      '--certificate', this.path('apiclient_cert.pem'), '--app', this.profile.merchant.wxappid, ...options,
    );
    return merchant;
  }

  /** Adds a corporation with the same key, to which the merchant is bound, and writes its profile. */
  addCorporation(id, secret) {
    writeFileSync(this.path(`${id}_secret.txt`), secret);
    const { wxappid, mch_id } = this.profile.merchant;
    writeFileSync(this.path(`${id}.toml`), this.toml.replaceAll(`"${wxappid}"`, `"${id}"`));
    this.run(
      'app', 'add', id, '--kind', 'corporation', '--workwx-secret-file', this.path(`${id}_secret.txt`),
      '--public-key', this.path('app_public_key.pem'), '--merchant', mch_id,
    );
  }

  /** One command of `hongbao`, with the profile of this platform; its output. */
  run(...words) {
    return this.runAs('profile', ...words);
  }

  /** The same with the profile of another merchant or app. */
  runAs(name, ...words) {
    const done = this.#hongbao(`${name}.toml`, words);
    assert.equal(done.status, 0, `hongbao ${words.join(' ')} failed:\n${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  /** What a merchant is told of a packet, for clients that cannot ask; a refusal is thrown as a reply has it. */
  query(merchant, number) {
    const profile = merchant.mch_id === this.profile.merchant.mch_id ? 'profile.toml' : `${merchant.mch_id}.toml`;
    const { stdout } = this.#hongbao(profile, ['query', number, '--json']);
    const { error, hblist, ...told } = JSON.parse(stdout);
    if (error) {
      const text = error.message.replace(`${error.err_code}: `, '');
      const { err_code } = error;
      throw { return_code: 'SUCCESS', return_msg: text, result_code: 'FAIL', err_code, err_code_des: text };
    }
    // As the clients read it: everything is a string, or not there.
    const read = (fields) =>
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value?.toString()]));
    const [hbinfo] = hblist.map(read);
    return { ...read(told), hblist: hbinfo && { hbinfo } };
  }

  /** Notes that the client under test called this with success. */
  succeeded(endpoint) {
    appendFileSync(this.path(SUCCESSES), `${endpoint}\n`);
  }

  #hongbao(profile, words) {
    return spawnSync(process.env.HONGBAO, [...words, '--profile', this.path(profile)], { encoding: 'utf8' });
  }
}

/** The sections of a profile: as much of TOML as `hongbao dev` writes, which is strings. */
function readProfile(toml) {
  const profile = {};
  let section;
  for (const line of toml.split('\n')) {
    const [, name, key, value] = /^\[(\w+)\]$|^(\w+) = (".*")$/.exec(line) ?? [];
    if (name) section = profile[name] = {};
    if (key) section[key] = JSON.parse(value);
  }
  return profile;
}

/** Runs the tests of a file against a platform of their own; the last line counts them. */
async function main(file) {
  const temporary = mkdtempSync(join(tmpdir(), 'hongbao-'));
  const folder = join(temporary, 'dev');
  // Nothing expires by itself, so that the moment before can be seen.
  const listen = process.env.HONGBAO_LISTEN ?? '127.0.0.1:0';
  const words = ['--dir', folder, '--listen', listen, '--plain', '127.0.0.1:0', '--expire-every', '3600'];
  const dev = spawn(process.env.HONGBAO, ['dev', ...words], {
    env: { ...process.env, RUST_LOG: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => dev.once('error', resolve).once('exit', resolve));
  const count = { passed: 0, failed: 0 };
  try {
    if (await isReady(dev)) {
      process.env.HONGBAO_DEV = folder;
      process.env.NODE_EXTRA_CA_CERTS = join(folder, 'rootca.pem');
      await runTests(file, count);
    }
  } finally {
    dev.kill('SIGTERM');
  }
  const killing = setTimeout(() => dev.kill('SIGKILL'), 60_000);
  const end = await ended;
  clearTimeout(killing);
  if (end !== 0) {
    console.log(`not ok: hongbao dev ended with ${end}`);
    count.failed += 1;
  }
  const isTold = checkTable(basename(dirname(file)), join(folder, SUCCESSES));
  count[isTold ? 'passed' : 'failed'] += 1;
  rmSync(temporary, { recursive: true });
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed || !count.passed ? 1 : 0;
}

/** Whether docs/clients.md says which calls of this client succeeded. */
function checkTable(client, file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const covers = [...new Set(lines)].sort();
  const script = fileURLToPath(new URL('check_table.py', import.meta.url));
  const { status, error, stderr } = spawnSync('python3', [script, client, ...covers], { encoding: 'utf8' });
  console.log(`${status === 0 ? 'ok' : 'not ok'}: docs/clients.md says what was called`);
  if (status !== 0) console.log(error?.message ?? stderr.trim());
  console.log(`covers: ${covers.join(' ')}`);
  return status === 0;
}

async function isReady(dev) {
  for await (const line of createInterface({ input: dev.stdout })) {
    if (line.startsWith('ready')) return true;
  }
  return false;
}

async function runTests(file, count) {
  for await (const { type, data } of run({ files: [file], timeout: 120_000 })) {
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file that ends without having run a test passes under its own name.
    const isTest = resolve(data.name) !== file && data.skip === undefined && data.todo === undefined;
    const passed = type === 'test:pass' && isTest;
    console.log(`${passed ? 'ok' : 'not ok'}: ${data.name}`);
    if (type === 'test:fail') console.log(inspect(data.details.error.cause ?? data.details.error));
    count[passed ? 'passed' : 'failed'] += 1;
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main(resolve(process.argv[2]));
