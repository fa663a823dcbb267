// A merchant's own pages, unchanged, against the platform's script: does an ordinary browser get what WeChat's own
// gives it? A browser of a few lines is here: cookies, leave to call other origins (CORS), and a window to run the
// script in.

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, randomUUID, sign as signBytes } from 'node:crypto';
import { request } from 'node:https';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';

import { Platform } from '../hongbao_dev.mjs';

const platform = new Platform();
const base = platform.profile.merchant.base_url;
const { mch_id, wxappid: appid } = platform.profile.merchant;
const secret = platform.read('app_secret.txt').toString().trim();
const SHOP = 'https://shop.example';
const ALICE = 'oxTWIuGaIt6gTKsQRLau2M0yL16E';
const BOB = 'onqOjjmM1tad-3ROpncN-yUfa6uI';
const CAMPAIGN_KEY = 'abcdefghijklmnopqrstuvwxyz012345';

platform.run('app', 'set', appid, '--redirect-host', 'shop.example', '--origin', SHOP);

// What a merchant's server does.

const md5 = (text) => createHash('md5').update(text).digest('hex');
const joined = (fields) => Object.keys(fields).sort().map((name) => `${name}=${fields[name]}`).join('&');
const signed = (fields, key) => md5(`${joined(fields)}&key=${key}`).toUpperCase();
const nonce = () => randomUUID().replaceAll('-', '');
let numbers = 0;

