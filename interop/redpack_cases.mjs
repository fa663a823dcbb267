// What must a merchant's client see of the platform? The cases of `redpack_cases.py` and more, for every
// client in JavaScript. A client's own file says how a merchant makes it, as `connect`:
//
//     connect({ mch_id, api_key, hasCertificate }) -> { send(fields), query(fields), refusal(error) }
//
// `send` and `query` resolve to the reply, an object of strings; `refusal` takes what they threw for a
// reply that is not SUCCESS twice, and returns its { code, text }. A client that cannot query has no `query`;
// one that can do more has `sendGroup`, `sendMiniProgram`, `preorder`, `transfer` or `queryTransfer`.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

// Which calls beside sendredpack and gethbinfo does the platform answer? There are cases for
// 'sendgroupredpack', 'sendminiprogramhb', 'hbpreorder' and 'transfers' (with gettransferinfo).
const MORE_CALLS = [];

const OPENID = 'oxTWIuGaIt6gTKsQRLau2M0yL16E';
const OTHER_OPENID = 'onqOjjmM1tad-3ROpncN-yUfa6uI';
const THIRD_OPENID = 'ohO4Gt7wVPxIT1A9GjFaMYMiZY1s';
const PACKET_ID = /^\d{28,32}$/;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

const TEXTS = {
  send_name: '天虹百货',
  act_name: '猜灯谜抢红包活动',
  wishing: '感谢您参加猜灯谜活动，祝您元宵节快乐！',
  remark: '猜越多得越多，快来抢！',
};

/** `signTypes` are those that the client can sign with. */
export function redpackCases(platform, connect, { signTypes = ['MD5', 'HMAC-SHA256'] } = {}) {
  const client = (changed = {}) => {
    const merchant = { ...platform.merchant, ...changed };
    return { merchant, ...connect({ hasCertificate: true, ...merchant }) };
  };
  const send = (number, changed = {}, by = client()) =>
    by.send({
      mch_billno: number,
      re_openid: OPENID,
      total_amount: 1000,
      total_num: 1,
      client_ip: '192.168.0.1',
      scene_id: 'PRODUCT_8',
      ...TEXTS,
      ...changed,
    });
  const query = async (number, by = client()) =>
    by.query ? by.query({ mch_billno: number, bill_type: 'MCHT' }) : platform.query(by.merchant, number);

  let numbers = 0;
  const newNumber = () => `10000098201411111${String(++numbers).padStart(9, '0')}`;

  /** The text of the refusal that `reply` must turn out to be. */
  async function refused(code, reply, by = client()) {
    const error = await reply.then(() => assert.fail(`accepted, where ${code} was due`), (thrown) => thrown);
    // What the platform itself was asked is not the client's to read.
    const refusal = error instanceof Error ? by.refusal(error) : error;
    assert.equal(refusal.code, code);
    return refusal.text;
  }

  /** What every send's reply begins with. */
  const success = (number, by = client()) => ({
    return_code: 'SUCCESS',
    return_msg: '发放成功',
    result_code: 'SUCCESS',
    err_code: 'SUCCESS',
    err_code_des: '发放成功',
    mch_billno: number,
    mch_id: by.merchant.mch_id,
    wxappid: platform.profile.merchant.wxappid,
  });

  test('send, and the same number again', async () => {
    const number = newNumber();
    const first = await send(number);
    const { send_listid, ...rest } = first;
    assert.match(send_listid, PACKET_ID);
    assert.deepEqual(rest, { ...success(number), re_openid: OPENID, total_amount: '1000' });
    assert.deepEqual(await send(number), first);
  });

  test('a changed amount is fatal, and so is a changed person', async () => {
    const number = newNumber();
    await send(number);
    const by = client();
    const amount = await refused('FATAL_ERROR', send(number, { total_amount: 1001 }, by), by);
    assert.equal(amount, '更换了金额，但商户单号未更新');
    const person = await refused('FATAL_ERROR', send(number, { re_openid: OTHER_OPENID }, by), by);
    assert.equal(person, '更换了openid，但商户单号未更新');
  });

  test('a wrong key is a wrong signature', async () => {
    const number = newNumber();
    const wrong = client({ api_key: '0'.repeat(32) });
    assert.equal(await refused('SIGN_ERROR', send(number, {}, wrong), wrong), '签名错误');
    const by = client();
    assert.equal(await refused('NOT_FOUND', query(number, by), by), '指定单号数据不存在');
  });

  test('without a certificate nothing is done', async () => {
    const number = newNumber();
    const bare = client({ hasCertificate: false });
    assert.match(await refused('CA_ERROR', send(number, {}, bare), bare), /证书出错/);
    const by = client();
    await refused('NOT_FOUND', query(number, by), by);
  });

  test('too little money, then topped up and sent again', async () => {
    const poor = { mch_id: '10000099', api_key: '8934e7d15453e97507ef794cf7b0519d' };
    platform.addMerchant(poor);
    const by = client(poor);
    const number = newNumber();
    const text = await refused('NOTENOUGH', send(number, {}, by), by);
    assert.equal(text, '帐号余额不足，请到商户平台充值后再重试');
    const landed = await query(number, by);
    assert.deepEqual([landed.status, landed.reason], ['SENDING', text]);

    platform.run('topup', poor.mch_id, '1000', '--reference', 'poor-1');
    const sent = await send(number, {}, by);
    assert.equal(sent.send_listid, landed.detail_id);
    assert.equal((await query(number, by)).status, 'SENT');
  });

  test('query in each state', async () => {
    const by = client();
    await refused('NOT_FOUND', query(newNumber(), by), by);

    const [claimed, expired, landed] = [newNumber(), newNumber(), newNumber()];
    const { send_listid } = await send(claimed);
    await send(expired);
    const sent = await query(claimed);
    assert.deepEqual(
      [sent.detail_id, sent.status, sent.total_num, sent.total_amount, sent.hblist],
      [send_listid, 'SENT', '1', '1000', undefined],
    );
    // `hongbao query` does not tell these.
    if (by.query) assert.deepEqual([sent.send_type, sent.hb_type], ['API', 'NORMAL']);

    platform.run('claim', send_listid, '--as', OPENID);
    const received = await query(claimed);
    assert.equal(received.status, 'RECEIVED');
    const share = received.hblist.hbinfo;
    assert.deepEqual([share.openid, share.amount], [OPENID, '1000']);
    assert.match(share.rcv_time, TIME);

    // A merchant who may send nothing more today.
    const limited = { mch_id: '10000097', api_key: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS' };
    platform.addMerchant(limited, '--amount-per-day', '999');
    const late = client(limited);
    const text = await refused('SENDAMOUNT_LIMIT', send(landed, {}, late), late);
    const sending = await query(landed, late);
    assert.deepEqual([sending.status, sending.reason], ['SENDING', text]);

    platform.run('sandbox', 'clock', '+24h', '--no-expire');
    const refunding = await query(expired);
    assert.deepEqual([refunding.status, refunding.refund_time], ['RFUND_ING', undefined]);
    platform.run('sandbox', 'clock', '+1s');
    const refunded = await query(expired);
    assert.deepEqual([refunded.status, refunded.refund_amount], ['REFUND', '1000']);
    assert.match(refunded.refund_time, TIME);
    assert.equal((await query(claimed)).status, 'RECEIVED');
    assert.equal((await query(landed, late)).status, 'FAILED');
    await refused('SEND_FAILED', send(landed, {}, late), late);
  });

  if (signTypes.includes('HMAC-SHA256')) {
    test('HMAC-SHA256 is taken as well', async () => {
      const number = newNumber();
      const sent = await send(number, { sign_type: 'HMAC-SHA256' });
      assert.equal(sent.result_code, 'SUCCESS');
      assert.deepEqual(await send(number), sent, 'signed either way it is the same call');
    });
  }

  test('text that is awkward in XML is signed as it is meant', async () => {
    const awkward = `A&B <快来抢> "x" 'y' 🧧`;
    for (const sign_type of signTypes) {
      const sent = await send(newNumber(), { wishing: awkward, remark: awkward, sign_type });
      assert.equal(sent.result_code, 'SUCCESS');
    }
  });

  const can = client();
  if (MORE_CALLS.includes('sendgroupredpack') && can.sendGroup) groupCases();
  if (MORE_CALLS.includes('sendminiprogramhb') && can.sendMiniProgram) miniProgramCases();
  if (MORE_CALLS.includes('hbpreorder') && can.preorder) preorderCases();
  if (MORE_CALLS.includes('transfers') && can.transfer) transferCases();

  test('the books balance', () => {
    assert.match(platform.run('audit'), /every fen is in its place/);
  });

  /** Without the key or the certificate there is nothing to be had from this call either. */
  function guardCase(name, call) {
    test(`${name} without the key, and without the certificate`, async () => {
      const wrong = client({ api_key: '0'.repeat(32) });
      assert.equal(await refused('SIGN_ERROR', call(newNumber(), {}, wrong), wrong), '签名错误');
      const bare = client({ hasCertificate: false });
      assert.match(await refused('CA_ERROR', call(newNumber(), {}, bare), bare), /证书出错/);
    });
  }

  function groupCases() {
    const sendGroup = (number, changed = {}, by = client()) =>
      by.sendGroup({
        mch_billno: number,
        re_openid: OPENID,
        total_amount: 300,
        total_num: 3,
        amt_type: 'ALL_RAND',
        scene_id: 'PRODUCT_8',
        ...TEXTS,
        ...changed,
      });

    test('send to a group, and the same number again', async () => {
      const number = newNumber();
      const first = await sendGroup(number);
      const { send_listid, sign, ...rest } = first;
      assert.match(send_listid, PACKET_ID);
      assert.deepEqual(rest, { ...success(number), re_openid: OPENID, total_amount: '300', total_num: '3' });
      assert.deepEqual(Object.keys(first), [...Object.keys(rest), 'send_listid', 'sign']);
      assert.equal(sign, signature(first, platform.merchant.api_key));
      assert.deepEqual(await sendGroup(number), first);

      const by = client();
      const text = await refused('FATAL_ERROR', sendGroup(number, { total_amount: 301 }, by), by);
      assert.equal(text, '更换了金额，但商户单号未更新');
    });

    test('a packet for a group is shared', async () => {
      const number = newNumber();
      const { send_listid } = await sendGroup(number);
      const sent = await query(number);
      assert.deepEqual(
        [sent.detail_id, sent.status, sent.hb_type, sent.total_num, sent.total_amount, sent.hblist],
        [send_listid, 'SENT', 'GROUP', '3', '300', undefined],
      );
      const people = [OPENID, OTHER_OPENID, THIRD_OPENID];
      for (const person of people) platform.run('claim', send_listid, '--as', person);
      const received = await query(number);
      assert.equal(received.status, 'RECEIVED');
      const shares = received.hblist.hbinfo;
      assert.deepEqual(shares.map((share) => share.openid).sort(), [...people].sort());
      assert.equal(shares.reduce((sum, share) => sum + Number(share.amount), 0), 300);
    });

    guardCase('sendgroupredpack', sendGroup);
  }

  function miniProgramCases() {
    const sendMiniProgram = (number, changed = {}, by = client()) =>
      by.sendMiniProgram({
        mch_billno: number,
        re_openid: OPENID,
        total_amount: 1000,
        total_num: 1,
        notify_way: 'JSAPI',
        scene_id: 'PRODUCT_8',
        ...TEXTS,
        ...changed,
      });

    test('send in a mini program, and the same number again', async () => {
      const number = newNumber();
      const first = await sendMiniProgram(number);
      const { send_listid, package: forPage, ...rest } = first;
      assert.match(send_listid, PACKET_ID);
      assert.match(forPage, /./);
      assert.deepEqual(rest, { ...success(number), re_openid: OPENID, total_amount: '1000' });
      assert.deepEqual(Object.keys(first), [...Object.keys(rest), 'send_listid', 'package']);
      assert.equal((await sendMiniProgram(number)).send_listid, send_listid);
      const sent = await query(number);
      assert.deepEqual([sent.detail_id, sent.status], [send_listid, 'SENT']);
    });

    guardCase('sendminiprogramhb', sendMiniProgram);
  }

  function preorderCases() {
    const preorder = (number, changed = {}, by = client()) =>
      by.preorder({
        mch_billno: number,
        hb_type: 'NORMAL',
        auth_mchid: '1000052601',
        auth_appid: 'wxbf42bd79c4391863',
        total_amount: 1000,
        total_num: 1,
        amt_type: 'ALL_RAND',
        risk_cntl: 'NORMAL',
        ...TEXTS,
        ...changed,
      });

    test('order a packet beforehand, and the same number again', async () => {
      const number = newNumber();
      const first = await preorder(number);
      const { mch_id, wxappid } = success(number);
      assert.deepEqual([first.mch_billno, first.mch_id, first.wxappid], [number, mch_id, wxappid]);
      assert.match(first.sp_ticket, /./);
      assert.match(first.detail_id, PACKET_ID);
      assert.match(first.send_time, /^\d{14}$/);
      assert.equal(first.sign, signature(first, platform.merchant.api_key));
      const again = await preorder(number);
      assert.deepEqual([again.detail_id, again.sp_ticket], [first.detail_id, first.sp_ticket]);
    });

    guardCase('hbpreorder', preorder);
  }

  function transferCases() {
    const transfer = (number, changed = {}, by = client()) =>
      by.transfer({
        partner_trade_no: number,
        openid: OPENID,
        check_name: 'NO_CHECK',
        amount: 1000,
        desc: '理赔',
        spbill_create_ip: '192.168.0.1',
        ...changed,
      });

    test('transfer, the same number again, and what became of it', async () => {
      const by = client();
      const number = newNumber();
      const { return_msg, nonce_str, ...first } = await transfer(number);
      assert.notEqual(return_msg, undefined);
      assert.match(nonce_str, /./);
      assert.deepEqual(Object.keys(first), [
        'return_code', 'mch_appid', 'mchid', 'result_code', 'partner_trade_no', 'payment_no', 'payment_time',
      ]);
      const { payment_no, payment_time, ...rest } = first;
      assert.match(payment_no, PACKET_ID);
      assert.match(payment_time, TIME);
      assert.deepEqual(rest, {
        return_code: 'SUCCESS',
        mch_appid: platform.profile.merchant.wxappid,
        mchid: by.merchant.mch_id,
        result_code: 'SUCCESS',
        partner_trade_no: number,
      });
      const again = await transfer(number);
      assert.deepEqual([again.payment_no, again.payment_time], [payment_no, payment_time]);

      if (!by.queryTransfer) return;
      const { transfer_time, ...info } = await by.queryTransfer({ partner_trade_no: number });
      assert.match(transfer_time, TIME);
      const told = {
        return_code: 'SUCCESS',
        result_code: 'SUCCESS',
        partner_trade_no: number,
        mch_id: by.merchant.mch_id,
        detail_id: payment_no,
        status: 'SUCCESS',
        openid: OPENID,
        payment_amount: '1000',
        payment_time,
        desc: '理赔',
      };
      assert.deepEqual(Object.fromEntries(Object.keys(told).map((name) => [name, info[name]])), told);
      await refused('NOT_FOUND', by.queryTransfer({ partner_trade_no: newNumber() }), by);
    });

    guardCase('promotion/transfers', transfer);
    if (can.queryTransfer) {
      guardCase('gettransferinfo', (number, _, by) => by.queryTransfer({ partner_trade_no: number }));
    }
  }
}

/** The MD5 signature over the other elements of a reply. */
function signature(reply, api_key) {
  const names = Object.keys(reply).filter((name) => name !== 'sign' && reply[name] !== '');
  const words = names.sort().map((name) => `${name}=${reply[name]}`);
  return createHash('md5').update([...words, `key=${api_key}`].join('&')).digest('hex').toUpperCase();
}