/** A call of the merchant's protocol: the elements of its reply. */
async function call(path, given) {
  const fields = { nonce_str: nonce(), mch_id, mch_billno: `B${++numbers}`, ...given };
  fields.sign = signed(fields, platform.merchant.api_key);
  const xml = Object.entries(fields).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`).join('');
  const [cert, key, ca] = ['apiclient_cert.pem', 'apiclient_key.pem', 'rootca.pem'].map((name) => platform.read(name));
  const reply = await new Promise((resolve, reject) => {
    const sending = request(`${base}/mmpaymkttransfers/${path}`, { method: 'POST', cert, key, ca }, async (reply) => {
      resolve((await reply.toArray()).join(''));
    });
    sending.on('error', reject).end(`<xml>${xml}</xml>`);
  });
  const told = Object.fromEntries(Array.from(reply.matchAll(/<(\w+)><!\[CDATA\[(.*?)\]\]>/g), ([, name, text]) => [name, text]));
  assert.equal(told.result_code, 'SUCCESS', reply);
  return told;
}

const TEXTS = { send_name: '天虹百货', act_name: '猜灯谜', wishing: '感谢您参加', remark: '快来抢' };

const api = async (path, query, body) => {
  const reply = await fetch(`${base}${path}?${new URLSearchParams(query)}`, body && { method: 'POST', body: JSON.stringify(body) });
  const answer = await reply.json();
  assert.ok(!answer.errcode, JSON.stringify(answer));
  return answer;
};

/** What the merchant's page passes to `wx.sendBizRedPacket`, for a packet to this person. */
async function bizArguments(openid) {
  const sent = await call('sendminiprogramhb', {
    ...TEXTS, wxappid: appid, re_openid: openid, total_amount: 1000, total_num: 1, notify_way: 'MINI_PROGRAM_JSAPI',
  });
  const given = { appId: appid, timeStamp: '1414561699', nonceStr: nonce(), package: encodeURIComponent(sent.package) };
  const paySign = md5(`${joined(given)}&key=${platform.merchant.api_key}`);
  const { appId, ...options } = given;
  return { ...options, signType: 'MD5', paySign };
}

// What a browser does.

class Browser {
  cookies = new Map();

  /** Follows a link of the merchant's to the platform, as this person; where it is sent back to. */
  async authorize(person) {
    const query = new URLSearchParams({
      appid, redirect_uri: `${SHOP}/hb?a=1`, response_type: 'code', scope: 'snsapi_base', state: 'STATE', person,
    });
    const reply = await fetch(`${base}/connect/oauth2/authorize?${query}`, { redirect: 'manual' });
    assert.equal(reply.status, 302, await reply.text());
    for (const cookie of reply.headers.getSetCookie()) {
      const [, name, value] = /^(\w+)=([^;]*)/.exec(cookie);
      // Another site's scripts find it only like this.
      const isSent = /; SameSite=None/.test(cookie) && /; Secure/.test(cookie);
      this.cookies.set(name, { value, isSent });
    }
    return new URL(reply.headers.get('location'));
  }

  /** A window on a page of this origin, with the script that production serves at `path`. */
  async open(path, origin = SHOP) {
    const window = new EventTarget();
    Object.assign(window, { navigator: { language: 'en' }, CustomEvent, fetch: (url, how) => this.fetch(url, how, origin) });
    window.window = window;
    const src = `${base}${path}`;
    window.document = { currentScript: { src } };
    const script = await fetch(src);
    assert.match(script.headers.get('content-type'), /^text\/javascript/);
    runInContext(await script.text(), createContext(Object.assign(window, { URL, Promise })), { filename: src });
    return window;
  }

  /** A script's call: asked for beforehand, and told only to pages that may know. */
  async fetch(url, { method, headers, body, credentials }, origin) {
    const may = (reply) => {
      const isAllowed = reply.headers.get('access-control-allow-origin') === origin;
      if (!isAllowed || reply.headers.get('access-control-allow-credentials') !== 'true') throw new TypeError('Failed to fetch');
    };
    const names = Object.keys(headers).map((name) => name.toLowerCase()).sort();
    const asked = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': names.join(',') },
    });
    may(asked);
    const allowed = asked.headers.get('access-control-allow-headers').split(',').map((name) => name.trim());
    assert.ok(names.every((name) => allowed.includes(name)), `${names} of ${allowed}`);
    const sent = Array.from(this.cookies).filter(([, { isSent }]) => isSent && credentials === 'include');
    const cookie = sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
    const reply = await fetch(url, { method, headers: { ...headers, origin, cookie }, body });
    may(reply);
    return reply;
  }
}

/** Calls an API of `wx`, and waits for its callbacks: which of them were called, and with what. */
const called = (api, options) =>
  new Promise((resolve) => {
    const calls = [];
    const note = (name) => (result) => calls.push([name, result]);
    api({
      ...options, success: note('success'), fail: note('fail'), complete: (result) => resolve([...calls, ['complete', result]]),
    });
  });

/** Draws, and waits for the event. */
const drawn = (window, given) =>
  new Promise((resolve) => {
    window.addEventListener('hongbao:drawn', ({ detail }) => resolve(detail), { once: true });
    window.BeaconShakehbJsBridge.ready(() => window.BeaconShakehbJsBridge.invoke('jumpHongbao', given));
  });

async function assertRefused(window, options, errMsg, retcode) {
  const calls = await called(window.wx.sendBizRedPacket, options);
  assert.deepEqual(calls.map(([name]) => name), ['fail', 'complete']);
  assert.match(calls[0][1].errMsg, errMsg);
  assert.equal(calls[0][1].retcode, retcode);
  assert.deepEqual(calls[1][1], calls[0][1]);
}

test('a page learns the openid of whoever looks at it', async () => {
  const back = await new Browser().authorize(ALICE);
  assert.equal(back.origin + back.pathname + back.searchParams.get('a'), `${SHOP}/hb1`);
  assert.equal(back.searchParams.get('state'), 'STATE');
  const code = back.searchParams.get('code');
  const { openid, scope } = await api('/sns/oauth2/access_token', { appid, secret, code, grant_type: 'authorization_code' });
  assert.deepEqual([openid, scope], [ALICE, 'snsapi_base']);
});

test('wx.config calls back, and says what is missing', async () => {
  const { wx } = await new Browser().open('/open/js/jweixin-1.6.0.js');
  const early = new Promise((resolve) => wx.ready(() => resolve('ready')));
  wx.config({ debug: false, appId: appid, timestamp: 1414587457, nonceStr: nonce(), signature: 'x', jsApiList: [] });
  assert.equal(await early, 'ready');
  assert.equal(await new Promise((resolve) => wx.ready(() => resolve('ready again'))), 'ready again');
  await new Promise((success) => wx.hideMenuItems({ menuList: [], success }));
  const [[, result]] = await called(wx.checkJsApi, { jsApiList: ['sendBizRedPacket', 'chooseWXPay'] });
  assert.deepEqual({ ...result.checkResult }, { sendBizRedPacket: true, chooseWXPay: false });
  assert.equal(result.errMsg, 'checkJsApi:ok');
  wx.config({ appId: appid });
  const error = await new Promise((resolve) => wx.error(resolve));
  assert.equal(error.errMsg, 'config:fail, missing timestamp, nonceStr, signature');
});

test('a mini program opens its packet, once, for the right person', async () => {
  const [alice, bob] = [new Browser(), new Browser()];
  await alice.authorize(ALICE);
  await bob.authorize(BOB);
  const [ours, theirs] = await Promise.all([alice, bob].map((browser) => browser.open('/js/hongbao.js')));
  const options = await bizArguments(ALICE);
  await assertRefused(theirs, options, /^sendBizRedPacket:fail /, 6);
  await assertRefused(ours, { ...options, paySign: md5('x') }, /^sendBizRedPacket:fail 签名失败$/, 2);
  await assertRefused(ours, { ...options, package: decodeURIComponent(options.package) }, /参数格式校验错误/, 1);
  ours.hongbao = { scene: 1001 };
  await assertRefused(ours, options, /:fail /, 5);
  ours.hongbao = undefined;
  const calls = await called(ours.wx.sendBizRedPacket, options);
  assert.deepEqual(calls.map(([name]) => name), ['success', 'complete']);
  assert.deepEqual({ ...calls[0][1] }, { errMsg: 'sendBizRedPacket:ok', retcode: 0, retmsg: 'ok' });
  await assertRefused(ours, options, /已经绑定过红包/, 3);
});

test('a page of another origin, and one without a person, are told nothing', async () => {
  const alice = new Browser();
  await alice.authorize(ALICE);
  const options = await bizArguments(ALICE);
  await assertRefused(await alice.open('/js/hongbao.js', 'https://evil.example'), options, /network error/, -1);
  await assertRefused(await new Browser().open('/js/hongbao.js'), options, /assertion/, -1);
  // Nothing has happened to it.
  const [[name]] = await called((await alice.open('/js/hongbao.js')).wx.sendBizRedPacket, options);
  assert.equal(name, 'success');
});

test('the app around the page says who it is', async () => {
  const window = await new Browser().open('/js/hongbao.js');
  const now = Math.floor(Date.now() / 1000);
  const text = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: appid, sub: ALICE, aud: 'hongbao', iat: now, exp: now + 60 };
  const head = `${text({ alg: 'EdDSA', kid: platform.profile.app.key_id })}.${text(claims)}`;
  const key = createPrivateKey(platform.read('app_key.pem'));
  const assertion = `${head}.${signBytes(null, Buffer.from(head), key).toString('base64url')}`;
  window.hongbao = { assertion: async () => assertion };
  const options = await bizArguments(ALICE);
  const [[name]] = await called(window.wx.sendBizRedPacket, options);
  assert.equal(name, 'success');
  window.hongbao = { assertion: () => Promise.reject(new Error('logged out')) };
  await assertRefused(window, options, /gave no assertion/, -1);
});

test('a shake draws a packet, which is then opened', async () => {
  const { access_token } = await api('/cgi-bin/token', { grant_type: 'client_credential', appid, secret });
  const now = Math.floor(Date.now() / 1000);
  const { lottery_id } = await api('/shakearound/lottery/addlotteryinfo', { access_token, use_template: 2 }, {
    title: '周年庆', desc: '大家来摇', onoff: 1, begin_time: now - 60, expire_time: now + 3600, sponsor_appid: appid,
    total: 10, jump_url: `${SHOP}/shake`, key: CAMPAIGN_KEY,
  });
  const { sp_ticket, detail_id } = await call('hbpreorder', {
    ...TEXTS, wxappid: appid, hb_type: 'NORMAL', amt_type: 'ALL_RAND', total_amount: 1000, total_num: 1,
    auth_mchid: '1000052601', auth_appid: 'wxbf42bd79c4391863', risk_cntl: 'NORMAL',
  });
  const list = { lottery_id, mchid: mch_id, sponsor_appid: appid, prize_info_list: [{ ticket: sp_ticket }] };
  const filled = await api('/shakearound/lottery/setprizebucket', { access_token }, list);
  assert.equal(filled.success_num, 1);

  const alice = new Browser();
  await alice.authorize(ALICE);
  const window = await alice.open('/app/shakehb/BeaconShakehbJsBridge.js');
  const given = { lottery_id, noncestr: nonce(), openid: ALICE };
  const wrong = await drawn(window, { ...given, sign: signed(given, platform.merchant.api_key) });
  assert.equal(wrong.code, 'draw_signature_wrong');
  const won = await drawn(window, { ...given, sign: signed(given, CAMPAIGN_KEY) });
  assert.deepEqual([won.won, won.packet_id], [true, detail_id]);
  assert.match(platform.run('claim', detail_id), /1000 fen/);
  const { winners } = JSON.parse(platform.run('lottery', 'winners', lottery_id, '--json'));
  assert.deepEqual(winners.map(({ openid, packet_id }) => [openid, packet_id]), [[ALICE, detail_id]]);
  assert.match(platform.run('lottery', 'set', lottery_id, '--win-rate-ppm', '0'), /win_rate_ppm +0\n/);
  const { result } = await api('/shakearound/lottery/querylottery', { access_token, lottery_id });
  assert.deepEqual([result.drawed_prizes, result.available_prizes], [1, 0]);
});
